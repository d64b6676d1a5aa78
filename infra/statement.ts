// Policy statements as the stacks write them: every one named, none with `*` actions, none on every resource without its reason.

import type { CfnResource } from "aws-cdk-lib";

export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
export type Principal = "*" | { readonly AWS: string | readonly string[] } | { readonly Service: string };

export interface Statement {
  readonly sid: string;
  readonly effect?: "Deny";
  readonly principal?: Principal;
  readonly actions: readonly string[];
  /** Left out in a trust policy, where the role itself is the resource. */
  readonly resources?: readonly string[];
  readonly conditions?: Condition;
  /** Why `*`, where `resources` is that; stands in the template's metadata beside the policy. */
  readonly reason?: string;
}

/** Where a resource's metadata says, by statement id, why a statement stands on every resource. */
export const everyResourceMetadata = "keyturn:everyResource";

/** The policy document's JSON. Throws on a `*` action and on `*` without a reason: bugs, found on synth. */
export function policyDocument(statements: readonly Statement[]): object {
  return { Version: "2012-10-17", Statement: statements.map(render) };
}

/** Writes the reasons of `statements` beside the policy that holds them. */
export function explainEveryResource(resource: CfnResource, statements: readonly Statement[]): void {
  const reasons = statements.flatMap(({ sid, reason }) => (reason === undefined ? [] : [[sid, reason] as const]));
  if (reasons.length > 0) resource.addMetadata(everyResourceMetadata, Object.fromEntries(reasons));
}

function render({ sid, effect, principal, actions, resources, conditions, reason }: Statement): object {
  const wild = actions.find((action) => action.includes("*"));
  if (wild !== undefined) throw new Error(`Statement ${sid} has the action ${wild}: write every action in full`);
  if (effect !== "Deny" && resources?.includes("*") && reason === undefined) {
    throw new Error(`Statement ${sid} stands on every resource without a reason: narrow it, or say why that is not possible`);
  }
  return {
    Sid: sid,
    Effect: effect ?? "Allow",
    ...(principal === undefined ? {} : { Principal: principal }),
    Action: actions,
    ...(resources === undefined ? {} : { Resource: resources }),
    ...(conditions === undefined || Object.keys(conditions).length === 0 ? {} : { Condition: conditions }),
  };
}
