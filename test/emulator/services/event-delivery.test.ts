// Events on their way: whom a rule may reach and as whom, what comes of those that cannot be delivered, and what Step Functions tells.

import {
  DisableRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AwsError } from "../../../emulator/aws-error.ts";
import { MovableClock } from "../../../emulator/clock.ts";
import { type EventsAccount, functionArn, machineArn, queueArn, ruleArn, startEventsAccount } from "./events-account.ts";

const clock = new MovableClock();
let account: EventsAccount;
let client: EventBridgeClient;

beforeAll(async () => {
  account = await startEventsAccount(clock);
  client = account.client(EventBridgeClient);
});

afterAll(() => account.stop());

/** A rule for events of its own source. */
async function rule(Name: string, ...Targets: Target[]): Promise<void> {
  await client.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: [`to-${Name}`] }) }));
  await client.send(new PutTargetsCommand({ Rule: Name, Targets }));
}

async function tell(name: string, detail: object = {}): Promise<string> {
  const entry = { Source: `to-${name}`, DetailType: "Told", Detail: JSON.stringify(detail) };
  return (await client.send(new PutEventsCommand({ Entries: [entry] }))).Entries?.[0]?.EventId ?? "";
}

const deliveriesOf = (name: string) => account.deliveries.filter((delivery) => delivery.ruleArn === ruleArn(name));

const starter = (name: string, trusted: string, resource: string): Promise<string> =>
  account.role(name, {
    service: "events.amazonaws.com",
    statements: [{ Action: "states:StartExecution", Resource: resource }],
    trustConditions: { StringEquals: { "aws:SourceArn": ruleArn(trusted), "aws:SourceAccount": "111122223333" } },
  });

const executions = async (stateMachineArn: string) =>
  (await account.sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? [];

describe("a function", () => {
  it("gets the event of each rule that its policy names", async () => {
    await account.addFunction("noting", { allows: ["named"] });
    await rule("named", { Id: "whole", Arn: functionArn("noting") }, { Id: "part", Arn: functionArn("noting"), InputPath: "$.detail" });
    const id = await tell("named", { a: 1 });
    const received = await account.received("noting");
    expect(received).toHaveLength(2);
    expect(received).toEqual(
      expect.arrayContaining([expect.objectContaining({ id, source: "to-named", "detail-type": "Told", detail: { a: 1 } }), { a: 1 }]),
    );
  });

  it("does not get the event of a rule that its policy does not name", async () => {
    await account.addFunction("closed", { allows: ["named"] });
    await account.addQueue("refused", { allows: ["unnamed"] });
    await rule("unnamed", { Id: "t", Arn: functionArn("closed"), DeadLetterConfig: { Arn: queueArn("refused") } });
    const id = await tell("unnamed");
    const [letter] = await account.deadLetters("refused");
    expect(JSON.parse(letter?.Body ?? "")).toMatchObject({ id, source: "to-unnamed" });
    const attributes = Object.entries(letter?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]);
    expect(Object.fromEntries(attributes)).toEqual({
      RULE_ARN: ruleArn("unnamed"),
      TARGET_ARN: functionArn("closed"),
      ERROR_CODE: "NO_PERMISSIONS",
      ERROR_MESSAGE: expect.stringContaining("events.amazonaws.com is not authorized to perform: lambda:InvokeFunction"),
      RETRY_ATTEMPTS: "0",
    });
    expect(await account.received("closed")).toEqual([]);
  });

  it("that is not there is not tried again", async () => {
    await rule("lost", { Id: "t", Arn: functionArn("nowhere") });
    await tell("lost");
    await account.settled();
    expect(deliveriesOf("lost")).toMatchObject([{ attempts: 1, error: { name: "ResourceNotFoundException" } }]);
    expect(deliveriesOf("lost")[0]).not.toHaveProperty("deadLetter");
  });

  it("gets nothing of a rule that is disabled", async () => {
    await account.addFunction("quiet", { allows: ["disabled"] });
    await rule("disabled", { Id: "t", Arn: functionArn("quiet") });
    await client.send(new DisableRuleCommand({ Name: "disabled" }));
    await tell("disabled");
    await account.settled();
    expect(deliveriesOf("disabled")).toEqual([]);
  });
});

describe("a state machine", () => {
  beforeAll(() => account.addMachine("started", { Wait: { Type: "Wait", Seconds: 3600, End: true } }));

  it("is started as the target's role, which trusts that rule, and once however often the event is delivered", async () => {
    const RoleArn = await starter("Starter", "starting", machineArn("started"));
    await rule("starting", {
      Id: "run",
      Arn: machineArn("started"),
      RoleArn,
      InputTransformer: { InputPathsMap: { job: "$.detail.job" }, InputTemplate: '{"job": <job>}' },
    });
    const id = await tell("starting", { job: "report" });
    await account.settled();
    const event = account.onBus.find((of) => of.id === id);
    if (event === undefined) throw new Error("the event never reached the bus");
    account.events.redeliver(event);
    await account.settled();
    const [execution, ...others] = await executions(machineArn("started"));
    expect(others).toEqual([]);
    expect(execution?.name).toMatch(new RegExp(`^${id}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`));
    const { executionArn } = execution ?? {};
    expect(await account.sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({ input: '{"job":"report"}' });
    expect(deliveriesOf("starting")).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
    const call = account.calls.find(({ operation, caller }) => operation === "StartExecution" && caller?.roleArn === RoleArn);
    expect(call?.caller?.arn).toBe(`arn:aws:sts::111122223333:assumed-role/Starter/${id.replaceAll("-", "")}`);
  });

  it("is not started as a role that trusts another rule, nor as one that may not", async () => {
    const trusting = await starter("Elsewhere", "starting", machineArn("started"));
    const powerless = await starter("Powerless", "denied", machineArn("another"));
    await rule(
      "denied",
      { Id: "trust", Arn: machineArn("started"), RoleArn: trusting },
      { Id: "policy", Arn: machineArn("started"), RoleArn: powerless },
    );
    const before = await executions(machineArn("started"));
    await tell("denied");
    await account.settled();
    const errors = deliveriesOf("denied").map(({ targetId, attempts, error }) => [targetId, attempts, error?.message]);
    expect(errors).toHaveLength(2);
    expect(errors).toEqual(
      expect.arrayContaining([
        ["trust", 1, expect.stringContaining("sts:AssumeRole")],
        ["policy", 1, expect.stringContaining("states:StartExecution")],
      ]),
    );
    expect(await executions(machineArn("started"))).toEqual(before);
  });

  it("gets no input that its template made no JSON of", async () => {
    const RoleArn = await starter("Broken", "breaking", machineArn("started"));
    await account.addQueue("broken", { allows: [] });
    const InputTransformer = { InputPathsMap: { key: "$.detail.key" }, InputTemplate: '{"job": "x", "parameters": {"key": "<key>"}}' };
    await rule("breaking", {
      Id: "t",
      Arn: machineArn("started"),
      RoleArn,
      InputTransformer,
      DeadLetterConfig: { Arn: queueArn("broken") },
    });
    await tell("breaking", { key: 'a"b' });
    await account.settled();
    // The queue lets nobody in, so the event is lost.
    expect(deliveriesOf("breaking")).toMatchObject([{ attempts: 1, error: { name: "INVALID_JSON" }, deadLetter: "lost" }]);
  });
});

describe("a target that is unwell", () => {
  const unwell = new AwsError("InternalError", "unwell", { statusCode: 500 });

  it("is tried again when its time has come, under the same execution name", async () => {
    const RoleArn = await starter("Patient", "retrying", machineArn("started"));
    await rule("retrying", { Id: "t", Arn: machineArn("started"), RoleArn });
    account.gateway.faults.add({ service: "states", operation: "StartExecution", callerRole: "Patient", times: 2, error: unwell });
    const id = await tell("retrying");
    await account.settled();
    expect(deliveriesOf("retrying")).toEqual([]);
    for (let retry = 0; retry < 2; retry += 1) {
      await clock.advance(10_000);
      await account.settled();
    }
    expect(deliveriesOf("retrying")).toMatchObject([{ attempts: 3 }]);
    expect((await executions(machineArn("started"))).filter(({ name }) => name?.startsWith(id))).toHaveLength(1);
  });

  it.each([
    ["MaximumRetryAttempts", { MaximumRetryAttempts: 1 }, 2],
    ["MaximumEventAgeInSeconds", { MaximumEventAgeInSeconds: 60 }, 6],
  ] as const)("is given up when %s is reached", async (exhausted, RetryPolicy, attempts) => {
    const RoleArn = await starter(exhausted, exhausted, machineArn("started"));
    await account.addQueue(exhausted, { allows: [exhausted] });
    await rule(exhausted, { Id: "t", Arn: machineArn("started"), RoleArn, RetryPolicy, DeadLetterConfig: { Arn: queueArn(exhausted) } });
    account.gateway.faults.add({ service: "states", operation: "StartExecution", callerRole: exhausted, times: 100, error: unwell });
    await tell(exhausted);
    await account.settled();
    while (deliveriesOf(exhausted).length === 0) {
      await clock.advance(1000);
      await account.settled();
    }
    expect(deliveriesOf(exhausted)).toMatchObject([{ attempts, deadLetter: "sent" }]);
    const [letter] = await account.deadLetters(exhausted);
    expect(letter?.MessageAttributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: { StringValue: exhausted },
      ERROR_CODE: { StringValue: "INTERNAL_ERROR" },
      RETRY_ATTEMPTS: { StringValue: String(attempts - 1) },
    });
  });
});

describe("Step Functions tells", () => {
  const told = (executionArn: string | undefined) =>
    account.onBus.filter(({ source, resources }) => source === "aws.states" && resources[0] === executionArn);
  const statuses = (executionArn: string | undefined) => told(executionArn).map(({ detail }) => (detail as { status: string }).status);
  const run = async (stateMachineArn: string, input: object = {}) =>
    (await account.sfn.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }))).executionArn;
  const untilStatus = (executionArn: string | undefined, status: string) =>
    vi.waitUntil(() => statuses(executionArn).at(-1) === status, { timeout: 10_000, interval: 5 });

  it("that an execution runs and has succeeded, in AWS's shape", async () => {
    const stateMachineArn = await account.addMachine("passing", { P: { Type: "Pass", Output: { done: true }, End: true } });
    const executionArn = await run(stateMachineArn, { a: 1 });
    await untilStatus(executionArn, "SUCCEEDED");
    const common = {
      executionArn,
      stateMachineArn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: executionArn?.split(":").at(-1),
      startDate: expect.any(Number),
      input: '{"a":1}',
      inputDetails: { included: true },
      error: null,
      cause: null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: "NOT_REDRIVABLE",
    };
    const running = {
      ...common,
      status: "RUNNING",
      stopDate: null,
      output: null,
      outputDetails: null,
      redriveStatusReason: "Execution is RUNNING and cannot be redriven",
    };
    const succeeded = {
      ...common,
      status: "SUCCEEDED",
      stopDate: expect.any(Number),
      output: '{"done":true}',
      outputDetails: { included: true },
      redriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
    };
    expect(told(executionArn).map(({ detail }) => detail)).toEqual([running, succeeded]);
    expect(told(executionArn)[0]).toMatchObject({
      version: "0",
      "detail-type": "Step Functions Execution Status Change",
      account: "111122223333",
      region: "us-east-1",
    });
  });

  it("that an execution has failed, runs again and has failed again", async () => {
    const stateMachineArn = await account.addMachine("failing", { F: { Type: "Fail", Error: "Broken", Cause: "why" } });
    const executionArn = await run(stateMachineArn);
    await untilStatus(executionArn, "FAILED");
    await account.sfn.send(new RedriveExecutionCommand({ executionArn }));
    await vi.waitUntil(() => told(executionArn).length === 4, { timeout: 10_000, interval: 5 });
    expect(told(executionArn).map(({ detail }) => detail)).toMatchObject([
      { status: "RUNNING", redriveCount: 0, redriveDate: null },
      { status: "FAILED", error: "Broken", cause: "why", output: null, redriveStatus: "REDRIVABLE", redriveStatusReason: null },
      { status: "RUNNING", redriveCount: 1, redriveDate: expect.any(Number), stopDate: null, error: null, cause: null },
      { status: "FAILED", redriveCount: 1, error: "Broken" },
    ]);
  });

  it("that an execution was stopped", async () => {
    const executionArn = await run(machineArn("started"));
    await account.sfn.send(new StopExecutionCommand({ executionArn, error: "Enough", cause: "said so" }));
    await untilStatus(executionArn, "ABORTED");
    expect(told(executionArn).at(-1)?.detail).toMatchObject({ error: "Enough", cause: "said so", stopDate: expect.any(Number) });
  });

  it("nothing of what a machine's own key keeps", async () => {
    const { KeyMetadata } = await account.client(KMSClient).send(new CreateKeyCommand({}));
    const keyId = KeyMetadata?.Arn ?? "";
    const use = { Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: keyId };
    const stateMachineArn = await account.addMachine(
      "sealed",
      { F: { Type: "Fail", Error: "Broken", Cause: "why" } },
      { keyId, statements: [use] },
    );
    const executionArn = await run(stateMachineArn, { secret: "x" });
    await untilStatus(executionArn, "FAILED");
    expect(told(executionArn).map(({ detail }) => detail)).toMatchObject([
      { status: "RUNNING", input: null, inputDetails: { included: false } },
      { status: "FAILED", input: null, inputDetails: { included: false }, output: null, error: null, cause: null },
    ]);
  });

  it("first no input, then no output, of executions with more than an event holds", async () => {
    const machine = await account.addMachine("large", { P: { Type: "Pass", Output: "{% $states.input.output %}", End: true } });
    const sent = async (output: number, input: number) => {
      const executionArn = await run(machine, { output: "o".repeat(output), rest: "i".repeat(input) });
      await untilStatus(executionArn, "SUCCEEDED");
      return told(executionArn).at(-1)?.detail;
    };
    expect(await sent(1000, 1000)).toMatchObject({ inputDetails: { included: true }, outputDetails: { included: true } });
    expect(await sent(130_000, 1000)).toMatchObject({ inputDetails: { included: false }, outputDetails: { included: true } });
    expect(await sent(254_500, 0)).toMatchObject({ inputDetails: { included: false }, outputDetails: { included: false } });
  });

  it("a function, by a rule, of every run that ended", async () => {
    await account.addFunction("recorder", { allows: ["ended"] });
    const EventPattern = JSON.stringify({
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: [machineArn("passing")], status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] },
    });
    await client.send(new PutRuleCommand({ Name: "ended", EventPattern }));
    await client.send(new PutTargetsCommand({ Rule: "ended", Targets: [{ Id: "t", Arn: functionArn("recorder") }] }));
    const executionArn = await run(machineArn("passing"));
    await untilStatus(executionArn, "SUCCEEDED");
    expect(await account.received("recorder")).toMatchObject([{ detail: { executionArn, status: "SUCCEEDED" } }]);
  });
});
