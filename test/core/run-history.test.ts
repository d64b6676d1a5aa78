import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { describe, expect, it } from "vitest";
import { errorMessage, stateVisits } from "../../core/run-history.ts";

const start = Date.UTC(2026, 0, 1);
const at = (ms: number): { timestamp: Date; id: number } => ({ timestamp: new Date(start + ms), id: 0 });
const entered = (name: string, ms: number): HistoryEvent => ({ ...at(ms), type: "TaskStateEntered", stateEnteredEventDetails: { name } });
const exited = (name: string, ms: number): HistoryEvent => ({ ...at(ms), type: "TaskStateExited", stateExitedEventDetails: { name } });
const scheduled = (role: string, parameters: object, ms: number): HistoryEvent => ({
  ...at(ms),
  type: "TaskScheduled",
  taskScheduledEventDetails: {
    resourceType: "lambda",
    resource: "invoke",
    region: "us-east-1",
    parameters: JSON.stringify(parameters),
    taskCredentials: { roleArn: `arn:aws:iam::111122223333:role/keyturn/${role}` },
  },
});
const submitted = (resource: string, ms: number): HistoryEvent => ({
  ...at(ms),
  type: "TaskSubmitted",
  taskSubmittedEventDetails: { resourceType: "lambda", resource },
});
const succeeded = (output: object, ms: number): HistoryEvent => ({
  ...at(ms),
  type: "TaskSucceeded",
  taskSucceededEventDetails: { resourceType: "lambda", resource: "invoke", output: JSON.stringify(output) },
});
const failed = (error: string, cause: string, ms: number): HistoryEvent => ({
  ...at(ms),
  type: "TaskFailed",
  taskFailedEventDetails: { resourceType: "lambda", resource: "invoke", error, cause },
});

describe("a history tells of each state", () => {
  it("its role, what went in and out, and when", () => {
    const visits = stateVisits([
      { ...at(0), type: "ExecutionStarted" },
      entered("AdmitRun", 1),
      scheduled("InvokeAdmitRun", { FunctionName: "f" }, 2),
      succeeded({ ok: true }, 40),
      exited("AdmitRun", 41),
      { ...at(42), type: "ChoiceStateEntered", stateEnteredEventDetails: { name: "HasMfaCode" } },
      { ...at(43), type: "ChoiceStateExited", stateExitedEventDetails: { name: "HasMfaCode" } },
      { ...at(44), type: "ExecutionSucceeded" },
    ]);
    expect(visits).toEqual([
      {
        name: "AdmitRun",
        redrive: 0,
        enteredAtMs: start + 1,
        leftAtMs: start + 41,
        role: "InvokeAdmitRun",
        taskInput: { FunctionName: "f" },
        taskOutput: { ok: true },
        isWaiting: false,
      },
      { name: "HasMfaCode", redrive: 0, enteredAtMs: start + 42, leftAtMs: start + 43, isWaiting: false },
    ]);
  });

  it("that it waits for an answer, until the answer comes", () => {
    const asked = [entered("RequestMfa", 0), scheduled("InvokeRequestMfa", {}, 1), submitted("invoke.waitForTaskToken", 2)];
    expect(stateVisits(asked)[0]?.isWaiting).toBe(true);
    expect(stateVisits([...asked, succeeded({}, 3)])[0]?.isWaiting).toBe(false);
  });

  it("that a job which runs waits for nobody", () => {
    expect(stateVisits([entered("RunJob", 0), scheduled("RunJobRole", {}, 1), submitted("submitJob.sync", 2)])[0]?.isWaiting).toBe(false);
  });

  it("an error that a catch handled, and the second visit beside the first", () => {
    const visits = stateVisits([
      entered("ValidateMfa", 0),
      failed("MfaRejected", '{"errorMessage":"wrong","errorType":"MfaRejected"}', 5),
      exited("ValidateMfa", 6),
      entered("ValidateMfa", 7),
    ]);
    expect(visits.map(({ leftAtMs, error }) => ({ leftAtMs, error: error && errorMessage(error) }))).toEqual([
      { leftAtMs: start + 6, error: "MfaRejected: wrong" },
      { leftAtMs: undefined, error: undefined },
    ]);
  });

  it("that a redrive went on in the state that had failed, without entering it anew", () => {
    const visits = stateVisits([
      entered("RunJob", 0),
      scheduled("RunJobRole", {}, 1),
      { ...at(9), type: "ExecutionFailed", executionFailedEventDetails: {} },
      { ...at(20), type: "ExecutionRedriven", executionRedrivenEventDetails: { redriveCount: 1 } },
      scheduled("RunJobRole", {}, 21),
      exited("RunJob", 30),
    ]);
    expect(visits.map(({ name, redrive, enteredAtMs, leftAtMs }) => [name, redrive, enteredAtMs, leftAtMs])).toEqual([
      ["RunJob", 0, start, start + 9],
      ["RunJob", 1, start + 21, start + 30],
    ]);
  });

  it("that the execution's end ended it too", () => {
    const [visit] = stateVisits([
      entered("RequestMfa", 0),
      submitted("invoke.waitForTaskToken", 1),
      { ...at(9), type: "ExecutionAborted", executionAbortedEventDetails: {} },
    ]);
    expect(visit).toMatchObject({ leftAtMs: start + 9, isWaiting: false });
  });
});

describe("an error reads", () => {
  it.each([
    ["a Lambda's JSON as its message", '{"errorType":"InvalidRun","errorMessage":"no such job"}', "InvalidRun: no such job"],
    ["plain text as it is", "timed out", "InvalidRun: timed out"],
    ["no cause as its name", "", "InvalidRun"],
    ["JSON of another kind as its name", '{"JobId":"1"}', "InvalidRun"],
  ])("%s", (_, cause, text) => {
    expect(errorMessage({ name: "InvalidRun", cause })).toBe(text);
  });
});
