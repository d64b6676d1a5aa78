// The schedules as they are deployed: what EventBridge Scheduler has, who turned one off, what waits, and when they fire next.

import { GetScheduleCommand, type GetScheduleOutput, ResourceNotFoundException, SchedulerClient } from "@aws-sdk/client-scheduler";
import { DescribeExecutionCommand, ExecutionDoesNotExist, GetExecutionHistoryCommand, paginateListExecutions } from "@aws-sdk/client-sfn";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import * as z from "zod";
import { missedStartsQueueName, scheduleGroupName, scheduleName, scheduleParameter } from "../../core/naming.ts";
import { isPending } from "../../core/pending-run.ts";
import { parseScheduledRunName, type ScheduledRun, scheduledRunName } from "../../core/run-names.ts";
import { parseScheduleExpression } from "../../core/schedule-expression.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import type { SessionArguments } from "../aws-session.ts";
import { asOperator, type Operator } from "../runs/operator-session.ts";

export interface ScheduleOperator extends Operator {
  readonly scheduler: SchedulerClient;
  readonly ssm: SSMClient;
  readonly sqs: SQSClient;
}

export interface DeployedSchedule {
  readonly job: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly admin: string;
  readonly reason: string;
  readonly whilePending: "skip" | "queue" | "replace";
  /** In EventBridge itself; not what operators turn off. */
  readonly isEnabled: boolean;
  /** Absent where nobody has turned it off. */
  readonly disabled?: Disabled;
  /** When it fires next, were it on. */
  readonly nextMs: readonly number[];
}

/** Who turned a schedule off, by their own account; nothing of it is known where the parameter holds something else. */
export interface Disabled {
  readonly by?: string;
  readonly at?: string;
  readonly reason?: string;
}

export interface WaitingRuns {
  readonly pending: readonly string[];
  /** The run that starts when the one before it has ended. */
  readonly queued?: string;
}

/** As `asOperator`, with the clients for schedules. */
export const asScheduleOperator = <Result>(
  signedInBy: SessionArguments,
  act: (operator: ScheduleOperator) => Promise<Result>,
): Promise<Result> =>
  asOperator(signedInBy, async (operator) => {
    const { options } = operator.session;
    // Not the queue's URL as endpoint: a local account has another.
    const clients = {
      scheduler: new SchedulerClient(options),
      ssm: new SSMClient(options),
      sqs: new SQSClient({ ...options, useQueueUrlAsEndpoint: false }),
    };
    try {
      return await act({ ...operator, ...clients });
    } finally {
      for (const client of Object.values(clients)) client.destroy();
    }
  });

/** Of every job of this checkout, whether it has a schedule here or not: AWS lets nobody list one group's schedules alone. */
export async function deployedSchedules(operator: ScheduleOperator): Promise<readonly DeployedSchedule[]> {
  const found = await Promise.all(catalogue.map(({ name }) => deployedSchedule(name, operator)));
  return found.filter((schedule) => schedule !== undefined).sort((a, b) => (a.job < b.job ? -1 : 1));
}

/** Nothing where the job has no schedule. */
export const deployedSchedule = (job: string, operator: ScheduleOperator): Promise<DeployedSchedule | undefined> =>
  readSchedule(scheduleName(job), operator);

/** What Scheduler is to hand to start-scheduled-run. */
const Input = z.object({ job: z.string(), admin: z.string(), reason: z.string(), whilePending: z.enum(["skip", "queue", "replace"]) });

async function readSchedule(Name: string, operator: ScheduleOperator): Promise<DeployedSchedule | undefined> {
  const found = await orNothing(
    operator.scheduler.send(new GetScheduleCommand({ GroupName: scheduleGroupName, Name })),
    ResourceNotFoundException,
  );
  if (found === undefined) return undefined;
  const { job, ...input } = Input.parse(JSON.parse(found.Target?.Input ?? "null"));
  const disabled = await readDisabled(job, operator);
  return {
    job,
    ...input,
    expression: found.ScheduleExpression ?? "",
    timeZone: found.ScheduleExpressionTimezone ?? "UTC",
    isEnabled: found.State !== "DISABLED",
    ...(disabled === undefined ? {} : { disabled }),
    nextMs: nextFirings(found, operator.session.nowMs()),
  };
}

function nextFirings(
  { ScheduleExpression = "", ScheduleExpressionTimezone, StartDate, CreationDate }: GetScheduleOutput,
  nowMs: number,
): number[] {
  const anchorMs = (StartDate ?? CreationDate)?.getTime() ?? nowMs;
  const recurrence = parseScheduleExpression(ScheduleExpression, { timeZone: ScheduleExpressionTimezone ?? "UTC", anchorMs });
  const firings: number[] = [];
  for (let afterMs: number | undefined = nowMs; firings.length < 3; ) {
    afterMs = recurrence.next(afterMs);
    if (afterMs === undefined) break;
    firings.push(afterMs);
  }
  return firings;
}

const DisabledParameter = z.object({ by: z.string().optional(), at: z.string().optional(), reason: z.string().optional() });

export async function readDisabled(job: string, { ssm }: Pick<ScheduleOperator, "ssm">): Promise<Disabled | undefined> {
  const text = await readParameter(scheduleParameter(job, "disabled"), ssm);
  if (text === undefined) return undefined;
  // Whatever stands in it, the schedule is off.
  const parsed = DisabledParameter.safeParse(parsedJson(text)).data ?? {};
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
}

const Newest = z.object({ scheduledAt: z.iso.datetime() });

/** Of each schedule, by job, the runs that wait: for a code, or for their turn. */
export async function waitingRuns(
  schedules: readonly DeployedSchedule[],
  operator: ScheduleOperator,
): Promise<ReadonlyMap<string, WaitingRuns>> {
  const query = { stateMachineArn: operator.stateMachineArn, statusFilter: "RUNNING" as const };
  const running: ScheduledRun[] = [];
  for await (const { executions = [] } of paginateListExecutions({ client: operator.sfn }, query)) {
    running.push(...executions.flatMap(({ name = "" }) => parseScheduledRunName(name) ?? []));
  }
  const found = await Promise.all(
    schedules.map(async (schedule): Promise<[string, WaitingRuns]> => {
      const own = running.filter(({ job }) => job === schedule.job);
      const waits = await Promise.all(own.map(({ run }) => waitsForCode(run, operator)));
      const queued = schedule.whilePending === "queue" ? await queuedRun(schedule.job, { own, operator }) : undefined;
      const pending = own.filter((_, index) => waits[index]).map(({ run }) => run);
      return [schedule.job, { pending, ...(queued === undefined ? {} : { queued }) }];
    }),
  );
  return new Map(found);
}

async function waitsForCode(run: string, { sfn, executionArn }: Operator): Promise<boolean> {
  const query = { executionArn: executionArn(run), reverseOrder: true, maxResults: 200, includeExecutionData: false };
  return isPending((await sfn.send(new GetExecutionHistoryCommand(query))).events ?? []);
}

/** The newest firing, where an earlier run goes on and it has none of its own. */
async function queuedRun(
  job: string,
  { own, operator }: { own: readonly ScheduledRun[]; operator: ScheduleOperator },
): Promise<string | undefined> {
  const text = await readParameter(scheduleParameter(job, "newest"), operator.ssm);
  if (text === undefined) return undefined;
  const scheduledAtMs = Date.parse(Newest.parse(parsedJson(text)).scheduledAt);
  const run = scheduledRunName(job, scheduledAtMs);
  if (!own.some((earlier) => earlier.scheduledAtMs < scheduledAtMs)) return undefined;
  const described = operator.sfn.send(
    new DescribeExecutionCommand({ executionArn: operator.executionArn(run), includedData: "METADATA_ONLY" }),
  );
  return (await orNothing(described, ExecutionDoesNotExist)) === undefined ? run : undefined;
}

/** Firings and events that started no run: not delivered, or given up by their Lambda. SQS counts approximately. */
export async function countMissedStarts({ sqs, session }: ScheduleOperator): Promise<number> {
  const { region } = session.options;
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${session.caller.account}/${missedStartsQueueName}`;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }));
  return Number(Attributes["ApproximateNumberOfMessages"] ?? 0);
}

const readParameter = async (Name: string, ssm: SSMClient): Promise<string | undefined> =>
  (await orNothing(ssm.send(new GetParameterCommand({ Name })), ParameterNotFound))?.Parameter?.Value;

async function orNothing<Reply>(asked: Promise<Reply>, absent: new (...of: never[]) => Error): Promise<Reply | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof absent) return undefined;
    throw error;
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
