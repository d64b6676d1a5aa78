// Every end of a run leaves its record: what it says, who it names, and that nothing is lost or written twice, whatever EventBridge and CloudTrail do.

import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { RedriveExecutionCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { functionName, runEndRuleName } from "../../core/naming.ts";
import { Operator } from "./operator.ts";
import { passTime, type RecordedRuns, recordedRuns } from "./recorded-runs.ts";
import { type Admin, freshCode, type RunAccount, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
let recorded: RecordedRuns;
beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
  recorded = recordedRuns(at);
});
afterAll(async () => {
  operator?.destroy();
  recorded?.destroy();
  await at?.emulator.stop();
});

const admin: Admin = "alice";
const trial = (act: string, more: object = {}) => ({ job: "trial", admin, parameters: { act }, reason: "A test of records", ...more });
const withCode = async (act: string) => trial(act, { mfaCode: await freshCode(admin, at) });
const byOperator = { by: "arn:aws:iam::111122223333:user/operator", sourceIp: "127.0.0.1" };
const byAdministrator = { by: expect.stringContaining(":user/administrator") };

/** The records of an execution once the clock has moved on so far that nothing is waited for any more. */
async function recordsOf(executionArn: string) {
  await passTime(at, 90);
  return recorded.of(executionArn);
}

const runs = { succeeded: "", failed: "", stopped: "", unanswered: "", unadmitted: "", redriven: "" };

describe("a run leaves a record", () => {
  it("that says who started and who answered it, with whose code, as whom it ran, and how it ended", async () => {
    const { executionArn } = await operator.run(trial("succeed"));
    runs.succeeded = executionArn;
    await operator.answer(executionArn, { mfaCode: await freshCode(admin, at) });
    const [record, ...others] = await recordsOf(executionArn);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      run: "run-1",
      execution: executionArn,
      attempt: 0,
      started: { ...byOperator, matched: "execution" },
      answers: [{ ...byOperator, kind: "code", matched: "time" }],
      redriven: null,
      stopped: null,
      job: "trial",
      admin,
      reason: "A test of records",
      parameters: { act: "succeed" },
      jobDefinition: expect.stringMatching(/job-definition\/keyturn-trial:1$/),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      opened: { admin, attempt: 0 },
      session: { role: at.roleArn("BatchRoleTrial"), name: "run-1", sourceIdentity: admin },
      batchJobs: [{ status: "SUCCEEDED", exitCode: 0, image: { sources: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
      outcome: { status: "SUCCEEDED", error: null },
      lock: { mode: "GOVERNANCE", days: 365 },
    });
  });

  it("where its job failed", async () => {
    const { executionArn } = await operator.run(await withCode("exit"));
    runs.failed = executionArn;
    expect(await recordsOf(executionArn)).toMatchObject([
      {
        started: byOperator,
        batchJobs: [{ status: "FAILED", exitCode: 3 }],
        outcome: { status: "FAILED", error: "States.TaskFailed", cause: expect.stringMatching(/exit code 3; Essential container/) },
      },
    ]);
  });

  it("where somebody stopped it, who that was", async () => {
    const { executionArn } = await operator.run(trial("succeed"));
    runs.stopped = executionArn;
    const sfn = signedIn(SFNClient, at.administrator, at);
    await sfn.send(new StopExecutionCommand({ executionArn, cause: "Not today" }));
    sfn.destroy();
    expect(await recordsOf(executionArn)).toMatchObject([
      {
        started: byOperator,
        stopped: byAdministrator,
        answers: [],
        opened: null,
        session: null,
        outcome: { status: "ABORTED", cause: "Not today" },
      },
    ]);
  });

  it("where nobody answered it in time", async () => {
    const { executionArn } = await operator.run(trial("succeed"));
    runs.unanswered = executionArn;
    await at.emulator.clock.advance(14_400_000);
    await operator.rest(executionArn);
    expect(await recordsOf(executionArn)).toMatchObject([
      { started: byOperator, answers: [], opened: null, outcome: { status: "FAILED", error: "States.Timeout", cause: null } },
    ]);
  });

  it("where it was never admitted", async () => {
    const { executionArn } = await operator.run({ job: "trial", admin: "mallory", reason: "To see" });
    runs.unadmitted = executionArn;
    expect(await recordsOf(executionArn)).toMatchObject([
      {
        started: byOperator,
        job: "trial",
        admin: "mallory",
        reason: "To see",
        digest: null,
        states: [{ name: "AdmitRun", error: "InvalidRun" }],
        outcome: { status: "FAILED", error: "InvalidRun", cause: expect.stringContaining("mallory") },
      },
    ]);
  });

  it("of each attempt, where it was redriven twice, with whoever did that", async () => {
    const { executionArn } = await operator.run(await withCode("exit"));
    runs.redriven = executionArn;
    // CloudTrail knows whole seconds.
    await at.emulator.clock.advance(10_000);
    await operator.redrive(executionArn);
    await at.emulator.clock.advance(10_000);
    const sfn = signedIn(SFNClient, at.administrator, at);
    await sfn.send(new RedriveExecutionCommand({ executionArn }));
    sfn.destroy();
    await operator.rest(executionArn);
    const failed = { started: byOperator, opened: { attempt: 0 }, batchJobs: [{ exitCode: 3 }], outcome: { status: "FAILED" } };
    expect(await recordsOf(executionArn)).toMatchObject([
      { attempt: 0, ...failed, redriven: null },
      { attempt: 1, ...failed, redriven: byOperator, states: [{ name: "RunJob" }] },
      { attempt: 2, ...failed, redriven: byAdministrator, states: [{ name: "RunJob" }] },
    ]);
  });

  it("and all of them hold on to each other", async () => {
    expect((await recorded.records()).map(({ execution }) => execution)).toEqual([
      runs.succeeded,
      runs.failed,
      runs.stopped,
      runs.unanswered,
      runs.unadmitted,
      ...[0, 1, 2].map(() => runs.redriven),
    ]);
    expect(await recorded.verify()).toMatchObject({ findings: [], pending: [], records: 8, executions: 6, newest: { sequence: 8 } });
  });
});

describe("nothing is lost and nothing is written twice", () => {
  it("where 20 runs end at once: one unbroken chain", async () => {
    const before = (await recorded.records()).length;
    await Promise.all(Array.from({ length: 20 }, (_, index) => operator.run({ job: "none" }, `at-once-${index}`)));
    await at.emulator.settled();
    const records = (await recorded.records()).slice(before);
    expect(records.map(({ run }) => run).sort()).toEqual(Array.from({ length: 20 }, (_, index) => `at-once-${index}`).sort());
    expect(await recorded.verify()).toMatchObject({ findings: [], pending: [] });
  });

  it("where one end is told of many times at once, and again after a while", async () => {
    const { executionArn } = await operator.run({ job: "none" });
    const lambda = signedIn(LambdaClient, at.administrator, at);
    const tell = async () => {
      const Payload = JSON.stringify({ execution: executionArn });
      const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: functionName("record-run"), Payload }));
      expect(FunctionError).toBeUndefined();
    };
    await Promise.all(Array.from({ length: 8 }, tell));
    await passTime(at, 30);
    await tell();
    lambda.destroy();
    expect(await recorded.of(executionArn)).toHaveLength(1);
  });

  it("where EventBridge tells of nothing: the sweep finds it", async () => {
    const events = signedIn(EventBridgeClient, at.administrator, at);
    const Name = runEndRuleName("record-run");
    await events.send(new DisableRuleCommand({ Name }));
    const { executionArn } = await operator.run({ job: "none" });
    await at.emulator.settled();
    expect(await recorded.of(executionArn)).toEqual([]);
    expect(await recorded.verify()).toMatchObject({ findings: [], pending: [{ attempt: 0 }] });
    await passTime(at, 15);
    await events.send(new EnableRuleCommand({ Name }));
    events.destroy();
    expect(await recorded.of(executionArn)).toMatchObject([{ started: byOperator, outcome: { error: "InvalidRun" } }]);
    expect(await recorded.verify()).toMatchObject({ findings: [], pending: [] });
  });
});

describe("where CloudTrail takes ten minutes", () => {
  it("a record waits for it: a sweep writes it, and names everybody", async () => {
    const slow = await startRunAccount({ trailDelayMs: 600_000 });
    const other = new Operator(slow);
    const records = recordedRuns(slow);
    try {
      const { executionArn } = await other.run({ job: "none" });
      const endedAtMs = slow.emulator.clock.now();
      await slow.emulator.settled();
      expect(await records.of(executionArn)).toEqual([]);
      await passTime(slow, 15);
      const [record] = await records.of(executionArn);
      expect(record?.started).toMatchObject({ ...byOperator, matched: "execution" });
      expect(Date.parse(record?.recordedAt ?? "")).toBeLessThan(endedAtMs + 16 * 60_000);
      expect(await records.verify()).toMatchObject({ findings: [], pending: [] });
    } finally {
      other.destroy();
      records.destroy();
      await slow.emulator.stop();
    }
  });

  it("for ever, the record is written after an hour and says so", async () => {
    const blind = await startRunAccount({ trailDelayMs: 365 * 86_400_000 });
    const other = new Operator(blind);
    const records = recordedRuns(blind);
    try {
      const { executionArn } = await other.run({ job: "none" });
      await passTime(blind, 45);
      expect(await records.of(executionArn)).toEqual([]);
      await passTime(blind, 30);
      expect(await records.of(executionArn)).toMatchObject([
        { started: { by: null, why: "CloudTrail's event history has no StartExecution of that time for this run." } },
      ]);
      expect(await records.verify()).toMatchObject({ findings: [], pending: [] });
    } finally {
      other.destroy();
      records.destroy();
      await blind.emulator.stop();
    }
  });
});
