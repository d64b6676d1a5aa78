// EventBridge's API: rules and their targets under the caller's permissions, events under the bus's.

import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Statement } from "../processes/workload-account.ts";
import { arn, type EventsAccount, functionArn, machineArn, queueArn, ruleArn, startEventsAccount } from "./events-account.ts";

const managed = "StepFunctionsGetEventsForBatchJobsRule";
const pattern = JSON.stringify({ source: ["aws.batch"], "detail-type": ["Batch Job State Change"] });
const managedTarget = { Id: "StepFunctions", Arn: machineArn("keyturn") };

let account: EventsAccount;
let client: EventBridgeClient;

beforeAll(async () => {
  account = await startEventsAccount();
  client = account.client(EventBridgeClient);
});

afterAll(() => account.stop());

const as = async (name: string, statements: readonly Statement[]): Promise<EventBridgeClient> => {
  const roleArn = await account.role(name, { service: "states.amazonaws.com", statements });
  const sourceArn = machineArn("keyturn");
  return account.client(
    EventBridgeClient,
    await account.roles.assumeAsService({ service: "states.amazonaws.com", roleArn, sessionName: "test", sourceArn }),
  );
};

describe("a rule", () => {
  it("keeps Step Functions' managed rule and its target until both are removed", async () => {
    await client.send(new PutRuleCommand({ Name: managed, EventPattern: pattern }));
    await client.send(new PutTargetsCommand({ Rule: managed, Targets: [managedTarget] }));
    expect(await client.send(new DescribeRuleCommand({ Name: managed }))).toMatchObject({
      Name: managed,
      State: "ENABLED",
      EventPattern: pattern,
    });
    await expect(client.send(new DeleteRuleCommand({ Name: managed }))).rejects.toThrow("Rule can't be deleted since it has targets.");
    await client.send(new RemoveTargetsCommand({ Rule: managed, Ids: [managedTarget.Id] }));
    await client.send(new DeleteRuleCommand({ Name: managed }));
    expect((await client.send(new ListRulesCommand({}))).Rules).toEqual([]);
  });

  it("can be disabled and enabled", async () => {
    await client.send(new PutRuleCommand({ Name: "switched", EventPattern: pattern }));
    await client.send(new DisableRuleCommand({ Name: "switched" }));
    expect(await client.send(new DescribeRuleCommand({ Name: "switched" }))).toMatchObject({ State: "DISABLED" });
    await client.send(new EnableRuleCommand({ Name: "switched" }));
    expect(await client.send(new DescribeRuleCommand({ Name: "switched" }))).toMatchObject({ State: "ENABLED" });
    await expect(client.send(new EnableRuleCommand({ Name: "none" }))).rejects.toThrow("Rule none does not exist on EventBus default.");
  });

  it("shows its targets as they were put", async () => {
    await client.send(new PutRuleCommand({ Name: "shown", EventPattern: pattern }));
    const target = {
      Id: "run",
      Arn: machineArn("keyturn"),
      RoleArn: "arn:aws:iam::111122223333:role/Starter",
      InputTransformer: { InputPathsMap: { id: "$.id" }, InputTemplate: '{"id": <id>}' },
      RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: queueArn("missed") },
    };
    await client.send(new PutTargetsCommand({ Rule: "shown", Targets: [{ ...target, Input: undefined }] }));
    expect((await client.send(new ListTargetsByRuleCommand({ Rule: "shown" }))).Targets).toEqual([target]);
  });

  it("refuses a sixth target", async () => {
    await client.send(new PutRuleCommand({ Name: "full", EventPattern: pattern }));
    const Targets = ["a", "b", "c", "d", "e", "f"].map((Id) => ({ Id, Arn: functionArn("x") }));
    await expect(client.send(new PutTargetsCommand({ Rule: "full", Targets }))).rejects.toThrow("exceeds the maximum number allowed");
  });

  it.each<[message: string, target: object]>([
    ["The target arn:aws:sns:us-east-1:111122223333:topic of the EventBridge rule refusing is not modelled", { Arn: arn("sns", "topic") }],
    ["RoleArn is required for target arn:aws:states:us-east-1:111122223333:stateMachine:keyturn.", { Arn: machineArn("keyturn") }],
    ["SqsParameters of the target t", { Arn: functionArn("f"), SqsParameters: { MessageGroupId: "g" } }],
    ["RoleArn of the function", { Arn: functionArn("f"), RoleArn: "arn:aws:iam::111122223333:role/r" }],
    ["Parameter MaximumRetryAttempts is not valid", { Arn: functionArn("f"), RetryPolicy: { MaximumRetryAttempts: 186 } }],
    ["is not the ARN of a standard SQS queue", { Arn: functionArn("f"), DeadLetterConfig: { Arn: queueArn("q.fifo") } }],
    ["Only one of Input, InputPath, or InputTransformer", { Arn: functionArn("f"), Input: "{}", InputPath: "$" }],
  ])("refuses a target, in a call and in a template: %s", async (message, target) => {
    await client.send(new PutRuleCommand({ Name: "refusing", EventPattern: pattern }));
    const Targets = [{ Id: "t", ...(target as { Arn: string }) }];
    await expect(client.send(new PutTargetsCommand({ Rule: "refusing", Targets }))).rejects.toThrow(message);
    if ("SqsParameters" in target || "RetryPolicy" in target) return;
    const properties = { Name: "refusing", EventPattern: { source: ["aws.batch"] }, Targets };
    await expect(account.create("AWS::Events::Rule", properties)).rejects.toThrow(message);
  });

  it("refuses a pattern that is none, and what is not modelled of a rule", async () => {
    const put = (of: object) => client.send(new PutRuleCommand({ Name: "none", EventPattern: pattern, ...of }));
    await expect(put({ EventPattern: '{"source": "aws.batch"}' })).rejects.toMatchObject({ name: "InvalidEventPatternException" });
    await expect(put({ ScheduleExpression: "rate(1 hour)" })).rejects.toThrow("use EventBridge Scheduler");
    await expect(put({ RoleArn: "arn:aws:iam::111122223333:role/r" })).rejects.toThrow("PutRule with RoleArn");
    await expect(put({ EventBusName: "other" })).rejects.toThrow("The event bus other is not modelled");
  });
});

describe("asks for", () => {
  const targets = [{ Id: "t", Arn: machineArn("keyturn"), RoleArn: "arn:aws:iam::111122223333:role/Starter" }];

  it.each<[action: string, command: () => object]>([
    ["events:PutRule", () => new PutRuleCommand({ Name: "another", EventPattern: pattern })],
    ["events:PutTargets", () => new PutTargetsCommand({ Rule: "another", Targets: targets })],
    ["events:EnableRule", () => new EnableRuleCommand({ Name: "another" })],
    ["events:DisableRule", () => new DisableRuleCommand({ Name: "another" })],
    ["events:RemoveTargets", () => new RemoveTargetsCommand({ Rule: "another", Ids: ["t"] })],
    ["events:DeleteRule", () => new DeleteRuleCommand({ Name: "another" })],
  ])("%s on that very rule", async (action, command) => {
    const session = await as(action.replace(":", "-"), [{ Action: action, Resource: ruleArn(managed) }]);
    const sent: Promise<unknown> = session.send(command() as PutRuleCommand);
    await expect(sent).rejects.toThrow(`${action} on resource: ${ruleArn("another")}`);
  });

  it("iam:PassRole on a target's role, for EventBridge", async () => {
    const session = await as("Passes", [
      { Action: "events:PutTargets", Resource: ruleArn("shown") },
      { Action: "iam:PassRole", Resource: "*", Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } } },
    ]);
    await expect(session.send(new PutTargetsCommand({ Rule: "shown", Targets: targets }))).rejects.toThrow("iam:PassRole");
  });

  it("events:PutEvents on the bus, of each entry's source and type", async () => {
    const session = await as("Tells", [
      {
        Action: "events:PutEvents",
        Resource: arn("events", "event-bus/default"),
        Condition: { StringEquals: { "events:source": "mine" } },
      },
    ]);
    const entry = (Source: string) => ({ Source, DetailType: "Told", Detail: "{}" });
    expect(await session.send(new PutEventsCommand({ Entries: [entry("mine")] }))).toMatchObject({ FailedEntryCount: 0 });
    await expect(session.send(new PutEventsCommand({ Entries: [entry("mine"), entry("other")] }))).rejects.toThrow("events:PutEvents");
  });
});

describe("PutEvents", () => {
  it("puts each entry on the bus in AWS's envelope, or says what is wrong with it", async () => {
    const before = account.onBus.length;
    const Time = new Date("2026-11-22T10:11:12.345Z");
    const good = { Source: "mine", DetailType: "Told", Detail: '{"a": 1}', Resources: ["arn:x"], Time };
    const { FailedEntryCount, Entries } = await client.send(
      new PutEventsCommand({
        Entries: [good, { ...good, Source: "aws.states" }, { ...good, Detail: "[1]" }, { ...good, DetailType: undefined }],
      }),
    );
    expect(FailedEntryCount).toBe(3);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      "NotAuthorizedForSourceException",
      "MalformedDetail",
      "InvalidArgument",
    ]);
    expect(account.onBus.slice(before)).toEqual([
      {
        version: "0",
        id: Entries?.[0]?.EventId,
        "detail-type": "Told",
        source: "mine",
        account: "111122223333",
        time: "2026-11-22T10:11:12Z",
        region: "us-east-1",
        resources: ["arn:x"],
        detail: { a: 1 },
      },
    ]);
  });

  it("refuses more than ten entries, more than a mebibyte, and other buses", async () => {
    const entry = { Source: "mine", DetailType: "Told", Detail: "{}" };
    const put = (Entries: object[]) => client.send(new PutEventsCommand({ Entries }));
    await expect(put(Array.from({ length: 11 }, () => entry))).rejects.toThrow("1 to 10 entries");
    const Detail = JSON.stringify({ long: "x".repeat(600_000) });
    await expect(
      put([
        { ...entry, Detail },
        { ...entry, Detail },
      ]),
    ).rejects.toThrow("Total size of the entries");
    await expect(put([{ ...entry, EventBusName: "other" }])).rejects.toThrow("The event bus other is not modelled");
  });
});

it("tries a pattern on an event", async () => {
  const event = {
    id: "1",
    account: "1",
    source: "aws.batch",
    time: "t",
    region: "r",
    resources: [],
    "detail-type": "Batch Job State Change",
  };
  const tried = (Event: object) => client.send(new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(Event) }));
  expect((await tried(event)).Result).toBe(true);
  expect((await tried({ ...event, source: "aws.ec2" })).Result).toBe(false);
  await expect(tried({ source: "aws.batch" })).rejects.toThrow("the event lacks id, account, time, region, resources, detail-type");
});
