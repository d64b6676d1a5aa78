// The attempts of an execution: its start is the first, each redrive begins another, and each ends on its own.

import type { HistoryEvent } from "./run-history.ts";

export type EndStatus = "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

export interface Attempt {
  /** 0 for the start, then Step Functions' redrive count. */
  readonly number: number;
  readonly startedAtMs: number;
  /** Absent while it runs. */
  readonly end?: {
    readonly status: EndStatus;
    readonly atMs: number;
    /** As Step Functions has it; neither is fit to be shown. */
    readonly error?: string;
    readonly cause?: string;
  };
}

const endings: Readonly<Record<string, EndStatus>> = {
  ExecutionSucceeded: "SUCCEEDED",
  ExecutionFailed: "FAILED",
  ExecutionTimedOut: "TIMED_OUT",
  ExecutionAborted: "ABORTED",
};

/** In order, out of a whole history. */
export function attemptsOf(events: readonly HistoryEvent[]): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (const event of events) {
    const atMs = event.timestamp?.getTime() ?? 0;
    const { type = "" } = event;
    if (type === "ExecutionStarted") attempts.push({ number: 0, startedAtMs: atMs });
    if (type === "ExecutionRedriven") {
      attempts.push({ number: event.executionRedrivenEventDetails?.redriveCount ?? attempts.length, startedAtMs: atMs });
    }
    const status = Object.hasOwn(endings, type) ? endings[type] : undefined;
    const attempt = attempts.at(-1);
    if (status === undefined || attempt === undefined) continue;
    const { error, cause } =
      event.executionFailedEventDetails ?? event.executionAbortedEventDetails ?? event.executionTimedOutEventDetails ?? {};
    const end = { status, atMs, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
    attempts[attempts.length - 1] = { ...attempt, end };
  }
  return attempts;
}
