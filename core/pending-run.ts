// Whether a run waits for somebody: told by the names of the states that it went through, without what it was given.

import { stateNames } from "./naming.ts";
import type { HistoryEvent } from "./run-history.ts";

/** On the way to the question, or at it. In any other state somebody has given a code. */
const beforeACode: readonly string[] = [stateNames.admitRun, stateNames.resumeAt, stateNames.hasMfaCode, stateNames.requestMfa];

const ends: readonly string[] = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"];

/** Whether the run waits for a code, or is about to ask for one. `newestFirst` goes back to the last state that was entered, or to the start. */
export function isPending(newestFirst: readonly HistoryEvent[]): boolean {
  for (const { type = "", stateEnteredEventDetails } of newestFirst) {
    // What a redrive resumes is the state that was entered last before it.
    if (type === "ExecutionRedriven") return beforeACode.includes(lastEntered(newestFirst) ?? stateNames.admitRun);
    if (ends.includes(type)) return false;
    if (stateEnteredEventDetails !== undefined) return beforeACode.includes(stateEnteredEventDetails.name ?? "");
  }
  return true;
}

const lastEntered = (newestFirst: readonly HistoryEvent[]): string | undefined =>
  newestFirst.find(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)?.stateEnteredEventDetails?.name;
