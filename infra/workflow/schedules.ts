// Schedules invoke one Lambda, which starts runs that wait for a code. Where one queues, a rule tells that Lambda of runs that ended.

import type { Stack } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";
import { pascalCase, roleNames, scheduledRunEndedRuleName, scheduleGroupName, scheduleName } from "../../core/naming.ts";
import type { JobDefinition, JobSchedule } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import { queueingJobs } from "../start-rules.ts";
import { type MissedStarts, startRetries } from "./missed-starts.ts";
import { StartRule } from "./start-rule.ts";

export interface SchedulesProps {
  readonly jobs: readonly JobDefinition[];
  readonly missed: MissedStarts;
  readonly startScheduledRun: IFunction;
}

/** EventBridge Scheduler's placeholder: the run's name is made of it, so that a firing that is delivered twice is one run. */
const scheduledTime = "<aws.scheduler.scheduled-time>";

export class Schedules extends Construct {
  constructor(stack: Stack, { jobs, missed, startScheduledRun }: SchedulesProps) {
    super(stack, "Schedules");
    const arns = arnsOf(stack);
    const group = new CfnScheduleGroup(this, "Group", { name: scheduleGroupName });
    for (const { name, schedule } of jobs) {
      if (!schedule) continue;
      const resource = new CfnSchedule(this, pascalCase(name), {
        name: scheduleName(name),
        groupName: scheduleGroupName,
        description: `Keyturn: ${schedule.reason}`,
        scheduleExpression: schedule.expression,
        scheduleExpressionTimezone: schedule.timeZone ?? "UTC",
        flexibleTimeWindow: { mode: "OFF" },
        state: "ENABLED",
        target: {
          arn: startScheduledRun.functionArn,
          roleArn: arns.role(roleNames.scheduler),
          input: JSON.stringify(firingOf(name, schedule)),
          retryPolicy: startRetries,
          deadLetterConfig: { arn: missed.queueArn },
        },
      });
      resource.addResourceDependency(group);
    }
    const queueing = queueingJobs(jobs);
    if (queueing.length === 0) return;
    new StartRule(this, "RunEnded", {
      name: scheduledRunEndedRuleName,
      description: "Keyturn: a run has ended that a firing of its schedule may wait for",
      pattern: {
        source: ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        detail: {
          stateMachineArn: [arns.stateMachine],
          status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
          name: queueing.map(({ name }) => ({ prefix: `${name}-` })),
        },
      },
      target: startScheduledRun,
      // The name and no more: an event may carry what the run was given.
      input: { inputPathsMap: { run: "$.detail.name" }, inputTemplate: '{"ended": <run>}' },
      missed,
    });
  }
}

const firingOf = (job: string, { admin, reason, whilePending = "skip" }: JobSchedule): object => ({
  job,
  admin,
  reason,
  whilePending,
  scheduledAt: scheduledTime,
});
