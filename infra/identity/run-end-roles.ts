// The roles of what follows a run's end: the announcement, the record, and the schedule that looks for ends which nobody heard of.

import type { Stack } from "aws-cdk-lib";
import { roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { ExactRoleProps } from "../constructs/role.ts";
import type { Statement } from "../statement.ts";
import { describeJobs, throughStepFunctions } from "./readers.ts";
import { trustService } from "./trust.ts";

export const runEndRoles = (stack: Stack): readonly ExactRoleProps[] => [
  functionRole(stack, { task: "announce-end", roleName: roleNames.announceEnd, permissions: announcing(stack) }),
  functionRole(stack, { task: "record-run", roleName: roleNames.recordRun, permissions: recording(stack) }),
  {
    roleName: roleNames.sweepRecords,
    description: "Keyturn: a schedule has record-run look for runs without a record",
    trust: [trustService(stack, "scheduler.amazonaws.com", arnsOf(stack).recordScheduleGroup)],
    permissions: [{ sid: "Sweep", actions: ["lambda:InvokeFunction"], resources: [arnsOf(stack).task("record-run")] }],
  },
];

const functionRole = (
  stack: Stack,
  { task, roleName, permissions }: { task: string; roleName: string; permissions: readonly Statement[] },
): ExactRoleProps => ({
  roleName,
  description: `Keyturn: ${task} runs under it`,
  // As for the steps' functions (docs/decisions/0003).
  trust: [trustService(stack, "lambda.amazonaws.com")],
  permissions: [
    { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [arnsOf(stack).taskLogs(task)] },
    ...permissions,
  ],
});

function announcing(stack: Stack): readonly Statement[] {
  const arns = arnsOf(stack);
  return [
    { sid: "ReadHistories", actions: ["states:GetExecutionHistory"], resources: [arns.executions] },
    throughStepFunctions(stack, ["kms:Decrypt"]),
    { sid: "Notify", actions: ["sns:Publish"], resources: [arns.topic] },
  ];
}

/** Adds records and changes none; the bucket's policy holds that whatever stands here. */
function recording(stack: Stack): readonly Statement[] {
  const arns = arnsOf(stack);
  return [
    { sid: "FindRuns", actions: ["states:ListExecutions"], resources: [arns.stateMachine] },
    { sid: "ReadRuns", actions: ["states:DescribeExecution", "states:GetExecutionHistory"], resources: [arns.executions] },
    throughStepFunctions(stack, ["kms:Decrypt"]),
    describeJobs,
    {
      sid: "FindCallers",
      actions: ["cloudtrail:LookupEvents"],
      resources: ["*"],
      reason: "AWS offers no resource level for cloudtrail:LookupEvents: whoever may look up one event may look up all management events.",
    },
    { sid: "FindRecords", actions: ["s3:ListBucket"], resources: [arns.recordsBucket] },
    { sid: "AddRecords", actions: ["s3:GetObject", "s3:PutObject"], resources: [`${arns.recordsBucket}/*`] },
  ];
}
