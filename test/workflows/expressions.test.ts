// The workflow's JSONata, evaluated by JSONata's own implementation with the variables that Step Functions would give.

import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import {
  failureText,
  jobResult,
  mfaCodeIn,
  requestMfaPayload,
  resumedOutput,
  resumesAt,
  submissionThatCredentialsOutlive,
  whyWithoutCode,
} from "../../workflows/expressions.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");

async function evaluate(expression: string, variables: Record<string, unknown>): Promise<unknown> {
  const compiled = jsonata(expression.replace(/^\{%/, "").replace(/%\}$/, ""));
  // Step Functions adds $parse; $millis is the moment of evaluation, which a test has to know.
  compiled.registerFunction("parse", (text: string) => JSON.parse(text));
  compiled.registerFunction("millis", () => now);
  const result: unknown = await compiled.evaluate({}, variables);
  return result === undefined ? undefined : JSON.parse(JSON.stringify(result));
}

const order = { run: "r-1", job: "key-report", admin: "alice", queueSeconds: 600, attempts: 2, timeoutSeconds: 1000 };

describe("the code in an answer", () => {
  it.each([
    ["six digits", { mfaCode: "123456" }, "123456"],
    ["a sealed code", { mfaCode: { sealed: "AQI=" } }, { sealed: "AQI=" }],
    ["six digits among other things, which are not taken", { mfaCode: "123456", order: { job: "other" } }, "123456"],
    ["no code", { code: "123456" }, null],
    ["a number", { mfaCode: 123456 }, null],
    ["null", { mfaCode: null }, null],
    ["a list", { mfaCode: ["123456"] }, null],
    ["an answer that is text", "123456", null],
    ["an answer that is null", null, null],
  ])("%s", async (_title, result, expected) => {
    expect(await evaluate(mfaCodeIn("$states.result"), { states: { result } })).toEqual(expected);
  });
});

describe("what a replay brings along", () => {
  const resume = { run: "r-1", from: "RetrieveCredentials", outputs: { AdmitRun: order, ValidateMfa: { session: "kt1.a.b.c" } } };
  const given = (Input: unknown) => ({ states: { context: { Execution: { Input } } } });

  it.each<[string, unknown, unknown[]]>([
    ["a replay's input", { resume }, ["kt1.a.b.c", null, true, false, "replayed"]],
    [
      "that of a replay which begins anew",
      { job: "key-report", resume: { run: "r-1", from: "AdmitRun" } },
      [null, null, false, false, "replayed"],
    ],
    ["any other input", { job: "key-report" }, [null, null, false, false, "no-code"]],
  ])("is read off %s", async (_title, input, expected) => {
    const expressions = [
      resumedOutput("ValidateMfa.session"),
      resumedOutput("RetrieveCredentials.credentials"),
      resumesAt("RetrieveCredentials"),
      resumesAt("AuthorizeSubmission"),
      whyWithoutCode,
    ];
    expect(await Promise.all(expressions.map((expression) => evaluate(expression, given(input))))).toEqual(expected);
  });
});

describe("what RequestMfa is told", () => {
  const states = {
    context: {
      Execution: { Id: "arn:aws:states:us-east-1:111122223333:execution:keyturn:r-1" },
      Task: { Token: "token" },
      State: { EnteredTime: "2026-03-01T12:00:00.000Z" },
    },
  };

  it("names the deadline and leaves out a message that there is not", async () => {
    expect(await evaluate(requestMfaPayload(3600), { order, because: "no-code", message: null, states })).toEqual({
      order,
      because: "no-code",
      execution: "arn:aws:states:us-east-1:111122223333:execution:keyturn:r-1",
      taskToken: "token",
      deadline: "2026-03-01T13:00:00.000Z",
    });
  });

  it("hands on the message of what led here", async () => {
    const told = await evaluate(requestMfaPayload(3600), { order, because: "refused", message: "The code is spent.", states });
    expect(told).toMatchObject({ because: "refused", message: "The code is spent." });
  });
});

describe("the text of a failure", () => {
  it.each([
    [
      "what the task said",
      { Error: "MfaRejected", Cause: '{"errorType":"MfaRejected","errorMessage":"The code is spent."}' },
      "The code is spent.",
    ],
    ["the error's name where it said nothing", { Error: "MfaLocked", Cause: '{"errorType":"MfaLocked"}' }, "MfaLocked"],
  ])("is %s", async (_title, errorOutput, expected) => {
    expect(await evaluate(failureText, { states: { errorOutput } })).toBe(expected);
  });
});

describe("the submission", () => {
  const submission = { JobName: "key-report-r-1" };

  // Queue 600 s and two attempts of 1,000 s: the credentials must live 2,600 s more.
  it("is sent while the credentials outlive queue and attempts", async () => {
    const expiresAt = new Date(now + 2_600_000).toISOString();
    expect(await evaluate(submissionThatCredentialsOutlive, { order, submission, expiresAt })).toEqual(submission);
  });

  it("fails to evaluate when they would end one second early", async () => {
    const expiresAt = new Date(now + 2_599_000).toISOString();
    await expect(evaluate(submissionThatCredentialsOutlive, { order, submission, expiresAt })).rejects.toMatchObject({
      message: "The credentials would end before the job could.",
    });
  });
});

describe("the run's result", () => {
  it("names job, outcome, attempts and log, and nothing of the container's environment", async () => {
    const result = {
      JobId: "job-1",
      StartedAt: now,
      StoppedAt: now + 60_000,
      Attempts: [{}, {}],
      Container: { ExitCode: 0, LogStreamName: "job/default/1", Environment: [{ Name: "KEYTURN_ENVELOPE", Value: "kt1.a.b.c" }] },
    };
    expect(await evaluate(jobResult, { order, states: { result } })).toEqual({
      run: "r-1",
      job: "key-report",
      admin: "alice",
      jobId: "job-1",
      exitCode: 0,
      attempts: 2,
      logStream: "job/default/1",
      startedAt: "2026-03-01T12:00:00.000Z",
      stoppedAt: "2026-03-01T12:01:00.000Z",
    });
  });

  it.each([
    ["nothing but the job's id", { JobId: "job-1" }],
    ["times as text", { JobId: "job-1", StartedAt: "2026-03-01T12:00:00Z", StoppedAt: null, Attempts: [], Container: null }],
  ])("evaluates whatever Batch answers: %s", async (_title, result) => {
    const answered = await evaluate(jobResult, { order, states: { result } });
    expect(answered).toEqual({ run: "r-1", job: "key-report", admin: "alice", jobId: "job-1", attempts: 0 });
  });
});
