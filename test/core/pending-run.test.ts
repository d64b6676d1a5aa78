import { describe, expect, it } from "vitest";
import { isPending } from "../../core/pending-run.ts";
import type { HistoryEvent } from "../../core/run-history.ts";

const entered = (name: string): HistoryEvent => ({ type: "TaskStateEntered", stateEnteredEventDetails: { name } });
const event = (type: string): HistoryEvent => ({ type });

/** Oldest first, as a run goes; states stand for their names. */
const history = (...all: readonly string[]): readonly HistoryEvent[] =>
  all.map((one) => (/^(Execution|Task)/.test(one) ? event(one) : entered(one))).toReversed();

const toTheQuestion = ["ExecutionStarted", "AdmitRun", "TaskSucceeded", "ResumeAt", "HasMfaCode", "RequestMfa"];

describe("a run is pending", () => {
  it.each<[string, readonly string[]]>([
    ["that has just started", ["ExecutionStarted"]],
    ["that is being admitted", ["ExecutionStarted", "AdmitRun", "TaskScheduled"]],
    ["that waits", [...toTheQuestion, "TaskScheduled", "TaskStarted", "TaskSubmitted"]],
    [
      "whose code was refused",
      [...toTheQuestion, "TaskSucceeded", "HasMfaCode", "ValidateMfa", "TaskFailed", "RequestMfa", "TaskSubmitted"],
    ],
    [
      "that was stopped while it waited, and is redriven",
      [...toTheQuestion, "TaskSubmitted", "ExecutionAborted", "ExecutionRedriven", "TaskScheduled"],
    ],
    ["that is redriven, and no more", [...toTheQuestion, "TaskSubmitted", "ExecutionAborted", "ExecutionRedriven"]],
    [
      "whose job's credentials had ended at a redrive",
      ["ExecutionStarted", "RunJob", "ExecutionFailed", "ExecutionRedriven", "RequestMfa", "TaskSubmitted"],
    ],
  ])("%s", (_what, events) => {
    expect(isPending(history(...events))).toBe(true);
  });
});

describe("a run is not pending", () => {
  it.each<[string, readonly string[]]>([
    ["whose code is being validated", [...toTheQuestion, "TaskSucceeded", "HasMfaCode", "ValidateMfa", "TaskScheduled"]],
    ["whose job runs", [...toTheQuestion, "ValidateMfa", "RetrieveCredentials", "AuthorizeSubmission", "RunJob", "TaskSubmitted"]],
    ["whose job is redriven", ["ExecutionStarted", "RunJob", "TaskFailed", "ExecutionFailed", "ExecutionRedriven", "TaskScheduled"]],
    ["that succeeded", [...toTheQuestion, "RunJob", "ExecutionSucceeded"]],
    ["that failed while it waited", [...toTheQuestion, "TaskTimedOut", "ExecutionFailed"]],
    ["that was stopped while it waited", [...toTheQuestion, "TaskSubmitted", "ExecutionAborted"]],
    ["that timed out", [...toTheQuestion, "ExecutionTimedOut"]],
  ])("%s", (_what, events) => {
    expect(isPending(history(...events))).toBe(false);
  });
});
