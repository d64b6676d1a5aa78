import { describe, expect, it } from "vitest";
import { stateNames } from "../../../core/naming.ts";
import { gatherFacts, type Witnesses } from "../../../tasks/record-run/facts.ts";
import { found, foundCodes } from "../../attacks/leak-search.ts";
import { deployedSample, sampleOrder } from "../sample-job.ts";
import {
  batchJob,
  code,
  credentials,
  executionArn,
  failedRun,
  History,
  image,
  session,
  startMs,
  succeededRun,
  taskToken,
} from "./sample-execution.ts";

const caller = { by: "arn:aws:iam::111122223333:user/alice", sourceIp: "203.0.113.7", event: "event-1", matched: "execution" };
/** CloudTrail knows everybody; Batch has forgotten every job. */
const witnesses: Witnesses = {
  findCalls: async (_name, { fromMs }) => [
    { event: "event-1", atMs: fromMs, by: caller.by, sourceIp: caller.sourceIp, execution: executionArn },
  ],
  describeJobs: async () => [],
  nowMs: startMs + 3_600_000,
};
const factsOf = async (history: History, attempt = 0, change: Partial<Witnesses> = {}) =>
  (await gatherFacts(history.execution, attempt, { ...witnesses, ...change })).facts;
const iso = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();

describe("what a record says", () => {
  it("of a run that succeeded: who, what, with whose code, as which session, from which image, and every state", async () => {
    const { digest } = sampleOrder();
    expect(await factsOf(succeededRun())).toEqual({
      run: "run-1",
      execution: executionArn,
      executionStartedAt: iso(0),
      attempt: 0,
      resumed: null,
      started: { ...caller, at: iso(-3) },
      redriven: null,
      answers: [],
      stopped: null,
      job: "rotate-keys",
      admin: "alice",
      reason: "Keys are due",
      parameters: { days: 30, path: "team" },
      jobDefinition: deployedSample.jobDefinition,
      digest,
      opened: { admin: "alice", at: iso(8), attempt: 0 },
      session: { role: deployedSample.jobRole, name: "run-1", sourceIdentity: "alice", until: "2026-11-21T09:00:00.000Z" },
      batchJobs: [
        {
          id: "job-1",
          status: "SUCCEEDED",
          exitCode: 0,
          image: { reference: image, digest: null, sources: "a1b2c3d4".repeat(8) },
          attempts: [{ exitCode: 0, startedAt: iso(20), stoppedAt: iso(50) }],
        },
      ],
      states: [
        { name: "AdmitRun", role: "InvokeAdmitRun", enteredAt: iso(1), leftAt: iso(4), error: null },
        { name: "ValidateMfa", role: "InvokeValidateMfa", enteredAt: iso(5), leftAt: iso(8), error: null },
        { name: "RetrieveCredentials", role: "InvokeRetrieveCredentials", enteredAt: iso(9), leftAt: iso(12), error: null },
        { name: "AuthorizeSubmission", role: "InvokeAuthorizeSubmission", enteredAt: iso(13), leftAt: iso(16), error: null },
        { name: "RunJob", role: "RunJobRole", enteredAt: iso(17), leftAt: iso(21), error: null },
      ],
      outcome: { status: "SUCCEEDED", startedAt: iso(0), endedAt: iso(22), error: null, cause: null },
    });
  });

  it("of a job that failed: its exit code and reason, and nothing of its environment", async () => {
    const { outcome, batchJobs } = await factsOf(failedRun());
    expect(outcome).toMatchObject({
      status: "FAILED",
      error: "States.TaskFailed",
      cause: "The job ended with exit code 3; Essential container in task exited",
    });
    expect(batchJobs).toMatchObject([{ id: "job-1", status: "FAILED", exitCode: 3 }]);
  });

  it("of a run that was never admitted: what was asked for, and the faults", async () => {
    const cause = JSON.stringify({
      errorType: "InvalidRun",
      errorMessage: "Run run-1 was not admitted: 1 fault.\n- job: missing",
      trace: [session],
    });
    const history = new History()
      .started({ admin: "alice\nAdmin: mallory", reason: 7, job: credentials, mfaCode: code })
      .entered(stateNames.admitRun)
      .scheduled("InvokeAdmitRun")
      .failed("InvalidRun", cause)
      .ended("Failed", { error: "InvalidRun", cause });
    expect(await factsOf(history)).toMatchObject({
      run: "run-1",
      job: "[…]",
      admin: "alice Admin: mallory",
      reason: null,
      parameters: null,
      jobDefinition: null,
      digest: null,
      opened: null,
      session: null,
      batchJobs: [],
      states: [{ name: "AdmitRun", error: "InvalidRun" }],
      outcome: { error: "InvalidRun", cause: "Run run-1 was not admitted: 1 fault. - job: missing" },
    });
  });

  it("of a run that was stopped: by whom, and what they said of it, without what could be a secret", async () => {
    const history = new History().untilSubmission().ended("Aborted", { error: "", cause: `Wrong code ${code},\nsee ${session}` });
    const describeJobs = async () => [{ jobId: "job-1", status: "FAILED", container: { image: "repository@sha256:".padEnd(82, "0") } }];
    expect(await factsOf(history, 0, { describeJobs })).toMatchObject({
      stopped: { by: caller.by },
      batchJobs: [{ status: "FAILED", exitCode: null, image: { digest: "sha256:".padEnd(71, "0"), sources: null } }],
      outcome: { status: "ABORTED", error: null, cause: "Wrong code [six digits], see […]" },
    });
  });

  it.each([
    [
      "Lambda's own failure, whose message may quote anything",
      { error: "TypeError", cause: JSON.stringify({ errorMessage: `bad ${code}` }) },
      null,
    ],
    ["Step Functions' own, which quotes data", { error: "States.DataLimitExceeded", cause: `too long: ${session}` }, null],
    ["a cause that was cut", { error: "States.TaskFailed", cause: '{"JobId":"job-1","Contai' }, null],
  ])("of %s: its name", async (_what, failure, cause) => {
    const history = new History().started().admitted().entered(stateNames.validateMfa).scheduled("InvokeValidateMfa");
    expect((await factsOf(history.failed(failure.error, failure.cause).ended("Failed", failure))).outcome).toMatchObject({
      error: failure.error,
      cause,
    });
  });

  it("of a run that was asked for its code: every answer, and of a failed one what was said", async () => {
    const history = new History().started().admitted().waits().at(100).answered().validated().at(200).waits().at(300);
    history.failed("Declined", "Not today").ended("Failed", { error: "Declined", cause: "Not today" });
    const { answers, outcome } = await factsOf(history);
    expect(answers).toMatchObject([
      { by: caller.by, kind: "code" },
      { by: caller.by, kind: "failure" },
    ]);
    expect(outcome).toMatchObject({ error: "Declined", cause: "Not today" });
  });

  it("of a run that nobody answered: no answer", async () => {
    const history = new History().started().admitted().waits().at(100);
    history.events.push({
      type: "TaskTimedOut",
      timestamp: new Date(startMs + 100_000),
      taskTimedOutEventDetails: { error: "States.Timeout" },
    });
    const { answers, outcome } = await factsOf(history.ended("Failed", { error: "States.Timeout" }));
    expect(answers).toEqual([]);
    expect(outcome).toMatchObject({ error: "States.Timeout", cause: null });
  });

  it("of each attempt of a redriven run what belongs to it, and what was opened by then", async () => {
    const history = failedRun();
    history.at(1000).redriven(1).scheduled("RunJobRole").succeeded(batchJob("SUCCEEDED", 0)).exited(stateNames.runJob).ended("Succeeded");
    const [first, second] = [await factsOf(history, 0), await factsOf(history, 1)];
    expect(first).toMatchObject({ attempt: 0, redriven: null, outcome: { status: "FAILED" }, opened: { attempt: 0 } });
    expect(first.states).toHaveLength(5);
    expect(second).toMatchObject({
      attempt: 1,
      redriven: { by: caller.by },
      outcome: { status: "SUCCEEDED", startedAt: iso(1000) },
      opened: { admin: "alice", attempt: 0 },
      session: { sourceIdentity: "alice" },
    });
    expect(second.states.map(({ name }) => name)).toEqual(["RunJob"]);
    await expect(factsOf(history, 2)).rejects.toThrow("has not ended");
  });

  it("of a replay in a new execution: which run it replays, from where and why, and whose session it went on with", async () => {
    const order = sampleOrder({ run: "run-0", reason: "Keys are due" });
    const outputs = { AdmitRun: order, RetrieveCredentials: { credentials, expiresAt: "2026-11-21T09:30:00.000Z" } };
    const history = new History()
      .started({ resume: { run: "run-0", from: "AuthorizeSubmission", outputs }, reason: "The queue was full" })
      .admitted(order)
      .authorized()
      .submitted()
      .succeeded(batchJob("SUCCEEDED", 0))
      .exited(stateNames.runJob)
      .ended("Succeeded");
    expect(await factsOf(history)).toMatchObject({
      run: "run-0",
      execution: executionArn,
      resumed: { run: "run-0", from: "AuthorizeSubmission", reason: "The queue was full" },
      digest: order.digest,
      reason: "Keys are due",
      opened: null,
      session: { name: "run-0", until: "2026-11-21T09:30:00.000Z" },
    });
  });

  it("of a replay that was not admitted: what the run was admitted with before", async () => {
    const outputs = { AdmitRun: sampleOrder({ run: "run-0" }) };
    const history = new History()
      .started({ resume: { run: "run-0", from: "ValidateMfa", outputs } })
      .ended("Failed", { error: "InvalidRun" });
    const { execution } = history;
    const replay = { ...execution, arn: `${execution.arn.slice(0, -1)}0-r2`, name: "run-0-r2" };
    expect((await gatherFacts(replay, 0, witnesses)).facts).toMatchObject({
      run: "run-0",
      execution: expect.stringMatching(/:run-0-r2$/),
      resumed: { run: "run-0", from: "ValidateMfa", reason: null },
      job: "rotate-keys",
      admin: "alice",
      digest: null,
    });
  });

  it("holds no code, token or envelope, whatever came of the run", async () => {
    const asked = () =>
      new History().started({ job: "rotate-keys", admin: "alice", mfaCode: code }).admitted().waits().answered().validated();
    const histories = [
      succeededRun(),
      failedRun(),
      failedRun(asked().retrieved().authorized().submitted()),
      asked()
        .waits()
        .failed(session, `${taskToken} ${code}`)
        .ended("Failed", { error: session, cause: `${taskToken} ${code}` }),
      asked().retrieved().ended("Aborted", { error: code, cause: credentials }),
    ];
    const needles = new Map(Object.entries({ session, credentials, taskToken }));
    for (const history of histories) {
      const text = JSON.stringify(await factsOf(history));
      expect(found(text, needles)).toEqual([]);
      expect(foundCodes(text, [code])).toEqual([]);
    }
  });
});

describe("a record is complete", () => {
  it.each([
    ["where everybody is known and every job has ended", {}, true],
    ["not while somebody is unknown", { findCalls: async () => [] }, false],
    ["not while a job still runs", { describeJobs: async () => [{ jobId: "job-1", status: "RUNNING" }] }, false],
  ])("%s", async (_when, change, isComplete) => {
    expect((await gatherFacts(succeededRun().execution, 0, { ...witnesses, ...change })).isComplete).toBe(isComplete);
  });
});
