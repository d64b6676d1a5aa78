// What narrows a job role to one run: the job's own session policy, with the use of its data key, which writing to its bucket takes.

import type { ParameterValue } from "../core/order.ts";
import type { JobDefinition, RunPlace, SessionPolicy } from "./definition.ts";

/** What every job role may do beside its declared permissions: open and seal its own data, through Amazon S3. */
export const dataKeyActions = ["kms:Decrypt", "kms:GenerateDataKey"] as const;

/** Of AssumeRole's `Policy`, in characters. */
const longest = 2048;

/**
 * Undefined where the job declares none: then a session may do all that the role may. Throws a plain Error where the policy would not hold
 * (a bug in the catalogue: a parameter's schema admits too much).
 */
export function sessionPolicyFor(
  job: JobDefinition,
  { parameters, place }: { parameters: Readonly<Record<string, ParameterValue>>; place: RunPlace },
): SessionPolicy | undefined {
  const declared = job.sessionPolicy?.(parameters, place);
  if (declared === undefined) return undefined;
  const resources = declared.Statement.flatMap(({ Resource }) => Resource);
  for (const [name, value] of Object.entries(parameters)) {
    // IAM would read them as wildcards and variables.
    if (typeof value === "string" && /[*?$]/.test(value) && resources.some((resource) => resource.includes(value))) {
      throw new Error(`job ${job.name}: parameter ${name} would widen the session, because it has *, ? or $: let its schema refuse them`);
    }
  }
  const policy: SessionPolicy = { ...declared, Statement: [...declared.Statement, ownData(place)] };
  const { length } = JSON.stringify(policy);
  if (length > longest) throw new Error(`job ${job.name}: its session policy has ${length} characters, and STS takes ${longest}`);
  return policy;
}

/** The data keys' own policies say whose they are. */
const ownData = ({ partition, region, account }: RunPlace): SessionPolicy["Statement"][number] => ({
  Effect: "Allow",
  Action: dataKeyActions,
  Resource: [`arn:${partition}:kms:${region}:${account}:key/*`],
  Condition: { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
});
