import { describe, expect, it } from "vitest";
import { attemptsOf } from "../../core/run-attempts.ts";

const at = (seconds: number) => new Date(seconds * 1000);

describe("the attempts of an execution", () => {
  it("are its start and each redrive, each with an end of its own", () => {
    const attempts = attemptsOf([
      { type: "ExecutionStarted", timestamp: at(1) },
      { type: "ExecutionFailed", timestamp: at(2), executionFailedEventDetails: { error: "InvalidRun", cause: "no" } },
      { type: "ExecutionRedriven", timestamp: at(3), executionRedrivenEventDetails: { redriveCount: 1 } },
      { type: "ExecutionTimedOut", timestamp: at(4), executionTimedOutEventDetails: {} },
      { type: "ExecutionRedriven", timestamp: at(5), executionRedrivenEventDetails: { redriveCount: 2 } },
      { type: "ExecutionAborted", timestamp: at(6), executionAbortedEventDetails: { cause: "enough" } },
      { type: "ExecutionRedriven", timestamp: at(7), executionRedrivenEventDetails: { redriveCount: 3 } },
    ]);
    expect(attempts).toEqual([
      { number: 0, startedAtMs: 1000, end: { status: "FAILED", atMs: 2000, error: "InvalidRun", cause: "no" } },
      { number: 1, startedAtMs: 3000, end: { status: "TIMED_OUT", atMs: 4000 } },
      { number: 2, startedAtMs: 5000, end: { status: "ABORTED", atMs: 6000, cause: "enough" } },
      { number: 3, startedAtMs: 7000 },
    ]);
  });

  it("are none in an empty history", () => {
    expect(attemptsOf([])).toEqual([]);
  });
});
