// What a record says of an attempt, but for its place in the chain: out of the execution, its history, Batch and CloudTrail.

import * as z from "zod/mini";
import { roleSessionName, stateNames } from "../../core/naming.ts";
import { executionOf } from "../../core/resume.ts";
import { type Attempt, attemptsOf } from "../../core/run-attempts.ts";
import { endReason, errorName, isAnswer } from "../../core/run-end.ts";
import { runFacts } from "../../core/run-facts.ts";
import { type HistoryEvent, type StateVisit, stateVisits } from "../../core/run-history.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { batchJobs, type DescribeJobs, haveEnded } from "./batch-jobs.ts";
import { areKnown, type FindCalls, findCallers, type Happenings } from "./callers.ts";

export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly startedAtMs: number;
  readonly events: readonly HistoryEvent[];
}

export interface Witnesses {
  readonly findCalls: FindCalls;
  readonly describeJobs: DescribeJobs;
  readonly nowMs: number;
}

/** What stands in a record because of where and when it is written. */
export type RecordPlace = Pick<RunRecord, "version" | "sequence" | "previous" | "recordedAt" | "keyturn" | "lock">;
export type AttemptFacts = Omit<RunRecord, keyof RecordPlace>;

export interface Gathered {
  readonly facts: AttemptFacts;
  /** Nothing of it will be known better later. */
  readonly isComplete: boolean;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Of an attempt that has ended; throws a plain Error for one that has not. */
export async function gatherFacts(execution: Execution, number: number, witnesses: Witnesses): Promise<Gathered> {
  const attempt = attemptsOf(execution.events).find((one) => one.number === number);
  const end = attempt?.end;
  if (attempt === undefined || end === undefined) throw new Error(`Attempt ${number} of ${execution.arn} has not ended.`);
  const untilThen = stateVisits(execution.events).filter(({ redrive }) => redrive <= number);
  const visits = untilThen.filter(({ redrive }) => redrive === number);
  const { findCalls: find, describeJobs, nowMs } = witnesses;
  const callers = await findCallers(happenings(execution, attempt, visits), { execution: execution.arn, find, nowMs });
  const jobs = await batchJobs(visits, describeJobs);
  return {
    facts: {
      execution: execution.arn,
      executionStartedAt: iso(execution.startedAtMs),
      attempt: number,
      ...callers,
      ...subject(execution, untilThen),
      batchJobs: jobs,
      states: visits.map(({ name, role = null, enteredAtMs, leftAtMs, error }) => ({
        name,
        role,
        enteredAt: iso(enteredAtMs),
        leftAt: leftAtMs === undefined ? null : iso(leftAtMs),
        error: error === undefined ? null : errorName(error.name),
      })),
      outcome: { status: end.status, startedAt: iso(attempt.startedAtMs), endedAt: iso(end.atMs), ...endReason(attempt, visits) },
    },
    isComplete: areKnown(callers) && haveEnded(jobs),
  };
}

const Payload = z.object({ Payload: z.object({ taskToken: z.string() }) });

function happenings(execution: Execution, attempt: Attempt, visits: readonly StateVisit[]): Happenings {
  const { number, startedAtMs, end } = attempt;
  return {
    start: { name: "StartExecution", atMs: execution.startedAtMs },
    ...(number === 0 ? {} : { redrive: { name: "RedriveExecution", atMs: startedAtMs } as const }),
    answers: visits.flatMap((visit) => {
      const { leftAtMs, taskOutput, taskInput, error } = visit;
      if (leftAtMs === undefined || !isAnswer(visit) || (taskOutput === undefined && error === undefined)) return [];
      const asked = Payload.safeParse(taskInput);
      return [
        {
          name: taskOutput === undefined ? ("SendTaskFailure" as const) : ("SendTaskSuccess" as const),
          atMs: leftAtMs,
          ...(asked.success ? { token: asked.data.Payload.taskToken } : {}),
        },
      ];
    }),
    ...(end?.status === "ABORTED" ? { stop: { name: "StopExecution", atMs: end.atMs } as const } : {}),
  };
}

type Subject = Pick<
  AttemptFacts,
  "run" | "resumed" | "job" | "admin" | "reason" | "parameters" | "jobDefinition" | "digest" | "opened" | "session"
>;

const Issued = z.object({ Payload: z.object({ expiresAt: z.string() }) });
const Resumed = z.object({ resume: z.object({ outputs: z.object({ RetrieveCredentials: z.object({ expiresAt: z.string() }) }) }) });

/** What it was for, and what was opened and issued by its end. `visits` are all of the execution until then. */
function subject({ name, events }: Execution, visits: readonly StateVisit[]): Subject {
  const input = inputOf(events);
  const { order, asked, resumed } = runFacts({ input, visits });
  const last = (state: string) => visits.findLast((visit) => visit.name === state && visit.taskOutput !== undefined);
  const validated = last(stateNames.validateMfa);
  const retrieved = last(stateNames.retrieveCredentials);
  // In a replay that resumes after it, the credentials were issued before; that they open for this order AuthorizeSubmission has proved.
  const isIssued = retrieved !== undefined || last(stateNames.authorizeSubmission) !== undefined;
  const until =
    retrieved === undefined
      ? Resumed.safeParse(input).data?.resume.outputs.RetrieveCredentials.expiresAt
      : Issued.safeParse(retrieved.taskOutput).data?.Payload.expiresAt;
  return {
    run: order?.run ?? executionOf(name).run,
    resumed: resumed === undefined ? null : { ...resumed, reason: asked.reason ?? null },
    job: order?.job ?? asked.job ?? null,
    admin: order?.admin ?? asked.admin ?? null,
    reason: order?.reason ?? asked.reason ?? null,
    parameters: order?.parameters ?? null,
    jobDefinition: order?.jobDefinition ?? null,
    digest: order?.digest ?? null,
    opened:
      order === undefined || validated?.leftAtMs === undefined
        ? null
        : { admin: order.admin, at: iso(validated.leftAtMs), attempt: validated.redrive },
    session:
      order === undefined || !isIssued
        ? null
        : { role: order.jobRole, name: roleSessionName(order.run), sourceIdentity: order.admin, until: instantOrNull(until) },
  };
}

const instantOrNull = (text: string | undefined): string | null => (z.iso.datetime().safeParse(text).success ? (text ?? null) : null);

function inputOf(events: readonly HistoryEvent[]): unknown {
  return JSON.parse(events.find(({ type }) => type === "ExecutionStarted")?.executionStartedEventDetails?.input ?? "null");
}
