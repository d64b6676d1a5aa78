// Jobs that go wrong, and credentials that end: where the run fails, what the redrive submits, and when it asks for a code first.

import { BatchClient, TerminateJobCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { roleNames } from "../../core/naming.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator } from "./operator.ts";
import { type Admin, freshCode, nothing, type RunAccount, since, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
beforeAll(async () => {
  at = await startRunAccount();
  await endRecordSweep(at);
  operator = new Operator(at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const admin: Admin = "alice";
const input = async (parameters: object) => ({ job: "trial", admin, parameters, mfaCode: await freshCode(admin, at) });
const failed = (message: string) => ({ status: "FAILED", at: "RunJob", error: "States.TaskFailed", message });
const tooLate = {
  status: "waits",
  because: "session-expired",
  message: "The credentials that were issued would end before the job could.",
};

/** The job that the run has submitted last. */
const jobOf = (executionArn: string): Promise<string> =>
  operator.until(executionArn, (events) => {
    const submitted = events.findLast(({ taskSubmittedEventDetails: details }) => details?.resource === "submitJob.sync");
    return submitted && (JSON.parse(submitted.taskSubmittedEventDetails?.output ?? "{}") as { JobId: string }).JobId;
  });

const untilJob = (jobId: string, status: string): Promise<void> =>
  new Promise((resolve) => {
    const ends = at.emulator.batch.onJobState(jobId, (state) => {
      if (state.status !== status) return;
      ends();
      resolve();
    });
  });

describe("a job that ends badly fails its run at RunJob, and a redrive submits it again without a code:", () => {
  it.each([
    ["one that exits non-zero", "exit", 3],
    ["one that is killed", "die", 137],
  ])("%s", async (_what, act, exitCode) => {
    const before = at.issued();
    const { executionArn, rest } = await operator.run(await input({ act }));
    expect(rest).toEqual(failed("Essential container in task exited"));
    expect(at.emulator.batch.describe(await jobOf(executionArn))?.container?.exitCode).toBe(exitCode);
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RunJob", ...failed("Essential container in task exited") });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 2 });
  });

  it("one that somebody terminates, with that person's reason", async () => {
    const executionArn = await operator.start(await input({ act: "hang" }));
    const jobId = await jobOf(executionArn);
    await untilJob(jobId, "RUNNING");
    const batch = signedIn(BatchClient, at.administrator, at);
    await batch.send(new TerminateJobCommand({ jobId, reason: "It disturbs the others." }));
    batch.destroy();
    expect(await operator.rest(executionArn)).toEqual(failed("It disturbs the others."));
  });
});

describe("a job that takes too long fails its run at RunJob, and a redrive asks for a code first:", () => {
  it("one that runs past its timeout", async () => {
    const executionArn = await operator.start(await input({ act: "hang" }));
    await untilJob(await jobOf(executionArn), "RUNNING");
    await at.emulator.clock.advance(900_000);
    expect(await operator.rest(executionArn)).toEqual(failed("Job attempt duration exceeded timeout"));
    const before = at.issued();
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RunJob", ...tooLate });
    expect(since(before, at.issued())).toEqual(nothing);
    await operator.stop(executionArn);
  });

  it("one that never starts, because another one has all the room", async () => {
    const holding = await operator.start(await input({ act: "hang" }));
    await untilJob(await jobOf(holding), "RUNNING");
    const executionArn = await operator.start(await input({ act: "succeed" }));
    const jobId = await jobOf(executionArn);
    await untilJob(jobId, "RUNNABLE");
    await at.emulator.clock.advance(600_000);
    const reason = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE";
    expect(await operator.rest(executionArn)).toEqual(failed(`Canceled by JobStateTimeLimit action due to reason: ${reason}`));
    expect(at.emulator.batch.describe(jobId)?.attempts).toEqual([]);
    const before = at.issued();
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RunJob", ...tooLate });
    expect(since(before, at.issued())).toEqual(nothing);
    await operator.stop(executionArn);
    await operator.stop(holding);
    await untilJob(await jobOf(holding), "FAILED");
  });
});

describe("a run that is stopped while its job runs", () => {
  it("ends the job; redriven at once, it submits it again without a code", async () => {
    const before = at.issued();
    const executionArn = await operator.start(await input({ act: "hang" }));
    const jobId = await jobOf(executionArn);
    await untilJob(jobId, "RUNNING");
    expect(await operator.stop(executionArn)).toMatchObject({ status: "ABORTED", at: "RunJob" });
    await untilJob(jobId, "FAILED");
    const redriven = operator.redrive(executionArn);
    const again = await operator.until(executionArn, (events) =>
      events.filter(({ taskSubmittedEventDetails: details }) => details?.resource === "submitJob.sync").length === 2
        ? jobOf(executionArn)
        : undefined,
    );
    await untilJob(await again, "RUNNING");
    await operator.stop(executionArn);
    expect(await redriven).toMatchObject({ resumesAt: "RunJob", status: "ABORTED" });
    await untilJob(await again, "FAILED");
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 2 });
  });
});

describe("a submission that is too large", () => {
  it("fails at AuthorizeSubmission before anything is submitted, again on a redrive", async () => {
    const before = at.issued();
    const { executionArn, rest } = await operator.run(await input({ act: "succeed", text: "x".repeat(1900) }), "large");
    const refused = {
      status: "FAILED",
      at: "AuthorizeSubmission",
      error: "SubmissionTooLarge",
      message: expect.stringMatching(
        /^Run large: nothing was submitted: the container overrides have 1\d{4} characters, and ECS takes 8192\. Start a new run with shorter parameters\.$/,
      ),
    };
    expect(rest).toEqual(refused);
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 0 });
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "AuthorizeSubmission", ...refused });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 0 });
  });
});

describe("what has expired when a run is redriven", () => {
  it("the MFA session: the run asks for a code, and goes on with it", async () => {
    const error = new AwsError("KMSInternalException", "The request was rejected because an internal exception occurred.", {
      statusCode: 500,
    });
    const fault = at.emulator.gateway.faults.add({
      service: "kms",
      operation: "Decrypt",
      callerRole: roleNames.retrieveCredentials,
      times: 100,
      error,
    });
    const { executionArn, rest } = await operator.run(await input({ act: "succeed" }), "old-session");
    fault.lift();
    expect(rest).toEqual({ status: "FAILED", at: "RetrieveCredentials", error: "KMSInternalException", message: error.message });
    await at.emulator.clock.advance(900_000);
    const before = at.issued();
    expect(await operator.redrive(executionArn)).toEqual({
      resumesAt: "RetrieveCredentials",
      status: "waits",
      because: "session-expired",
      message: "Run old-session: the MFA session has ended; it lasts 15 minutes. A fresh code of alice opens a new one.",
    });
    expect(since(before, at.issued())).toEqual(nothing);
    expect(await operator.answer(executionArn, { mfaCode: await freshCode(admin, at) })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
  });

  it("the job's credentials: the run asks for a code, and submits the job with new ones", async () => {
    const { executionArn } = await operator.run(await input({ act: "exit" }), "old-credentials");
    await at.emulator.clock.advance(3_600_000);
    const before = at.issued();
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RunJob", ...tooLate });
    expect(since(before, at.issued())).toEqual(nothing);
    const code = await freshCode(admin, at);
    expect(await operator.answer(executionArn, { mfaCode: code })).toEqual(failed("Essential container in task exited"));
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
  });
});
