// What no job may touch, whatever it is given: the people, roles, keys and code that Keyturn itself stands on (claim 9).

import type { Stack } from "aws-cdk-lib";
import {
  adminPolicyName,
  auditorPolicyName,
  groupName,
  jobBoundaryName,
  operatorPolicyName,
  pascalCase,
  roleNames,
  stateMachineLogGroup,
} from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { Condition, Statement } from "../statement.ts";

/** Looking is not touching; what is secret is closed by its own policy. */
const looks = /^[a-z0-9-]+:(Describe|Get|List)/;
/** Using a key is for its own policy to allow, which names no job but its own; what the account's IAM policies may give is administering it. */
const usesKey = /^kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt)/;

interface Kept {
  readonly resources: readonly string[];
  readonly conditions?: Condition;
}

/** By the prefix of the service's actions. */
function kept(stack: Stack): Readonly<Record<string, Kept>> {
  const arns = arnsOf(stack);
  // Patterns, which deny rather too much than too little: a managed policy holds 6,144 characters, and this list stands in it twice.
  const patterns = ["Keyturn", "Invoke", "BatchRole", "Launcher"];
  const named = Object.values(roleNames).filter((name) => !patterns.some((pattern) => name.startsWith(pattern)));
  const roles = [...named, ...patterns.map((pattern) => `${pattern}*`)].map(arns.role);
  const policies = [adminPolicyName, operatorPolicyName, auditorPolicyName, jobBoundaryName].map(arns.policy);
  return {
    iam: { resources: [arns.user("*"), arns.mfaDevice("*"), arns.group(groupName), ...roles, ...policies] },
    sts: { resources: roles },
    kms: { resources: [arns.everyKey], conditions: { "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/keyturn/*" } } },
    secretsmanager: { resources: [arns.everySecret] },
    lambda: { resources: [arns.task("*")] },
    states: { resources: [arns.stateMachine, arns.executions] },
    dynamodb: { resources: [arns.attemptsTable] },
    batch: { resources: [`${arns.jobDefinition("*")}:*`, arns.jobDefinition("*"), arns.jobQueue(false), arns.jobQueue(true)] },
    ssm: { resources: [arns.parameter("/keyturn/*")] },
    scheduler: { resources: [arns.scheduleGroup, arns.schedules, arns.recordScheduleGroup, arns.recordSchedules] },
    s3: { resources: [arns.recordsBucket, `${arns.recordsBucket}/*`] },
    sns: { resources: [arns.topic] },
    sqs: { resources: [arns.missedStarts] },
    events: { resources: [arns.rule("keyturn-*")] },
    logs: { resources: [arns.logGroup("/keyturn/*"), arns.logGroup(stateMachineLogGroup), `${arns.logGroup(stateMachineLogGroup)}:*`] },
    cloudformation: { resources: [arns.everyStack] },
  };
}

/** For the boundary of all jobs: a denial for each service of which it lets actions through. */
export function keepOffKeyturn(stack: Stack, boundaryActions: readonly string[]): Statement[] {
  const touching = boundaryActions.filter((action) => !looks.test(action) && !usesKey.test(action));
  return Object.entries(kept(stack)).flatMap(([service, { resources, conditions }]): Statement[] => {
    const actions = touching.filter((action) => action.startsWith(`${service}:`));
    if (actions.length === 0) return [];
    return [
      { sid: `KeepOff${pascalCase(service)}`, effect: "Deny", actions, resources, ...(conditions === undefined ? {} : { conditions }) },
    ];
  });
}
