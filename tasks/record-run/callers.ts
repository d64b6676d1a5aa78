// Who made the calls that a run began, went on and ended with: out of CloudTrail's events, by what the execution's history says happened.

import type { RecordedAnswer, RecordedCall } from "../../core/run-record.ts";

export type CallName = "StartExecution" | "RedriveExecution" | "StopExecution" | "SendTaskSuccess" | "SendTaskFailure";

/** A call as CloudTrail has it; events of refused calls are none. */
export interface TrailCall {
  readonly event: string;
  /** Whole seconds: CloudTrail knows no smaller ones. */
  readonly atMs: number;
  readonly by: string;
  readonly sourceIp: string | null;
  /** Of the request or its answer; absent where CloudTrail tells neither, as of answers to a task. */
  readonly execution?: string;
  /** Of an answer to a task; not all that CloudTrail shows is the token itself. */
  readonly token?: string;
}

/** Calls of one name whose time is within the two, both included. */
export type FindCalls = (name: CallName, between: { fromMs: number; toMs: number }) => Promise<readonly TrailCall[]>;

/** What the history says happened, and was a call of somebody's. */
export interface Happened {
  readonly name: CallName;
  readonly atMs: number;
  /** What an answer answered. Never recorded. */
  readonly token?: string;
}

export interface Happenings {
  readonly start: Happened;
  readonly redrive?: Happened;
  readonly answers: readonly Happened[];
  readonly stop?: Happened;
}

export interface Callers {
  readonly started: RecordedCall;
  readonly redriven: RecordedCall | null;
  readonly answers: readonly RecordedAnswer[];
  readonly stopped: RecordedCall | null;
}

/** A call is made before what comes of it is written down, and CloudTrail gives the whole second that it came in. */
const beforeMs = 3000;
const afterMs = 1000;

/** CloudTrail shows calls in any order. One that is told by its time alone must wait until every other of that time is surely there. */
const settledMs = 20 * 60_000;

export interface Trail {
  /** ARN. */
  readonly execution: string;
  readonly find: FindCalls;
  readonly nowMs: number;
}

/** The caller of everything that happened; who cannot be told yet, or ever, is unknown, with the reason. */
export async function findCallers(of: Happenings, trail: Trail): Promise<Callers> {
  const answers: RecordedAnswer[] = [];
  for (const answer of of.answers) {
    answers.push({ ...(await callerOf(answer, trail)), kind: answer.name === "SendTaskSuccess" ? "code" : "failure" });
  }
  return {
    started: await callerOf(of.start, trail),
    redriven: of.redrive === undefined ? null : await callerOf(of.redrive, trail),
    answers,
    stopped: of.stop === undefined ? null : await callerOf(of.stop, trail),
  };
}

export const areKnown = ({ started, redriven, answers, stopped }: Callers): boolean =>
  [started, redriven, ...answers, stopped].every((call) => call === null || call.by !== null);

async function callerOf({ name, atMs, token }: Happened, { execution, find, nowMs }: Trail): Promise<RecordedCall> {
  const calls = await find(name, { fromMs: atMs - beforeMs, toMs: atMs + afterMs });
  const named = latestBefore(
    calls.filter((call) => call.execution === execution || (token !== undefined && call.token === token)),
    atMs,
  );
  if (named.length > 0) return onlyCaller(named, { name, matched: "execution" });
  const unnamed = calls.filter((call) => call.execution === undefined);
  if (unnamed.length === 0) return { by: null, why: `CloudTrail's event history has no ${name} of that time for this run.` };
  if (nowMs - atMs < settledMs) {
    return { by: null, why: `CloudTrail does not say which ${name} of that time is this one, and may not have all of them yet.` };
  }
  return onlyCaller(unnamed, { name, matched: "time" });
}

/**
 * Those of the last second in which the call can have come: it came before what it brought about, and the same may be called again right
 * after (a redrive that ends at once, a start or stop that is repeated). Clocks may differ, so that only a later one is there.
 */
function latestBefore(calls: readonly TrailCall[], atMs: number): readonly TrailCall[] {
  const before = calls.filter((call) => call.atMs <= atMs);
  const latestMs = Math.max(...(before.length > 0 ? before : calls).map((call) => call.atMs));
  return calls.filter((call) => call.atMs === latestMs);
}

function onlyCaller(calls: readonly TrailCall[], { name, matched }: { name: CallName; matched: "execution" | "time" }): RecordedCall {
  const names = [...new Set(calls.map(({ by }) => by))].sort();
  if (names.length > 1) {
    return { by: null, why: `CloudTrail has several ${name} of that time and does not say which is this one: ${names.join(", ")}.` };
  }
  // Of several by one person the last: it is as good as any.
  return recorded(
    calls.reduce((latest, one) => (one.atMs > latest.atMs ? one : latest)),
    matched,
  );
}

const recorded = ({ by, sourceIp, atMs, event }: TrailCall, matched: "execution" | "time"): RecordedCall => ({
  by,
  sourceIp,
  at: new Date(atMs).toISOString(),
  event,
  matched,
});
