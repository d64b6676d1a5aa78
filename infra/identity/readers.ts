// Two policies to attach to people's own roles: the operator starts and watches runs, the auditor reads what happened and who may what.

import type { Stack } from "aws-cdk-lib";
import { CfnManagedPolicy } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import {
  accountQuotas,
  adminPolicyName,
  auditorPolicyName,
  groupName,
  jobBoundaryName,
  jobDefinitionParameter,
  keyAlias,
  operatorPolicyName,
  roleNames,
  scheduleParameter,
  stateMachineLogGroup,
} from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { exactContext, through } from "../constructs/key.ts";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";

export class Readers extends Construct {
  constructor(stack: Stack) {
    super(stack, "Readers");
    this.#policy(
      "Operator",
      operatorPolicyName,
      "start, answer, watch, stop and replay runs, turn schedules off and on",
      operatorStatements(stack),
    );
    this.#policy("Auditor", auditorPolicyName, "read histories, logs and policies; no secret, no data", auditorStatements(stack));
  }

  #policy(id: string, managedPolicyName: string, does: string, statements: readonly Statement[]): void {
    const policy = new CfnManagedPolicy(this, id, {
      managedPolicyName,
      description: `Keyturn: ${does}`,
      policyDocument: policyDocument(statements),
    });
    explainEveryResource(policy, statements);
  }
}

const readLogs = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"] as const;

export const describeJobs: Statement = {
  sid: "WatchJobs",
  actions: ["batch:DescribeJobs"],
  resources: ["*"],
  reason: "AWS offers no resource level for batch:DescribeJobs.",
};

/** Step Functions opens and seals an execution's data with its caller's permissions; keys are known by alias, because they come later. */
export function throughStepFunctions(stack: Stack, actions: readonly string[]): Statement {
  const arns = arnsOf(stack);
  return {
    sid: "DataOfTheStateMachine",
    actions,
    resources: [arns.everyKey],
    conditions: {
      "ForAnyValue:StringEquals": { "kms:ResourceAliases": keyAlias.workflow },
      StringEquals: {
        "kms:ViaService": `states.${stack.region}.amazonaws.com`,
        "kms:EncryptionContext:aws:states:stateMachineArn": arns.stateMachine,
      },
    },
  };
}

function operatorStatements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "StartAndList",
      actions: ["states:DescribeStateMachine", "states:ListExecutions", "states:StartExecution"],
      resources: [arns.stateMachine],
    },
    {
      sid: "WatchStopAndReplay",
      actions: [
        "states:DescribeExecution",
        "states:DescribeStateMachineForExecution",
        "states:GetExecutionHistory",
        "states:RedriveExecution",
        "states:StopExecution",
      ],
      resources: [arns.executions],
    },
    {
      sid: "Answer",
      actions: ["states:SendTaskFailure", "states:SendTaskSuccess"],
      resources: ["*"],
      reason: "AWS offers no resource level for task tokens; a token stands only in the history of its own execution.",
    },
    {
      sid: "SealCodes",
      actions: ["kms:Encrypt"],
      resources: [arns.everyKey],
      conditions: {
        ...exactContext({ hop: "code" }, ["run", "admin"]),
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": keyAlias.code },
      },
    },
    throughStepFunctions(stack, ["kms:Decrypt", "kms:GenerateDataKey"]),
    {
      sid: "KnowWhatIsDeployed",
      actions: ["ssm:GetParameter"],
      resources: [arns.parameter(jobDefinitionParameter("*"))],
    },
    { sid: "ReadJobLogs", actions: readLogs, resources: [arns.jobLogs("*")] },
    describeJobs,
    // Not scheduler:ListSchedules: AWS narrows it to no group, so it would show every schedule of the account.
    { sid: "SeeSchedules", actions: ["scheduler:GetSchedule"], resources: [arns.schedules] },
    {
      // Not scheduler:UpdateSchedule: it would take iam:PassRole, and could put any input to the target.
      sid: "TurnSchedulesOffAndOn",
      actions: ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
      resources: [arns.parameter(scheduleParameter("*", "disabled"))],
    },
    { sid: "SeeMissedStarts", actions: ["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources: [arns.missedStarts] },
    {
      sid: "OpenMissedStarts",
      actions: ["kms:Decrypt"],
      resources: [arns.everyKey],
      conditions: {
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": keyAlias.workflow },
        ...through("sqs", stack, { "kms:EncryptionContext:aws:sqs:arn": arns.missedStarts }),
      },
    },
    { sid: "SeeWhatIsQueued", actions: ["ssm:GetParameter"], resources: [arns.parameter(scheduleParameter("*", "newest"))] },
    {
      sid: "EndJobs",
      actions: ["batch:TerminateJob"],
      resources: [arns.everyJob],
      conditions: { Null: { "aws:ResourceTag/keyturn:run": "false" } },
    },
  ];
}

function auditorStatements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  // Patterns where the catalogue grows: a managed policy holds 6,144 characters.
  const roles = [...Object.values(roleNames), "BatchRole*", "Launcher*"];
  return [
    {
      sid: "Histories",
      actions: [
        "states:DescribeExecution",
        "states:DescribeStateMachine",
        "states:DescribeStateMachineForExecution",
        "states:GetExecutionHistory",
        "states:ListExecutions",
      ],
      resources: [arns.stateMachine, arns.executions],
    },
    throughStepFunctions(stack, ["kms:Decrypt"]),
    describeJobs,
    {
      sid: "Records",
      actions: [
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetObject",
        "s3:GetObjectRetention",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketVersions",
      ],
      resources: [arns.recordsBucket, `${arns.recordsBucket}/*`],
    },
    {
      sid: "DataOfTheRecords",
      actions: ["kms:Decrypt"],
      resources: [arns.everyKey],
      conditions: {
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": keyAlias.records },
        StringEquals: { "kms:ViaService": `s3.${stack.region}.amazonaws.com` },
      },
    },
    {
      sid: "Logs",
      actions: readLogs,
      resources: [arns.jobLogs("*"), arns.taskLogs("*"), `${arns.logGroup(stateMachineLogGroup)}:*`],
    },
    {
      sid: "Roles",
      actions: ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
      resources: roles.map(arns.role),
    },
    {
      sid: "Policies",
      actions: ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions"],
      resources: [adminPolicyName, operatorPolicyName, auditorPolicyName, jobBoundaryName].map(arns.policy),
    },
    {
      sid: "People",
      actions: [
        "iam:GetGroup",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAttachedGroupPolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListUserPolicies",
      ],
      resources: [arns.group(groupName), arns.user("*")],
    },
    {
      sid: "KeyPolicies",
      actions: ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants"],
      resources: [arns.everyKey],
      conditions: { "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/keyturn/*" } },
    },
    {
      sid: "SecretPolicies",
      actions: ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
      resources: [arns.everySecret],
    },
    {
      sid: "Stacks",
      actions: ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
      resources: [arns.everyStack],
    },
    { sid: "Bootstrap", actions: ["ssm:GetParameter"], resources: [arns.bootstrapVersion] },
    { sid: "Quotas", actions: ["servicequotas:GetServiceQuota"], resources: Object.values(accountQuotas).map(arns.quota) },
  ];
}
