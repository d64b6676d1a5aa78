// Lambda over the wire: what a function is given, what comes back, and what each failure looks like.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AddPermissionCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListFunctionsCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { DiscardedEvent } from "../../../emulator/services/lambda/asynchronous-events.ts";
import type { Invocation } from "../../../emulator/services/lambda/invoker.ts";
import { createLambda, type Lambda } from "../../../emulator/services/lambda.ts";
import { type Statement, startWorkloadAccount, type WorkloadAccount, writeLogs } from "../processes/workload-account.ts";

const code = {
  "index.mjs": `
    export const echo = async (event, context) => ({ event, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 });
    export const variables = async () => process.env;
    export const fails = async () => { throw Object.assign(new TypeError("no such thing"), { name: "NoSuchThing" }); };
    export const prints = async () => { console.log("a line\\nand its rest"); process.stderr.write("raw\\n"); return 1; };
    export const exits = async () => process.exit(3);
    export const rejects = async () => { Promise.reject(new Error("nobody caught this")); return new Promise(() => {}); };
    export const hangs = async () => new Promise(() => setInterval(() => {}, 1000));
    export const big = async () => "x".repeat(7_000_000);
    export const now = async () => Date.now();
    export const waits = async (event) => { await fetch(event.url); return process.pid; };
    export const callback = (event, context, done) => done();
  `,
  "broken.mjs": "throw new RangeError('at load');",
  "syntax.mjs": "export const = 1;",
};

const network = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"];

let account: WorkloadAccount;
let lambda: Lambda;
let client: LambdaClient;
let folder: string;
let roleArn: string;
const clock = new MovableClock();
const invocations: Invocation[] = [];
const discarded: DiscardedEvent[] = [];
const lost: { functionName: string; events: number }[] = [];

beforeAll(async () => {
  account = await startWorkloadAccount(
    ({ environment, gateway, roles, kms, network: subnets }) => {
      lambda = createLambda(environment, {
        gateway,
        roles,
        keys: kms,
        subnets,
        onInvocation: (of) => invocations.push(of),
        onLogLost: (of) => lost.push(of),
        onDiscarded: (of) => discarded.push(of),
      });
      return [lambda];
    },
    { clock },
  );
  client = account.client(LambdaClient);
  folder = await account.folder(code);
  roleArn = await account.role("FunctionRole", { service: "lambda.amazonaws.com", statements: [writeLogs] });
});

afterAll(() => account.stop());

/** Gives the event loop its turns until `isTrue`; the test's own time limit ends a wait in vain. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

async function createFunction(name: string, handler: string, properties: object = {}): Promise<void> {
  const Code = { S3Bucket: "assets", S3Key: folder };
  await account.create("AWS::Lambda::Function", {
    FunctionName: name,
    Handler: handler,
    Code,
    Role: roleArn,
    Runtime: "nodejs24.x",
    ...properties,
  });
}

async function invoke(name: string, event: unknown = {}, options: Partial<InvokeCommandInput> = {}) {
  const reply = await client.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...options }));
  const text = Buffer.from(reply.Payload ?? []).toString("utf8");
  return {
    ...reply,
    answer: text === "" ? undefined : JSON.parse(text),
    log: Buffer.from(reply.LogResult ?? "", "base64").toString("utf8"),
  };
}

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

describe("a function's log", () => {
  it("holds START, its lines, END and REPORT, and its tail comes back on request", async () => {
    await createFunction("prints", "index.prints");
    const { log, $metadata } = await invoke("prints", {}, { LogType: "Tail" });
    const id = $metadata.requestId;
    expect(log.split("\n")[0]).toBe(`START RequestId: ${id} Version: $LATEST`);
    expect(log).toMatch(new RegExp(`\\t${id}\\tINFO\\ta line\\nand its rest\\n`));
    expect(log).toContain("\nraw\n");
    expect(log).toMatch(
      /\nEND RequestId: .*\nREPORT RequestId: .*\tDuration: .* ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tInit Duration: .* ms\n$/,
    );
    await lambda.logsFlushed();
    const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: "/aws/lambda/prints" }));
    expect(events.map(({ message }) => message?.split(/[ \t]/)[0])).toEqual(
      expect.arrayContaining(["INIT_START", "START", "raw", "END", "REPORT"]),
    );
    expect(events[0]?.logStreamName).toMatch(/^\d{4}\/\d{2}\/\d{2}\/\[\$LATEST\][0-9a-f]{32}$/);
  });

  it("holds platform events where its format is JSON, in its own group", async () => {
    await account.logsClient.send(new CreateLogGroupCommand({ logGroupName: "/own" }));
    await createFunction("json", "index.prints", { LoggingConfig: { LogFormat: "JSON", LogGroup: "/own" } });
    await invoke("json");
    await lambda.logsFlushed();
    const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: "/own" }));
    const records = events.filter(({ message }) => message !== "raw").map(({ message }) => JSON.parse(message ?? ""));
    expect(records.map((of) => of.type ?? of.level)).toEqual(["platform.initStart", "platform.start", "INFO", "platform.report"]);
    expect(records[2]).toMatchObject({ message: "a line\nand its rest" });
    expect(events[0]?.logStreamName).toContain("/json[$LATEST]");
  });

  it("is lost where the role may not write it, and the function still answers", async () => {
    const Role = await account.role("MuteRole", { service: "lambda.amazonaws.com" });
    await createFunction("mute", "index.echo", { Role });
    expect((await invoke("mute")).answer).toMatchObject({ name: "mute" });
    await lambda.logsFlushed();
    expect(lost.some(({ functionName, events }) => functionName === "mute" && events > 0)).toBe(true);
  });
});

describe("a function in a VPC", () => {
  const inVpc = () => ({ VpcConfig: { SubnetIds: [account.subnetId], SecurityGroupIds: [account.securityGroupId] } });

  it("calls from an address of its subnet", async () => {
    const Role = await account.role("VpcRole", {
      service: "lambda.amazonaws.com",
      statements: [writeLogs, { Action: network, Resource: "*" }],
    });
    await account.folder({});
    const caller = await account.folder({
      "index.mjs": `export const handler = async () => {
        const reply = await fetch(process.env.AWS_ENDPOINT_URL, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "Action=GetCallerIdentity&Version=2011-06-15" });
        return reply.status;
      };`,
    });
    await createFunction("in-vpc", "index.handler", { Role, Code: { S3Bucket: "assets", S3Key: caller }, ...inVpc() });
    const before = account.calls.length;
    await invoke("in-vpc");
    // Unsigned, so refused; the gateway has seen where it came from.
    expect(JSON.stringify(account.calls.slice(before))).toContain("10.0.1.");
  });

  it.each(network)("is refused when its role lacks %s", async (missing) => {
    const statements = [{ Action: network.filter((action) => action !== missing), Resource: "*" }];
    const Role = await account.role(`Lacks${missing.slice(4)}`, { service: "lambda.amazonaws.com", statements });
    await expect(createFunction(`lacks-${missing.slice(4)}`, "index.echo", { Role, ...inVpc() })).rejects.toThrow(
      `The provided execution role does not have permissions to call ${missing.slice(4)} on EC2`,
    );
  });
});

describe("environment variables under a customer's key", () => {
  it.each([
    [true, "starts"],
    [false, "is refused"],
  ])("when the role may decrypt: %s, the function %s", async (mayDecrypt) => {
    const suffix = mayDecrypt ? "may" : "may-not";
    const KeyPolicy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" }],
    };
    const key = await account.create("AWS::KMS::Key", { KeyPolicy }, `Key${suffix}`);
    const arn = `arn:aws:lambda:us-east-1:111122223333:function:sealed-${suffix}`;
    const Condition = {
      StringEquals: { "kms:EncryptionContext:aws:lambda:FunctionArn": arn, "kms:ViaService": "lambda.us-east-1.amazonaws.com" },
    };
    const statements = mayDecrypt ? [{ Action: "kms:Decrypt", Resource: String(key.attributes["Arn"]), Condition }] : [];
    const Role = await account.role(`Sealed-${suffix}`, { service: "lambda.amazonaws.com", statements });
    await createFunction(`sealed-${suffix}`, "index.echo", {
      Role,
      KmsKeyArn: key.attributes["Arn"],
      Environment: { Variables: { A: "b" } },
    });
    if (mayDecrypt) expect((await invoke(`sealed-${suffix}`)).answer).toMatchObject({ name: "sealed-may" });
    else await expect(invoke(`sealed-${suffix}`)).rejects.toMatchObject({ name: "KMSAccessDeniedException" });
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
});

describe("who may invoke", () => {
  const session = async (name: string, statements: Statement[]) =>
    account.roles.assumeAsService({
      service: "states.amazonaws.com",
      roleArn: await account.role(name, { service: "states.amazonaws.com", statements }),
      sessionName: "test",
      sourceArn: "arn:aws:states:us-east-1:111122223333:stateMachine:test",
    });
  const allow = (Resource: string): Statement => ({ Action: "lambda:InvokeFunction", Resource });
  const guarded = "arn:aws:lambda:us-east-1:111122223333:function:guarded";

  beforeAll(() => createFunction("guarded", "index.echo"));

  it.each([
    ["its policy names the function", [allow(guarded)], true],
    ["its policy names another function", [allow(`${guarded}-not`)], false],
    ["it has no policy", [], false],
  ] as const)("a role, when %s: %s", async (title, statements, isAllowed) => {
    const caller = account.client(LambdaClient, await session(title.replaceAll(" ", "-"), [...statements]));
    const sent = caller.send(new InvokeCommand({ FunctionName: "guarded" }));
    if (isAllowed) expect((await sent).StatusCode).toBe(200);
    else
      await expect(sent).rejects.toMatchObject({
        name: "AccessDeniedException",
        message: expect.stringContaining("lambda:InvokeFunction"),
      });
  });

  it("a role that only the function's own policy allows", async () => {
    const credentials = await session("Outsider", []);
    const Principal = "arn:aws:iam::111122223333:role/Outsider";
    await client.send(
      new AddPermissionCommand({ FunctionName: "guarded", StatementId: "outsider", Action: "lambda:InvokeFunction", Principal }),
    );
    expect((await account.client(LambdaClient, credentials).send(new InvokeCommand({ FunctionName: "guarded" }))).StatusCode).toBe(200);
    const { Policy } = await client.send(new GetPolicyCommand({ FunctionName: "guarded" }));
    expect(JSON.parse(Policy ?? "")).toMatchObject({ Statement: [{ Sid: "outsider", Principal: { AWS: Principal }, Resource: guarded }] });
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
