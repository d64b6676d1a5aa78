// Lambda over the wire: what a function is given, what comes back, and what each failure looks like.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { GetFunctionCommand, InvokeCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  account,
  client,
  clock,
  createFunction,
  discarded,
  invocations,
  invoke,
  until,
  useFunctionAccount,
} from "../processes/function-account.ts";
import { writeLogs } from "../processes/workload-account.ts";

useFunctionAccount();

describe("a function that works", () => {
  beforeAll(() => createFunction("echo", "index.echo", { Environment: { Variables: { GREETING: "hi" } } }));

  it("is given its event and a context, and its answer comes back", async () => {
    const { StatusCode, ExecutedVersion, FunctionError, answer } = await invoke("echo", { a: [1, "ü"] });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      FunctionError: undefined,
    });
    expect(answer).toEqual({ event: { a: [1, "ü"] }, name: "echo", left: true });
  });

  it("starts cold once and is warm from then on", async () => {
    await invoke("echo");
    const before = invocations.length;
    await invoke("echo");
    expect(invocations.slice(before)).toMatchObject([{ functionName: "echo", cold: false, initMs: 0, status: "success" }]);
    expect(invocations.filter((of) => of.functionName === "echo" && of.cold)).toHaveLength(1);
  });

  it("takes an empty payload for an empty object", async () => {
    const reply = await client.send(new InvokeCommand({ FunctionName: "echo" }));
    expect(JSON.parse(Buffer.from(reply.Payload ?? []).toString())).toMatchObject({ event: {} });
  });

  it("is not run by a dry run", async () => {
    const before = invocations.length;
    expect((await invoke("echo", {}, { InvocationType: "DryRun" })).StatusCode).toBe(204);
    expect(invocations).toHaveLength(before);
  });

  it("is shown by GetFunction and ListFunctions", async () => {
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: "echo" }));
    expect(Configuration).toMatchObject({
      FunctionName: "echo",
      Handler: "index.echo",
      Timeout: 3,
      Environment: { Variables: { GREETING: "hi" } },
    });
    const { Functions } = await client.send(new ListFunctionsCommand({}));
    expect(Functions?.map((of) => of.FunctionName)).toContain("echo");
  });
});

it("gives a process AWS's variables, the function's own, and nothing else", async () => {
  await createFunction("variables", "index.variables", { Environment: { Variables: { GREETING: "hi" } } });
  const { answer } = await invoke("variables");
  expect(Object.keys(answer).sort()).toEqual([
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GREETING",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "PATH",
    "TZ",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
  ]);
  expect(answer).toMatchObject({ AWS_LAMBDA_FUNCTION_NAME: "variables", AWS_REGION: "us-east-1", GREETING: "hi" });
});

describe("a function that fails", () => {
  it.each([
    ["throws", "index.fails", { errorType: "NoSuchThing", errorMessage: "no such thing" }],
    ["leaves a rejection", "index.rejects", { errorType: "Runtime.UnhandledPromiseRejection", errorMessage: "nobody caught this" }],
    [
      "exits",
      "index.exits",
      {
        errorType: "Runtime.ExitError",
        errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]+ Error: Runtime exited with error: exit status 3$/),
      },
    ],
    ["fails to load", "broken.handler", { errorType: "RangeError", errorMessage: "at load" }],
    ["has a syntax error", "syntax.handler", { errorType: "Runtime.UserCodeSyntaxError" }],
    ["has no such file", "absent.handler", { errorType: "Runtime.ImportModuleError" }],
    [
      "has no such handler",
      "index.absent",
      { errorType: "Runtime.HandlerNotFound", errorMessage: "index.absent is undefined or not exported" },
    ],
    ["wants a callback", "index.callback", { errorType: "Runtime.CallbackHandlerDeprecated" }],
    ["answers too much", "index.big", { errorType: "Function.ResponseSizeTooLarge" }],
  ])("answers with its error when it %s", async (title, handler, error) => {
    const name = title.replaceAll(/\W/g, "-");
    await createFunction(name, handler, { Timeout: 30 });
    const { StatusCode, FunctionError, answer } = await invoke(name);
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(answer).toMatchObject(error);
  });

  it("starts a new process after a crash", async () => {
    await invoke("exits");
    expect(invocations.findLast((of) => of.functionName === "exits")).toMatchObject({ cold: true, status: "failure" });
  });

  it("is killed when its time is over", async () => {
    await createFunction("hangs", "index.hangs", { Timeout: 3 });
    const { FunctionError, answer, log } = await invoke("hangs", {}, { LogType: "Tail" });
    expect(FunctionError).toBe("Unhandled");
    expect(answer).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]+ Error: Task timed out after 3\.00 seconds$/),
    });
    expect(log).toMatch(/\nREPORT RequestId: .*\tStatus: timeout\n$/);
  });
});

describe("what cannot be invoked", () => {
  it.each([
    ["no such function", { FunctionName: "absent" }, "ResourceNotFoundException"],
    ["a payload that is not JSON", { FunctionName: "echo", Payload: Buffer.from("{") }, "InvalidRequestContentException"],
    [
      "an event above 1 MB",
      { FunctionName: "echo", InvocationType: "Event", Payload: Buffer.from(`"${"x".repeat(1_048_576)}"`) },
      "RequestTooLargeException",
    ],
    ["a name that is none", { FunctionName: "a b" }, "ValidationException"],
  ] as const)("refuses %s", async (_, input, name) => {
    await expect(client.send(new InvokeCommand(input))).rejects.toMatchObject({ name });
  });

  it("throttles beyond the reserved concurrency", async () => {
    await createFunction("reserved", "index.echo", { ReservedConcurrentExecutions: 0 });
    await expect(invoke("reserved")).rejects.toMatchObject({
      name: "TooManyRequestsException",
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
    });
  });

  it("refuses a role that Lambda may not assume, when the function is created", async () => {
    const Role = await account.role("NotLambda", { service: "ecs-tasks.amazonaws.com" });
    await expect(createFunction("unassumable", "index.echo", { Role })).rejects.toThrow("cannot be assumed by Lambda");
  });
});

describe("events at the same time", () => {
  it("run in processes of their own", async () => {
    const arrived: (() => void)[] = [];
    const both = new Promise<void>((resolve) => arrived.push(resolve));
    let waiting = 0;
    // Answers neither until both have asked: one process alone would never get to ask twice.
    const server = createServer((_, response) => {
      waiting += 1;
      if (waiting === 2) arrived[0]?.();
      void both.then(() => response.end());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await createFunction("waits", "index.waits", { Timeout: 30 });
    const [first, second] = await Promise.all([invoke("waits", { url }), invoke("waits", { url })]);
    expect(first.answer).not.toBe(second.answer);
    server.close();
    server.closeAllConnections();
  });
});

describe("an asynchronous event", () => {
  it("is accepted at once and tried again after one minute and two more, then given up", async () => {
    await createFunction("later", "index.fails");
    const discards = discarded.length;
    const finished = (count: number) => until(() => invocations.filter((of) => of.functionName === "later").length === count);
    expect((await invoke("later", {}, { InvocationType: "Event" })).StatusCode).toBe(202);
    await finished(1);
    await clock.advance(60_000);
    await finished(2);
    await clock.advance(120_000);
    await finished(3);
    await until(() => discarded.length === discards + 1);
    expect(discarded.at(-1)).toMatchObject({
      functionArn: "arn:aws:lambda:us-east-1:111122223333:function:later",
      reason: "RetriesExhausted",
    });
  });

  it("is tried once where the function's configuration says so", async () => {
    await createFunction("once", "index.fails");
    await account.create("AWS::Lambda::EventInvokeConfig", { FunctionName: "once", Qualifier: "$LATEST", MaximumRetryAttempts: 0 });
    await invoke("once", {}, { InvocationType: "Event" });
    await until(() => discarded.at(-1)?.functionArn.endsWith(":once") === true);
    expect(invocations.filter((of) => of.functionName === "once")).toHaveLength(1);
  });

  it("goes to the configured queue when it is given up, with its payload and the error", async () => {
    const sqs = account.client(SQSClient);
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "given-up" }));
    const Destination = "arn:aws:sqs:us-east-1:111122223333:given-up";
    const Role = await account.role("SendingRole", {
      service: "lambda.amazonaws.com",
      statements: [writeLogs, { Action: "sqs:SendMessage", Resource: Destination }],
    });
    await createFunction("gives-up", "index.fails", { Role });
    const DestinationConfig = { OnFailure: { Destination } };
    await account.create("AWS::Lambda::EventInvokeConfig", {
      FunctionName: "gives-up",
      Qualifier: "$LATEST",
      MaximumRetryAttempts: 0,
      DestinationConfig,
    });
    await invoke("gives-up", { asked: "this" }, { InvocationType: "Event" });
    await until(() => discarded.at(-1)?.functionArn.endsWith(":gives-up") === true);
    expect(discarded.at(-1)).toMatchObject({ destination: "sent" });
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages.map(({ Body = "" }) => JSON.parse(Body) as unknown)).toMatchObject([
      {
        version: "1.0",
        requestContext: {
          functionArn: "arn:aws:lambda:us-east-1:111122223333:function:gives-up:$LATEST",
          condition: "RetriesExhausted",
          approximateInvokeCount: 1,
        },
        requestPayload: { asked: "this" },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        responsePayload: { errorType: "NoSuchThing", errorMessage: "no such thing" },
      },
    ]);
  });

  it("cannot be sent to a queue that the function's role may not send to", async () => {
    await createFunction("sends-nothing", "index.fails");
    const configured = account.create("AWS::Lambda::EventInvokeConfig", {
      FunctionName: "sends-nothing",
      Qualifier: "$LATEST",
      DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:111122223333:given-up" } },
    });
    await expect(configured).rejects.toThrow("does not have permissions to call SendMessage on SQS");
  });
});

it("renews the role's session before it ends, in a new process", async () => {
  const Handler = "index.variables";
  await createFunction("renewed", Handler);
  const first = await invoke("renewed");
  await clock.advance(2 * 3_600_000);
  const second = await invoke("renewed");
  expect(second.answer.AWS_ACCESS_KEY_ID).not.toBe(first.answer.AWS_ACCESS_KEY_ID);
  expect(invocations.findLast((of) => of.functionName === "renewed")).toMatchObject({ cold: true });
});

it("shows a function the emulator's time", async () => {
  await createFunction("now", "index.now");
  const { answer } = await invoke("now");
  expect(Math.abs(answer - clock.now())).toBeLessThan(60_000);
  expect(answer - Date.now()).toBeGreaterThan(3_600_000);
});
