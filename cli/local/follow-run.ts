// Follows an execution as the operator: asks for its history until something happens that somebody waits for.

import { setTimeout as sleep } from "node:timers/promises";
import { type HistoryEvent, paginateGetExecutionHistory, type SFNClient } from "@aws-sdk/client-sfn";
import { type StateVisit, stateVisits } from "../../core/run-history.ts";

/** Between two questions, where nothing else is said; the emulator is near and answers in milliseconds. */
const pollMsByDefault = 25;

export type RunStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

export interface RunView {
  readonly visits: readonly StateVisit[];
  readonly status: RunStatus;
  readonly startedAtMs: number;
  /** Of its latest end; absent while it runs. */
  readonly endedAtMs?: number;
  /** When each redrive began. */
  readonly redrivenAtMs: readonly number[];
  /** The execution's input as somebody gave it; a code may be in it. */
  readonly input: unknown;
  /** Why it failed; absent otherwise. */
  readonly failure?: { readonly name: string; readonly cause: string };
}

export interface Following {
  readonly sfn: SFNClient;
  readonly executionArn: string;
  readonly signal: AbortSignal;
  /** Called once for each visit that has ended, in order, before `until` is asked; `index` counts from the execution's start. */
  readonly onLeft?: (visit: StateVisit, index: number) => Promise<void>;
  /** Visits reported by an earlier call. */
  readonly reported?: number;
  readonly pollMs?: number;
}

/** Gives the run as it was when it ended, or when `until` first held. */
export async function followRun(of: Following, until: (view: RunView) => boolean = () => false): Promise<RunView> {
  let reported = of.reported ?? 0;
  for (;;) {
    const view = await readRun(of.sfn, of.executionArn);
    for (const [index, visit] of view.visits.entries()) {
      if (index < reported || visit.leftAtMs === undefined) continue;
      await of.onLeft?.(visit, index);
      reported = index + 1;
    }
    if (view.status !== "RUNNING" || until(view)) return view;
    await sleep(of.pollMs ?? pollMsByDefault, undefined, { signal: of.signal });
  }
}

/** The run now. */
export async function readRun(sfn: SFNClient, executionArn: string): Promise<RunView> {
  const events: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client: sfn }, { executionArn, maxResults: 1000, includeExecutionData: true })) {
    events.push(...(page.events ?? []));
  }
  const [first] = events;
  const last = events.at(-1);
  const status = statusAfter(last);
  const failed = last?.executionFailedEventDetails ?? last?.executionAbortedEventDetails ?? last?.executionTimedOutEventDetails;
  return {
    visits: stateVisits(events),
    status,
    startedAtMs: timeOf(first),
    ...(status === "RUNNING" ? {} : { endedAtMs: timeOf(last) }),
    redrivenAtMs: events.filter(({ type }) => type === "ExecutionRedriven").map(timeOf),
    input: JSON.parse(first?.executionStartedEventDetails?.input ?? "null") as unknown,
    ...(failed === undefined ? {} : { failure: { name: failed.error ?? "", cause: failed.cause ?? "" } }),
  };
}

const timeOf = (event: HistoryEvent | undefined): number => event?.timestamp?.getTime() ?? 0;

function statusAfter(event: HistoryEvent | undefined): RunStatus {
  switch (event?.type) {
    case "ExecutionSucceeded":
      return "SUCCEEDED";
    case "ExecutionFailed":
      return "FAILED";
    case "ExecutionTimedOut":
      return "TIMED_OUT";
    case "ExecutionAborted":
      return "ABORTED";
    default:
      return "RUNNING";
  }
}
