// Who may assume a role: the trust policies of the roles that AWS services and the state machine take on.

import type { Stack } from "aws-cdk-lib";
import { roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { PeopleTrust } from "../config.ts";
import type { Statement } from "../statement.ts";

/**
 * `service` on behalf of this account, and of `sourceArn` (which may hold `*`) where the service says it, and of nobody else: the confused
 * deputy's way is closed.
 */
export const trustService = (stack: Stack, service: string, sourceArn?: string): Statement => ({
  sid: "OnlyForOurs",
  principal: { Service: service },
  actions: ["sts:AssumeRole"],
  conditions: {
    StringEquals: { "aws:SourceAccount": stack.account },
    ...(sourceArn === undefined ? {} : { ArnLike: { "aws:SourceArn": sourceArn } }),
  },
});

/** The state machine's role, while it runs our state machine: Step Functions sends its ARN as the external id. */
export function trustStateMachine(stack: Stack): Statement {
  const arns = arnsOf(stack);
  return {
    sid: "OnlyTheStateMachine",
    principal: { AWS: arns.role(roleNames.stateMachine) },
    actions: ["sts:AssumeRole"],
    conditions: { StringEquals: { "sts:ExternalId": arns.stateMachine } },
  };
}

/** People: those whom the configuration names, or else whoever the account's IAM policies allow; with MFA unless it says otherwise. */
export const trustPeople = (stack: Stack, { trustedPrincipals, requireMfa }: PeopleTrust): Statement => ({
  sid: "ThosePeople",
  principal: { AWS: trustedPrincipals.length > 0 ? trustedPrincipals : arnsOf(stack).root },
  actions: ["sts:AssumeRole"],
  ...(requireMfa ? { conditions: { Bool: { "aws:MultiFactorAuthPresent": "true" } } } : {}),
});
