// Runs and jobs: who may start, answer, watch, stop, replay and submit.

import { BatchClient, DescribeJobsCommand, SubmitJobCommand, TerminateJobCommand } from "@aws-sdk/client-batch";
import { DescribeRuleCommand, EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { jobDefinitionName, roleNames } from "../../core/naming.ts";
import { eachOf, type Probe, unique } from "./probe.ts";

export const runProbes: readonly Probe[] = [
  {
    what: "start a run",
    may: [roleNames.startScheduledRun, roleNames.startEventRun, "operator"],
    attempt: (clientOf, { stateMachineArn }) =>
      clientOf(SFNClient).send(new StartExecutionCommand({ stateMachineArn, input: '{"job": "none"}' })),
  },
  {
    what: "answer a run",
    may: ["operator"],
    attempt: (clientOf) => clientOf(SFNClient).send(new SendTaskSuccessCommand({ taskToken: "none", output: "{}" })),
  },
  {
    what: "look at a run",
    may: [roleNames.recordRun, "operator", "auditor"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) => clientOf(SFNClient).send(new DescribeExecutionCommand({ executionArn })),
  },
  {
    what: "read a run's history",
    may: [roleNames.announceEnd, roleNames.recordRun, "operator", "auditor"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) =>
      clientOf(SFNClient).send(new GetExecutionHistoryCommand({ executionArn })),
  },
  {
    what: "list runs",
    may: [roleNames.startScheduledRun, roleNames.recordRun, "operator", "auditor"],
    attempt: (clientOf, { stateMachineArn }) => clientOf(SFNClient).send(new ListExecutionsCommand({ stateMachineArn })),
  },
  {
    what: "see what runs run",
    may: ["operator", "auditor"],
    attempt: async (clientOf, { stateMachineArn }, { endedExecution: executionArn }) => {
      const sfn = clientOf(SFNClient);
      await eachOf(
        sfn.send(new DescribeStateMachineCommand({ stateMachineArn })),
        sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn })),
      );
    },
  },
  {
    what: "refuse to answer a run",
    may: ["operator"],
    attempt: (clientOf) => clientOf(SFNClient).send(new SendTaskFailureCommand({ taskToken: "none" })),
  },
  {
    what: "stop a run",
    may: ["operator"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) => clientOf(SFNClient).send(new StopExecutionCommand({ executionArn })),
  },
  {
    what: "replay a run",
    may: ["operator"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) => clientOf(SFNClient).send(new RedriveExecutionCommand({ executionArn })),
  },
  {
    what: "change the rule that tells Step Functions of ended jobs",
    may: [roleNames.stateMachine],
    attempt: async (clientOf) => {
      const events = clientOf(EventBridgeClient);
      const Name = "StepFunctionsGetEventsForBatchJobsRule";
      await eachOf(
        events.send(new PutRuleCommand({ Name, EventPattern: '{"source": ["aws.batch"]}' })),
        events.send(new DescribeRuleCommand({ Name })),
        // No target: whoever may change the rule's targets learns that the list is empty.
        events.send(new PutTargetsCommand({ Rule: Name, Targets: [] })),
      );
    },
  },
];

export const jobProbes: readonly Probe[] = [
  {
    what: "submit a job of the catalogue",
    may: [roleNames.runJob],
    attempt: (clientOf) =>
      clientOf(BatchClient).send(
        new SubmitJobCommand({ jobName: unique(), jobDefinition: `${jobDefinitionName("announce")}:1`, jobQueue: "keyturn" }),
      ),
  },
  {
    what: "submit it with the tag of a run",
    may: [roleNames.runJob],
    attempt: (clientOf) =>
      clientOf(BatchClient).send(
        new SubmitJobCommand({
          jobName: unique(),
          jobDefinition: `${jobDefinitionName("announce")}:1`,
          jobQueue: "keyturn",
          tags: { "keyturn:run": "probe" },
        }),
      ),
  },
  {
    what: "submit it with another tag",
    may: [],
    attempt: (clientOf) =>
      clientOf(BatchClient).send(
        new SubmitJobCommand({
          jobName: unique(),
          jobDefinition: `${jobDefinitionName("announce")}:1`,
          jobQueue: "keyturn",
          tags: { other: "probe" },
        }),
      ),
  },
  {
    what: "describe jobs",
    may: [roleNames.runJob, roleNames.recordRun, "operator", "auditor"],
    attempt: (clientOf, _at, { taggedJob }) => clientOf(BatchClient).send(new DescribeJobsCommand({ jobs: [taggedJob] })),
  },
  {
    what: "end a job of ours",
    may: [roleNames.runJob, "operator"],
    attempt: (clientOf, _at, { taggedJob: jobId }) => clientOf(BatchClient).send(new TerminateJobCommand({ jobId, reason: "probe" })),
  },
  {
    what: "end somebody else's job",
    may: [],
    attempt: (clientOf, _at, { foreignJob: jobId }) => clientOf(BatchClient).send(new TerminateJobCommand({ jobId, reason: "probe" })),
  },
];
