// Schedules start runs that wait for a code; a start that cannot be delivered is put aside, not lost.

import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import { Key } from "aws-cdk-lib/aws-kms";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { pascalCase, roleNames, scheduleDeadLetterQueueName, scheduleGroupName, scheduleName } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";

/** EventBridge Scheduler's placeholder: as the execution's name it makes a start that is delivered twice one run. */
const executionId = "<aws.scheduler.execution-id>";

export class Schedules extends Construct {
  constructor(stack: Stack, of: { jobs: readonly JobDefinition[]; workflowKey: string }) {
    super(stack, "Schedules");
    const arns = arnsOf(stack);
    const missed = new Queue(this, "Missed", {
      queueName: scheduleDeadLetterQueueName,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: Key.fromKeyArn(this, "WorkflowKey", of.workflowKey),
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const group = new CfnScheduleGroup(this, "Group", { name: scheduleGroupName });
    for (const { name, schedule } of of.jobs) {
      if (!schedule) continue;
      const input = { job: name, admin: schedule.admin, reason: schedule.reason };
      const resource = new CfnSchedule(this, pascalCase(name), {
        name: scheduleName(name),
        groupName: scheduleGroupName,
        description: `Keyturn: ${schedule.reason}`,
        scheduleExpression: schedule.expression,
        scheduleExpressionTimezone: schedule.timeZone ?? "UTC",
        flexibleTimeWindow: { mode: "OFF" },
        state: "ENABLED",
        target: {
          arn: `arn:${stack.partition}:scheduler:::aws-sdk:sfn:startExecution`,
          roleArn: arns.role(roleNames.scheduler),
          input: stack.toJsonString({ StateMachineArn: arns.stateMachine, Name: executionId, Input: JSON.stringify(input) }),
          retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 10 },
          deadLetterConfig: { arn: missed.queueArn },
        },
      });
      resource.addResourceDependency(group);
    }
  }
}
