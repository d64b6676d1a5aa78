// What EventBridge Scheduler may do for our schedules: start a run, and put aside a start that it could not deliver.

import type { Stack } from "aws-cdk-lib";
import { roleNames } from "../../core/naming.ts";
import type { Arns } from "../arns.ts";
import type { ExactRoleProps } from "../constructs/role.ts";
import { trustService } from "./trust.ts";

export const schedulerRole = (stack: Stack, arns: Arns): ExactRoleProps => ({
  roleName: roleNames.scheduler,
  description: "Keyturn: schedules start runs, which then wait for a code",
  trust: [trustService(stack, "scheduler.amazonaws.com", arns.scheduleGroup)],
  permissions: [
    { sid: "StartRuns", actions: ["states:StartExecution"], resources: [arns.stateMachine] },
    { sid: "PutAsideMissedStarts", actions: ["sqs:SendMessage"], resources: [arns.deadLetterQueue] },
  ],
});
