// How runs start without a person: who may see, change and bring about what schedules and events do.

import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand, RemoveTargetsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { GetExecutionHistoryCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import {
  eventRuleName,
  functionName,
  missedStartsQueueName,
  roleNames,
  scheduleGroupName,
  scheduleName,
  scheduleParameter,
} from "../../core/naming.ts";
import type { Deployed } from "./attacked-account.ts";
import { eachOf, type Probe, unique } from "./probe.ts";

const GroupName = scheduleGroupName;
const Name = scheduleName("credential-report");
const rule = eventRuleName("credential-report", "finding");
const off = scheduleParameter("credential-report", "disabled");
const newest = scheduleParameter("announce", "newest");
const queue = (at: Deployed): string => `${at.endpoint}/${at.account}/${missedStartsQueueName}`;

/** What a schedule of one's own would be: our role, and a target and payload of one's choice. */
const ownSchedule = (at: Deployed) => ({
  GroupName,
  ScheduleExpression: "rate(1 day)",
  FlexibleTimeWindow: { Mode: "OFF" } as const,
  Target: {
    Arn: at.arn("lambda", `function:${functionName("start-scheduled-run")}`),
    RoleArn: at.roleArn(roleNames.scheduler),
    Input: "{}",
  },
});

export const scheduleProbes: readonly Probe[] = [
  {
    what: "see the schedules",
    may: ["operator"],
    attempt: (clientOf) => clientOf(SchedulerClient).send(new GetScheduleCommand({ GroupName, Name })),
  },
  {
    what: "list schedules, ours or all",
    may: [],
    attempt: async (clientOf) => {
      const scheduler = clientOf(SchedulerClient);
      await eachOf(scheduler.send(new ListSchedulesCommand({ GroupName })), scheduler.send(new ListSchedulesCommand({})));
    },
  },
  {
    what: "make a schedule",
    may: [],
    attempt: (clientOf, at) => clientOf(SchedulerClient).send(new CreateScheduleCommand({ ...ownSchedule(at), Name: unique() })),
  },
  {
    what: "change a schedule, or what it passes to whom under which role",
    may: [],
    attempt: (clientOf, at) => clientOf(SchedulerClient).send(new UpdateScheduleCommand({ ...ownSchedule(at), Name })),
  },
  {
    what: "delete a schedule",
    may: [],
    attempt: (clientOf) => clientOf(SchedulerClient).send(new DeleteScheduleCommand({ GroupName, Name })),
  },
  {
    what: "see whether a schedule is turned off",
    may: [roleNames.startScheduledRun, "operator"],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: off })),
  },
  {
    what: "turn a schedule off, and on again",
    may: ["operator"],
    attempt: async (clientOf) => {
      const ssm = clientOf(SSMClient);
      await eachOf(
        ssm.send(new PutParameterCommand({ Name: off, Type: "String", Value: "{}", Overwrite: true })),
        ssm.send(new DeleteParameterCommand({ Name: off })),
      );
    },
  },
  {
    what: "see which firing is queued",
    may: [roleNames.startScheduledRun, "operator"],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: newest })),
  },
  {
    what: "say which firing is queued",
    may: [roleNames.startScheduledRun],
    attempt: (clientOf) =>
      clientOf(SSMClient).send(new PutParameterCommand({ Name: newest, Type: "String", Value: "{}", Overwrite: true })),
  },
  {
    what: "invoke start-scheduled-run",
    may: [roleNames.scheduler],
    attempt: (clientOf) =>
      clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName("start-scheduled-run"), InvocationType: "DryRun" })),
  },
  {
    what: "see whether a scheduled run waits, without its data",
    may: [roleNames.startScheduledRun, roleNames.announceEnd, roleNames.recordRun, "operator", "auditor"],
    attempt: (clientOf, _at, { scheduledExecution: executionArn }) =>
      clientOf(SFNClient).send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false })),
  },
  {
    what: "stop a run of a schedule that replaces",
    may: [roleNames.startScheduledRun, "operator"],
    attempt: (clientOf, _at, { scheduledExecution: executionArn }) => clientOf(SFNClient).send(new StopExecutionCommand({ executionArn })),
  },
];

const starters = [roleNames.scheduler, roleNames.startScheduledRun, roleNames.startEventRun];

export const eventProbes: readonly Probe[] = [
  {
    what: "invoke start-event-run",
    may: [],
    attempt: (clientOf) =>
      clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName("start-event-run"), InvocationType: "DryRun" })),
  },
  ...starters.map(
    (role): Probe => ({
      what: `assume ${role}`,
      may: [],
      attempt: (clientOf, at) => clientOf(STSClient).send(new AssumeRoleCommand({ RoleArn: at.roleArn(role), RoleSessionName: "probe" })),
    }),
  ),
  {
    what: "put an event",
    may: [],
    attempt: (clientOf) =>
      clientOf(EventBridgeClient).send(new PutEventsCommand({ Entries: [{ Source: "probe", DetailType: "probe", Detail: "{}" }] })),
  },
  {
    what: "make another rule",
    may: [],
    attempt: (clientOf) => clientOf(EventBridgeClient).send(new PutRuleCommand({ Name: unique(), EventPattern: '{"source": ["probe"]}' })),
  },
  {
    what: "change a rule that starts runs, or its target",
    may: [],
    attempt: async (clientOf) => {
      const events = clientOf(EventBridgeClient);
      await eachOf(
        events.send(new PutRuleCommand({ Name: rule, EventPattern: '{"source": ["probe"]}' })),
        events.send(new PutTargetsCommand({ Rule: rule, Targets: [] })),
        events.send(new RemoveTargetsCommand({ Rule: rule, Ids: ["start"] })),
      );
    },
  },
  {
    what: "put a missed start aside",
    may: [roleNames.scheduler, roleNames.startScheduledRun, roleNames.startEventRun],
    attempt: (clientOf, at) => clientOf(SQSClient).send(new SendMessageCommand({ QueueUrl: queue(at), MessageBody: "probe" })),
  },
  {
    what: "count and read missed starts",
    may: ["operator"],
    attempt: async (clientOf, at) => {
      const sqs = clientOf(SQSClient);
      await eachOf(
        sqs.send(new GetQueueAttributesCommand({ QueueUrl: queue(at), AttributeNames: ["ApproximateNumberOfMessages"] })),
        sqs.send(new ReceiveMessageCommand({ QueueUrl: queue(at) })),
      );
    },
  },
];
