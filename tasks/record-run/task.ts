// Leaves one record of every attempt that has ended: at its end where all is known by then, else when a sweep finds that it is, or never will be.

import { type AttemptId, attemptKey } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { append } from "./append.ts";
import type { DescribeJobs } from "./batch-jobs.ts";
import type { FindCalls } from "./callers.ts";
import type { EndedAttempts, Executions } from "./executions.ts";
import { gatherFacts } from "./facts.ts";
import { type RecordStore, remembering } from "./record-store.ts";

export interface RecordRunDependencies {
  readonly executions: Executions;
  readonly store: RecordStore;
  readonly findCalls: FindCalls;
  readonly describeJobs: DescribeJobs;
  readonly nowMs: () => number;
  /** Keyturn's version. */
  readonly keyturn: string;
  readonly lock: RunRecord["lock"];
}

export interface Recorded {
  /** Sequences of the records that were written. */
  readonly written: readonly number[];
  /** Attempts that a later sweep will record, when more is known. */
  readonly deferred: number;
}

/**
 * How long after an attempt's end its record waits for what CloudTrail and Batch will still tell. CloudTrail shows most calls within five
 * minutes and all but a few within fifteen.
 */
const patienceMs = 60 * 60_000;

/** A sweep leaves the rest to the next one. */
const sweepMs = 4 * 60_000;

/** Records what has ended of one execution, earlier attempts included. */
export async function recordExecution(arn: string, dependencies: RecordRunDependencies): Promise<Recorded> {
  const execution = await dependencies.executions.describe(arn);
  const missing: AttemptId[] = [];
  for (const attempt of attemptIds(execution)) if (!(await dependencies.store.isMarked(attempt))) missing.push(attempt);
  return recordAttempts(execution, missing, dependencies);
}

/** Records whatever has ended and has no record: what no event told of, and what was not known yet when one did. */
export async function sweep(given: RecordRunDependencies): Promise<Recorded & { readonly left: number }> {
  const dependencies = { ...given, store: remembering(given.store) };
  const untilMs = dependencies.nowMs() + sweepMs;
  const executions: EndedAttempts[] = [];
  for await (const execution of dependencies.executions.list()) executions.push(execution);
  const oldestMs = executions.reduce((oldest, { startedAtMs }) => Math.min(oldest, startedAtMs), Number.POSITIVE_INFINITY);
  if (executions.length === 0) return { written: [], deferred: 0, left: 0 };
  const marks = await dependencies.store.marksSince(oldestMs);
  const due = executions.reverse().flatMap((execution) => {
    const missing = attemptIds(execution).filter((attempt) => !marks.has(attemptKey(attempt)));
    return missing.length === 0 ? [] : [{ execution, missing }];
  });
  const written: number[] = [];
  const failures: unknown[] = [];
  let deferred = 0;
  for (const [index, { execution, missing }] of due.entries()) {
    if (dependencies.nowMs() >= untilMs) return ended({ written, deferred, left: due.length - index }, failures);
    try {
      const recorded = await recordAttempts(execution, missing, dependencies);
      written.push(...recorded.written);
      deferred += recorded.deferred;
    } catch (error) {
      // One that cannot be recorded keeps no other from it.
      failures.push(error);
    }
  }
  return ended({ written, deferred, left: 0 }, failures);
}

function ended<Result>(result: Result, failures: readonly unknown[]): Result {
  if (failures.length === 0) return result;
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, `${failures.length} executions could not be recorded.`);
}

const attemptIds = ({ name, startedAtMs, ended: count }: EndedAttempts): readonly AttemptId[] =>
  Array.from({ length: count }, (_, attempt) => ({ name, startedAt: new Date(startedAtMs).toISOString(), attempt }));

async function recordAttempts(
  execution: EndedAttempts,
  missing: readonly AttemptId[],
  { executions, store, findCalls, describeJobs, nowMs, keyturn, lock }: RecordRunDependencies,
): Promise<Recorded> {
  if (missing.length === 0) return { written: [], deferred: 0 };
  const read = await executions.read(execution);
  const written: number[] = [];
  let deferred = 0;
  for (const attempt of missing) {
    const { facts, isComplete } = await gatherFacts(read, attempt.attempt, { findCalls, describeJobs, nowMs: nowMs() });
    const endedAtMs = Date.parse(facts.outcome.endedAt);
    if (!isComplete && nowMs() < endedAtMs + patienceMs) {
      deferred++;
      continue;
    }
    const compose = ({ sequence, previous }: { sequence: number; previous: string | null }): RunRecord => ({
      version: 1,
      sequence,
      previous,
      recordedAt: new Date(nowMs()).toISOString(),
      keyturn,
      lock,
      ...facts,
    });
    const { sequence, isNew } = await append({ attempt, endedAtMs, compose }, store);
    if (isNew) written.push(sequence);
  }
  return { written, deferred };
}
