// What the session of one run may really do: what its session policy allows of what the job's role may.

import { jobBucketName } from "../core/naming.ts";
import type { ParameterValue } from "../core/order.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import { sessionPolicyFor } from "../jobs/session-policy.ts";
import { compileGlob } from "../policy/pattern.ts";

export interface SessionPermission {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** Undefined where the session may do all that the role may. Its own data key, which every session keeps, is not named. */
export function sessionEffect(
  job: JobDefinition,
  of: {
    parameters: Readonly<Record<string, ParameterValue>>;
    run: string;
    at: { partition: string; account: string; region: string };
  },
): readonly SessionPermission[] | undefined {
  const { partition, account, region } = of.at;
  const place = { ...of.at, bucketArn: `arn:${partition}:s3:::${jobBucketName(job.name, { account, region })}` };
  const policy = sessionPolicyFor(job, { parameters: of.parameters, place: { ...place, run: of.run } });
  return policy?.Statement.flatMap(({ Effect: effect, Action, Resource }): SessionPermission[] => {
    if (effect === "Deny") return [{ effect, actions: Action, resources: Resource }];
    const allowed = Action.map((action) => ({ action, resources: within(Resource, ofTheRole(action)) }));
    return [...Map.groupBy(allowed, ({ resources }) => JSON.stringify(resources)).values()].flatMap((alike) => {
      const resources = alike[0]?.resources ?? [];
      return resources.length === 0 ? [] : [{ effect, actions: alike.map(({ action }) => action), resources }];
    });
  });

  function ofTheRole(action: string): readonly string[] {
    return job.permissions.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources(place));
  }
}

const holds = (wide: string, narrow: string): boolean => compileGlob([{ text: wide, verbatim: false }])(narrow);

/** Of each pair of patterns that can mean one resource the narrower; where neither holds the other, both. */
function within(session: readonly string[], role: readonly string[]): readonly string[] {
  const common = session.flatMap((narrow) =>
    role.flatMap((wide) => {
      if (holds(wide, narrow)) return [narrow];
      if (holds(narrow, wide)) return [wide];
      return /[*?]/.test(narrow) && /[*?]/.test(wide) ? [`${narrow} and also ${wide}`] : [];
    }),
  );
  return [...new Set(common)];
}
