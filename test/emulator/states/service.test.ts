import {
  CreateActivityCommand,
  GetActivityTaskCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Account, functionArn, machineArn, roleArn, startAccount, trusts, trustsStates } from "./account.ts";

let account: Account;

const run = async (stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> => {
  const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), ...(name === undefined ? {} : { name }) });
  return (await account.sfn.send(command)).executionArn ?? "";
};

const events = async (executionArn: string) =>
  (await account.sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))).events ?? [];

const byInvoker = (task: string, more: object = {}): object => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: functionArn(task), Payload: "{% $states.input %}" },
  Credentials: { RoleArn: roleArn("Invoker") },
  Output: "{% $states.result.Payload %}",
  End: true,
  ...more,
});

const jobTask = {
  Type: "Task",
  Resource: "arn:aws:states:::batch:submitJob.sync",
  Credentials: { RoleArn: roleArn("Submitter") },
  Arguments: {
    JobName: "job",
    JobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/q",
    JobDefinition: "d",
    Tags: { lowerCase: "kept" },
  },
  End: true,
};

beforeAll(async () => {
  account = await startAccount();
  const jobs = { Action: ["events:PutRule", "events:PutTargets", "events:DescribeRule"], Resource: "*" };
  const assumes = { Action: "sts:AssumeRole", Resource: ["Invoker", "Submitter", "ForOtherMachine"].map(roleArn) };
  await account.addRole("Machine", {
    trust: trustsStates,
    allow: [assumes, jobs, { Action: "lambda:InvokeFunction", Resource: functionArn("echo") }],
  });
  await account.addRole("Runs", { trust: trusts({ Service: "lambda.amazonaws.com" }) });
  const externalId = (machine: string) => ({ StringEquals: { "sts:ExternalId": machineArn(machine) } });
  const fromMachine = { AWS: roleArn("Machine") };
  await account.addRole("Invoker", {
    trust: trusts(fromMachine, { StringLike: { "sts:ExternalId": machineArn("*") } }),
    allow: [{ Action: "lambda:InvokeFunction", Resource: functionArn("echo") }],
  });
  await account.addRole("ForOtherMachine", { trust: trusts(fromMachine, externalId("another")) });
  await account.addRole("Submitter", {
    trust: trusts(fromMachine),
    allow: [{ Action: ["batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob"], Resource: "*" }],
  });
  await account.addFunction(
    "echo",
    `export const handler = async (event) => {
      if (event.fail) throw Object.assign(new Error(event.fail), { name: "MfaRejected" });
      return event;
    };`,
  );
}, 60_000);
afterAll(() => account.stop());

describe("Lambda tasks", () => {
  test("run under the role that Credentials names, assumed with the machine's ARN as external id", async () => {
    const executionArn = await run(await account.addMachine("invokes", { A: byInvoker("echo") }), { x: 1 });
    expect(await account.ended(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"x":1}' });
    const history = await events(executionArn);
    expect(history.map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
    expect(history[2]?.taskScheduledEventDetails).toMatchObject({
      resourceType: "lambda",
      resource: "invoke",
      region: "us-east-1",
      taskCredentials: { roleArn: roleArn("Invoker") },
    });
    const invoke = account.calls.findLast(({ operation }) => operation === "Invoke");
    expect(invoke?.caller?.roleArn).toBe(roleArn("Invoker"));
  });

  test("by function ARN use the machine's own role and the function's bare answer", async () => {
    const machine = await account.addMachine("bare", { A: { Type: "Task", Resource: functionArn("echo"), End: true } });
    expect(await account.ended(await run(machine, { x: 2 }))).toMatchObject({ status: "SUCCEEDED", output: '{"x":2}' });
  });

  test("fail with the function's own error, its description as the cause", async () => {
    const { error, cause = "" } = await account.ended(
      await run(await account.addMachine("fails", { A: byInvoker("echo") }), { fail: "spent" }),
    );
    expect(error).toBe("MfaRejected");
    expect(JSON.parse(cause)).toMatchObject({ errorType: "MfaRejected", errorMessage: "spent" });
  });

  test.each([
    ["a function that the role may not invoke", byInvoker("other"), "Lambda.AWSLambdaException", "lambda:InvokeFunction"],
    [
      "a role that asks for another machine's ARN",
      byInvoker("echo", { Credentials: { RoleArn: roleArn("ForOtherMachine") } }),
      "States.TaskFailed",
      "is not authorized to assume the task state's role",
    ],
  ])("fail at %s", async (_what, state, error, cause) => {
    const machine = await account.addMachine(`denied-${error.replaceAll(".", "-")}`, { A: state });
    expect(await account.ended(await run(machine))).toMatchObject({ status: "FAILED", error, cause: expect.stringContaining(cause) });
  });

  test("with a task token wait for the answer, and take it once", async () => {
    const state = byInvoker("echo", {
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: functionArn("echo"), Payload: { token: "{% $states.context.Task.Token %}" } },
      Output: "{% $states.result %}",
    });
    const executionArn = await run(await account.addMachine("asks", { A: state }));
    const submitted = await vi.waitUntil(async () => (await events(executionArn)).find(({ type }) => type === "TaskSubmitted"), {
      timeout: 20_000,
    });
    const { Payload } = JSON.parse(submitted.taskSubmittedEventDetails?.output ?? "") as { Payload: { token: string } };
    const answer = new SendTaskSuccessCommand({ taskToken: Payload.token, output: '{"mfaCode":"123456"}' });
    await account.sfn.send(answer);
    expect(await account.ended(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"mfaCode":"123456"}' });
    await expect(account.sfn.send(answer)).rejects.toMatchObject({ name: "TaskTimedOut" });
    const wrong = new SendTaskSuccessCommand({ taskToken: "nobody's", output: "{}" });
    await expect(account.sfn.send(wrong)).rejects.toMatchObject({ name: "InvalidToken" });
  });
});

describe("Batch jobs", () => {
  const started = async (name: string): Promise<{ executionArn: string; jobId: string }> => {
    const before = account.batch.submitted.length;
    const executionArn = await run(await account.addMachine(name, { RunJob: jobTask }));
    const job = await vi.waitUntil(() => account.batch.submitted[before], { timeout: 20_000 });
    await vi.waitUntil(async () => (await events(executionArn)).some(({ type }) => type === "TaskSubmitted"), { timeout: 20_000 });
    return { executionArn, jobId: job.jobId };
  };

  test("are followed to their end, with the job in PascalCase as the result", async () => {
    const { executionArn, jobId } = await started("job-succeeds");
    expect(account.batch.submitted.at(-1)?.request).toMatchObject({ tags: { lowerCase: "kept" }, jobDefinition: "d" });
    account.batch.end(jobId, { status: "SUCCEEDED", tags: { lowerCase: "kept" }, container: { exitCode: 0 } });
    const { status, output = "" } = await account.ended(executionArn);
    expect(status).toBe("SUCCEEDED");
    expect(JSON.parse(output)).toMatchObject({
      JobId: jobId,
      Status: "SUCCEEDED",
      Tags: { lowerCase: "kept" },
      Container: { ExitCode: 0 },
    });
  });

  test("that fail are States.TaskFailed with the job as the cause", async () => {
    const { executionArn, jobId } = await started("job-fails");
    account.batch.end(jobId, { status: "FAILED", container: { exitCode: 3 } });
    const { error, cause = "" } = await account.ended(executionArn);
    expect(error).toBe("States.TaskFailed");
    expect(JSON.parse(cause)).toMatchObject({ Status: "FAILED", Container: { ExitCode: 3 } });
  });

  test("are terminated when the execution is stopped", async () => {
    const { executionArn, jobId } = await started("job-stops");
    await account.sfn.send(new StopExecutionCommand({ executionArn, error: "Operator", cause: "enough" }));
    await vi.waitUntil(() => account.batch.terminated.includes(jobId));
    expect(await account.ended(executionArn)).toMatchObject({ status: "ABORTED", error: "Operator", cause: "enough" });
  });
});

describe("executions", () => {
  test("with the same name and input are the same while they run, and refused after", async () => {
    const machine = await account.addMachine("waits", { A: { Type: "Wait", Seconds: 600, End: true } });
    const first = await run(machine, { a: 1 }, "once");
    expect(await run(machine, { a: 1 }, "once")).toBe(first);
    await expect(run(machine, { a: 2 }, "once")).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
    await account.sfn.send(new StopExecutionCommand({ executionArn: first }));
    await expect(run(machine, { a: 1 }, "once")).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
  });

  test("are listed newest first, page by page, by status", async () => {
    const machine = await account.addMachine("listed", {
      A: { Type: "Choice", Choices: [{ Condition: "{% $states.input.ok %}", Next: "B" }], Default: "C" },
      B: { Type: "Succeed" },
      C: { Type: "Fail" },
    });
    for (const name of ["r1", "r2", "r3"]) await account.ended(await run(machine, { ok: name !== "r2" }, name));
    const list = (more: object) => account.sfn.send(new ListExecutionsCommand({ stateMachineArn: machine, ...more }));
    const first = await list({ maxResults: 2 });
    expect(first.executions?.map(({ name }) => name)).toEqual(["r3", "r2"]);
    expect((await list({ nextToken: first.nextToken })).executions?.map(({ name }) => name)).toEqual(["r1"]);
    expect((await list({ statusFilter: "FAILED" })).executions?.map(({ name }) => name)).toEqual(["r2"]);
  });

  test("show their history backwards and without data when asked", async () => {
    const executionArn = await run(await account.addMachine("short", { A: { Type: "Succeed" } }), { secret: 1 });
    await account.ended(executionArn);
    const command = new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, includeExecutionData: false });
    const history = (await account.sfn.send(command)).events ?? [];
    expect(history.map(({ type }) => type)).toEqual([
      "ExecutionSucceeded",
      "SucceedStateExited",
      "SucceedStateEntered",
      "ExecutionStarted",
    ]);
    expect(JSON.stringify(history)).not.toContain("secret");
  });

  test("that failed can be redriven, and those that succeeded cannot", async () => {
    const machine = await account.addMachine("again", { A: byInvoker("later") });
    const executionArn = await run(machine, { n: 1 });
    expect(await account.ended(executionArn)).toMatchObject({ status: "FAILED", redriveStatus: "REDRIVABLE" });
    await account.sfn.send(new RedriveExecutionCommand({ executionArn }));
    expect(await account.ended(executionArn)).toMatchObject({ status: "FAILED", redriveCount: 1 });
    const done = await run(await account.addMachine("done", { A: { Type: "Succeed" } }));
    await account.ended(done);
    await expect(account.sfn.send(new RedriveExecutionCommand({ executionArn: done }))).rejects.toMatchObject({
      name: "ExecutionNotRedrivable",
    });
  });
});

test("an activity's worker takes the task and answers it", async () => {
  const { activityArn = "" } = await account.sfn.send(new CreateActivityCommand({ name: "by-hand" }));
  const machine = await account.addMachine("by-hand", { A: { Type: "Task", Resource: activityArn, Arguments: { do: "it" }, End: true } });
  const executionArn = await run(machine);
  const { taskToken = "", input } = await account.sfn.send(new GetActivityTaskCommand({ activityArn, workerName: "worker" }));
  expect(input).toBe('{"do":"it"}');
  await account.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '"done"' }));
  expect(await account.ended(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '"done"' });
});
