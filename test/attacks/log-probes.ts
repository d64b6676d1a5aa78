// Logs: who may write which, and who may read.

import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { flowLogGroup, functionLogGroup, jobLogGroup, roleNames } from "../../core/naming.ts";
import type { Deployed, Principal } from "./attacked-account.ts";
import { type ClientOf, eachOf, type Probe, unique } from "./probe.ts";

const writers: readonly (readonly [what: string, logGroupName: string, role: Principal])[] = [
  ["admit-run's log", functionLogGroup("admit-run"), roleNames.admitRun],
  ["request-mfa's log", functionLogGroup("request-mfa"), roleNames.requestMfa],
  ["validate-mfa's log", functionLogGroup("validate-mfa"), roleNames.validateMfa],
  ["retrieve-credentials's log", functionLogGroup("retrieve-credentials"), roleNames.retrieveCredentials],
  ["authorize-submission's log", functionLogGroup("authorize-submission"), roleNames.authorizeSubmission],
  ["rotate-admin-key's log", functionLogGroup("rotate-admin-key"), roleNames.rotateAdminKey],
  ["announce-end's log", functionLogGroup("announce-end"), roleNames.announceEnd],
  ["record-run's log", functionLogGroup("record-run"), roleNames.recordRun],
  ["start-scheduled-run's log", functionLogGroup("start-scheduled-run"), roleNames.startScheduledRun],
  ["start-event-run's log", functionLogGroup("start-event-run"), roleNames.startEventRun],
  ["a job's log", jobLogGroup("announce"), roleNames.jobExecution],
  ["the network's log", flowLogGroup, roleNames.flowLogs],
];

/** Whoever may write makes a stream and puts a line into it. */
const write =
  (logGroupName: string) =>
  async (clientOf: ClientOf, at: Deployed): Promise<void> => {
    const logs = clientOf(CloudWatchLogsClient);
    const logStreamName = unique();
    const logEvents = [{ timestamp: at.emulator.clock.now(), message: "probe" }];
    await eachOf(
      logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName })),
      logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents })),
    );
  };

const read =
  (logGroupName: string) =>
  async (clientOf: ClientOf): Promise<void> => {
    const logs = clientOf(CloudWatchLogsClient);
    await eachOf(
      logs.send(new DescribeLogStreamsCommand({ logGroupName })),
      logs.send(new FilterLogEventsCommand({ logGroupName })),
      logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "none" })),
    );
  };

export const logProbes: readonly Probe[] = [
  ...writers.map(([what, logGroupName, role]): Probe => ({ what: `write ${what}`, may: [role], attempt: write(logGroupName) })),
  { what: "read a job's log", may: ["operator", "auditor"], attempt: read(jobLogGroup("announce")) },
  { what: "read a task's log", may: ["auditor"], attempt: read(functionLogGroup("validate-mfa")) },
  {
    what: "list log groups and who may write to them",
    may: [roleNames.stateMachine],
    attempt: async (clientOf) => {
      const logs = clientOf(CloudWatchLogsClient);
      await eachOf(logs.send(new DescribeLogGroupsCommand({})), logs.send(new DescribeResourcePoliciesCommand({})));
    },
  },
  {
    what: "list the network's log streams",
    may: [roleNames.flowLogs],
    attempt: (clientOf) => clientOf(CloudWatchLogsClient).send(new DescribeLogStreamsCommand({ logGroupName: flowLogGroup })),
  },
];
