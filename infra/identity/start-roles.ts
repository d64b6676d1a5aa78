// The roles by which runs start without a person: EventBridge Scheduler's own, and those of the two Lambdas that schedules and events invoke.

import type { Stack } from "aws-cdk-lib";
import { roleNames, scheduleParameter } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { type Arns, arnsOf } from "../arns.ts";
import type { ExactRoleProps } from "../constructs/role.ts";
import type { Statement } from "../statement.ts";
import { trustService } from "./trust.ts";

/** Of the two Lambdas only those that the jobs have a use for. */
export function startRoles(stack: Stack, jobs: readonly JobDefinition[]): ExactRoleProps[] {
  const arns = arnsOf(stack);
  return [
    {
      roleName: roleNames.scheduler,
      description: "Keyturn: schedules invoke start-scheduled-run, which starts runs that wait for a code",
      trust: [trustService(stack, "scheduler.amazonaws.com", arns.scheduleGroup)],
      permissions: [{ sid: "Invoke", actions: ["lambda:InvokeFunction"], resources: [arns.task("start-scheduled-run")] }, putAside(arns)],
    },
    ...(jobs.some(({ schedule }) => schedule)
      ? [
          {
            roleName: roleNames.startScheduledRun,
            description: "Keyturn: start-scheduled-run runs under it",
            trust: [trustService(stack, "lambda.amazonaws.com")],
            permissions: [...startAndLog(arns, "start-scheduled-run"), ...scheduleStatements(arns, jobs), putAside(arns)],
          },
        ]
      : []),
    ...(jobs.some(({ events = [] }) => events.length > 0)
      ? [
          {
            roleName: roleNames.startEventRun,
            description: "Keyturn: start-event-run runs under it",
            trust: [trustService(stack, "lambda.amazonaws.com")],
            permissions: [...startAndLog(arns, "start-event-run"), putAside(arns)],
          },
        ]
      : []),
  ];
}

const putAside = (arns: Arns): Statement => ({
  sid: "PutAsideMissedStarts",
  actions: ["sqs:SendMessage"],
  resources: [arns.missedStarts],
});

const startAndLog = (arns: Arns, task: string): Statement[] => [
  { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [arns.taskLogs(task)] },
  { sid: "StartRuns", actions: ["states:StartExecution"], resources: [arns.stateMachine] },
];

/** To stop a run where a schedule replaces, to remember a firing where one queues, and nothing of that where none does. */
function scheduleStatements(arns: Arns, jobs: readonly JobDefinition[]): Statement[] {
  const scheduled = jobs.flatMap(({ name, schedule }) => (schedule ? [{ name, whilePending: schedule.whilePending ?? "skip" }] : []));
  const names = scheduled.map(({ name }) => name);
  const those = (policy: string) => scheduled.filter(({ whilePending }) => whilePending === policy).map(({ name }) => name);
  const statements: Statement[] = [
    { sid: "ListRuns", actions: ["states:ListExecutions"], resources: [arns.stateMachine] },
    { sid: "SeeWhichWait", actions: ["states:GetExecutionHistory"], resources: names.map(arns.executionsNamedAfter) },
    { sid: "ReplaceRuns", actions: ["states:StopExecution"], resources: those("replace").map(arns.executionsNamedAfter) },
    {
      sid: "SeeWhatIsDisabled",
      actions: ["ssm:GetParameter"],
      resources: names.map((name) => arns.parameter(scheduleParameter(name, "disabled"))),
    },
    {
      sid: "RememberTheNewest",
      actions: ["ssm:GetParameter", "ssm:PutParameter"],
      resources: those("queue").map((name) => arns.parameter(scheduleParameter(name, "newest"))),
    },
  ];
  return statements.filter(({ resources = [] }) => resources.length > 0);
}
