// Services that throttle or fail, and tasks that crash: what nobody notices, what fails the run and where, and what is spent by then.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleNames } from "../../core/naming.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import type { Fault } from "../../emulator/faults.ts";
import { Operator, type Rest } from "./operator.ts";
import { type Admin, freshCode, type Issued, nothing, type RunAccount, since, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const admin: Admin = "alice";
const input = (mfaCode?: string, parameters: object = { act: "succeed" }) => ({
  job: "trial",
  admin,
  parameters,
  ...(mfaCode === undefined ? {} : { mfaCode }),
});
const succeeded = { status: "SUCCEEDED", at: "RunJob" };
const all: Issued = { sessions: 1, roles: 1, jobs: 1 };

const throttled = new AwsError("ThrottlingException", "Rate exceeded");
const stsThrottled = new AwsError("Throttling", "Rate exceeded");
const failing = (code: string) => new AwsError(code, "It is not you, it is us.", { statusCode: 500 });
const failed = (state: string, error: string, message: string) => ({ status: "FAILED", at: state, error, message });
const its = "It is not you, it is us.";
/** More than anybody's retries; lifted before the redrive. */
const always = 100;

describe("a run does not notice", () => {
  it.each<[string, Fault]>([
    ["a throttle of Secrets Manager", { service: "secretsmanager", operation: "GetSecretValue", times: 1, error: throttled }],
    ["a throttle of DynamoDB", { service: "dynamodb", operation: "PutItem", times: 1, error: throttled }],
    ["a throttle of STS for the job's role", { service: "sts", operation: "AssumeRole", callerUser: admin, times: 1, error: stsThrottled }],
    [
      "a failure of KMS where the envelope is re-addressed",
      { service: "kms", operation: "ReEncrypt", times: 2, error: failing("KMSInternalException") },
    ],
  ])("%s", async (_what, fault) => {
    const { gateway } = at.emulator;
    const added = gateway.faults.add(fault);
    const before = at.issued();
    const { rest } = await operator.run(input(await freshCode(admin, at)));
    expect(rest).toEqual(succeeded);
    expect(added.struck).toBe(fault.times);
    expect(since(before, at.issued())).toEqual(all);
  });
});

interface Row {
  readonly what: string;
  readonly fault: Omit<Fault, "times">;
  readonly rest: object;
  readonly issued: Issued;
  /** What comes of a redrive when the service answers again: on to the end, or the code is spent. */
  readonly redriven?: "asks again";
  /** Everything that was issued by then. */
  readonly issuedThen: Issued;
}

const rows: readonly Row[] = [
  {
    what: "Lambda, for the step that must not be tried again",
    fault: { service: "lambda", operation: "Invoke", callerRole: roleNames.invokeValidateMfa, error: failing("ServiceException") },
    rest: {
      status: "FAILED",
      at: "ValidateMfa",
      error: "Lambda.ServiceException",
      message: expect.stringMatching(/^It is not you, it is us\. \(Service: Lambda, Status Code: 500, Request ID: [0-9a-f-]+\)$/),
    },
    issued: nothing,
    issuedThen: all,
  },
  {
    what: "Secrets Manager",
    fault: { service: "secretsmanager", operation: "GetSecretValue", error: throttled },
    rest: failed("ValidateMfa", "ThrottlingException", "Rate exceeded"),
    issued: nothing,
    issuedThen: all,
  },
  {
    what: "KMS, before the code is spent",
    fault: { service: "kms", operation: "GenerateDataKey", callerRole: roleNames.validateMfa, error: failing("KMSInternalException") },
    rest: failed("ValidateMfa", "KMSInternalException", its),
    issued: nothing,
    issuedThen: all,
  },
  {
    what: "DynamoDB, when the code is to be spent",
    fault: { service: "dynamodb", operation: "PutItem", error: failing("InternalServerError") },
    rest: failed("ValidateMfa", "InternalServerError", its),
    issued: nothing,
    issuedThen: all,
  },
  {
    what: "STS, when it is asked about the code",
    fault: { service: "sts", operation: "GetSessionToken", error: stsThrottled },
    rest: failed("ValidateMfa", "Throttling", "Rate exceeded"),
    issued: nothing,
    redriven: "asks again",
    issuedThen: nothing,
  },
  {
    what: "STS, when the job's role is assumed",
    fault: { service: "sts", operation: "AssumeRole", callerUser: admin, error: failing("ServiceUnavailable") },
    rest: failed("RetrieveCredentials", "ServiceUnavailable", its),
    issued: { sessions: 1, roles: 0, jobs: 0 },
    issuedThen: all,
  },
  {
    what: "KMS, when the job's credentials are sealed",
    fault: {
      service: "kms",
      operation: "GenerateDataKey",
      callerRole: roleNames.retrieveCredentials,
      error: failing("KMSInternalException"),
    },
    rest: failed("RetrieveCredentials", "KMSInternalException", its),
    issued: { sessions: 1, roles: 0, jobs: 0 },
    issuedThen: all,
  },
  {
    what: "KMS, when the envelope is re-addressed",
    fault: { service: "kms", operation: "ReEncrypt", error: failing("KMSInternalException") },
    rest: failed("AuthorizeSubmission", "KMSInternalException", its),
    issued: { sessions: 1, roles: 1, jobs: 0 },
    issuedThen: all,
  },
  {
    what: "Batch, when the job is submitted",
    fault: {
      service: "batch",
      operation: "SubmitJob",
      error: new AwsError("TooManyRequestsException", "Too Many Requests", { statusCode: 429 }),
    },
    rest: {
      status: "FAILED",
      at: "RunJob",
      error: expect.stringMatching(/^Batch\./),
      message: expect.stringMatching(/^Too Many Requests \(Service: Batch, Status Code: 429, /),
    },
    issued: { sessions: 1, roles: 1, jobs: 0 },
    issuedThen: all,
  },
  {
    what: "Batch, when the finished job is described: the redrive runs it again",
    fault: { service: "batch", operation: "DescribeJobs", callerRole: roleNames.runJob, error: failing("ServerException") },
    rest: {
      status: "FAILED",
      at: "RunJob",
      error: "Batch.ServerException",
      message: expect.stringMatching(/^It is not you, it is us\. \(Service: Batch, Status Code: 500, /),
    },
    issued: all,
    issuedThen: { sessions: 1, roles: 1, jobs: 2 },
  },
  {
    what: "the trust between the state machine's role and the step's",
    fault: {
      service: "sts",
      operation: "AssumeRole",
      callerRole: roleNames.stateMachine,
      error: new AwsError("AccessDenied", "no", { statusCode: 403 }),
    },
    rest: failed(
      "AdmitRun",
      "States.TaskFailed",
      "The role arn:aws:iam::111122223333:role/KeyturnStateMachineRole is not authorized to assume the task state's role, arn:aws:iam::111122223333:role/InvokeAdmitRun.",
    ),
    issued: nothing,
    issuedThen: all,
  },
];

describe("a run fails for", () => {
  it.each(rows.map((row) => [row.what, row] as const))("%s", async (_what, { fault, rest, issued, redriven, issuedThen }) => {
    const added = at.emulator.gateway.faults.add({ ...fault, times: always });
    const before = at.issued();
    const run = await operator.run(input(await freshCode(admin, at)));
    added.lift();
    expect(run.rest).toEqual(rest);
    expect(added.struck).toBeGreaterThan(0);
    expect(since(before, at.issued())).toEqual(issued);
    const asks = {
      status: "waits",
      because: "refused",
      message: expect.stringMatching(/: this run has spent this code already, and a code works once\. /),
    };
    const resumesAt = (rest as { at: string }).at;
    expect(await operator.redrive(run.executionArn)).toEqual({ resumesAt, ...(redriven === undefined ? succeeded : asks) });
    expect(since(before, at.issued())).toEqual(issuedThen);
    if (redriven !== undefined) await operator.stop(run.executionArn);
  });

  it("SNS, when somebody is to be asked; redriven, it asks", async () => {
    const added = at.emulator.gateway.faults.add({
      service: "sns",
      operation: "Publish",
      times: always,
      error: failing("InternalErrorException"),
    });
    const { executionArn, rest } = await operator.run(input());
    added.lift();
    expect(rest).toEqual(failed("RequestMfa", "InternalErrorException", its));
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RequestMfa", status: "waits", because: "no-code" });
    await operator.stop(executionArn);
  });
});

describe("Lambda throttles a step that may be tried again", () => {
  const fault = {
    service: "lambda",
    operation: "Invoke",
    callerRole: roleNames.invokeAdmitRun,
    error: new AwsError("TooManyRequestsException", "Rate Exceeded.", { statusCode: 429 }),
  };

  /** Lets each wait between attempts pass as it begins; by less than what a function that is at work may take. */
  async function restAfterWaits(executionArn: string): Promise<Rest> {
    for (;;) {
      const last = (await operator.history(executionArn)).at(-1)?.type;
      if (last === "TaskSubmitted" || last === "ExecutionFailed") return operator.rest(executionArn);
      if (last === "TaskFailed") await at.emulator.clock.advance(20_000);
    }
  }

  it("for a while: the run goes on after it", async () => {
    const added = at.emulator.gateway.faults.add({ ...fault, times: 2 });
    const executionArn = await operator.start(input());
    expect(await restAfterWaits(executionArn)).toEqual({ status: "waits", because: "no-code" });
    expect(added.struck).toBe(2);
    await operator.stop(executionArn);
  });

  it("for too long: the run fails after five attempts; redriven, it has five more", async () => {
    const added = at.emulator.gateway.faults.add({ ...fault, times: always });
    const executionArn = await operator.start(input());
    expect(await restAfterWaits(executionArn)).toEqual({
      status: "FAILED",
      at: "AdmitRun",
      error: "Lambda.TooManyRequestsException",
      message: expect.stringMatching(/^Rate Exceeded\. \(Service: Lambda, Status Code: 429, /),
    });
    expect(added.struck).toBe(5);
    added.lift();
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "AdmitRun", status: "waits", because: "no-code" });
    await operator.stop(executionArn);
  });
});

describe("a task that crashes fails the run where it stands, and again on a redrive:", () => {
  it("one whose process ends", async () => {
    const before = at.issued();
    const { executionArn, rest } = await operator.run(input(undefined, { act: "succeed", breaks: "command" }));
    const crashed = {
      status: "FAILED",
      at: "AdmitRun",
      error: "Runtime.ExitError",
      message: expect.stringMatching(/^RequestId: [0-9a-f-]+ Error: Runtime exited with error: exit status 3$/),
    };
    expect(rest).toEqual(crashed);
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "AdmitRun", ...crashed });
    expect(since(before, at.issued())).toEqual(nothing);
  });

  it("one that never answers", async () => {
    const before = at.issued();
    const opened = () =>
      at.calls.filter(({ operation, caller }) => operation === "Decrypt" && caller?.roleArn?.endsWith(roleNames.retrieveCredentials))
        .length;
    /** The task opens the session before it asks the job for its policy, which never comes. */
    const outlast = async (executionArn: string, times: number) => {
      await operator.until(executionArn, () => (opened() >= times ? true : undefined));
      await at.emulator.clock.advance(30_000);
    };
    const earlier = opened();
    const executionArn = await operator.start(input(await freshCode(admin, at), { act: "succeed", breaks: "policy" }));
    await outlast(executionArn, earlier + 1);
    const timedOut = {
      status: "FAILED",
      at: "RetrieveCredentials",
      error: "Sandbox.Timedout",
      message: expect.stringMatching(/^RequestId: [0-9a-f-]+ Error: Task timed out after 30\.00 seconds$/),
    };
    expect(await operator.rest(executionArn)).toEqual(timedOut);
    const redriven = operator.redrive(executionArn);
    await outlast(executionArn, earlier + 2);
    expect(await redriven).toEqual({ resumesAt: "RetrieveCredentials", ...timedOut });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 0, jobs: 0 });
  });
});
