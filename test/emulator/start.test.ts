import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutBucketNotificationConfigurationCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { afterEach, expect, test } from "vitest";
import { MovableClock } from "../../emulator/clock.ts";
import { type Emulator, startEmulator } from "../../emulator/start.ts";

const place = { account: "111122223333", region: "us-east-1" };
let emulator: Emulator | undefined;
afterEach(async () => {
  await emulator?.stop();
  emulator = undefined;
});

test("an empty account answers for every service at one endpoint", async () => {
  emulator = await startEmulator(place);
  const { endpoint, administrator } = emulator;
  const options = { endpoint, region: place.region, credentials: administrator };
  expect((await new SFNClient(options).send(new ListStateMachinesCommand({}))).stateMachines).toEqual([]);
  expect((await new LambdaClient(options).send(new ListFunctionsCommand({}))).Functions).toEqual([]);
  expect((await new CloudFormationClient(options).send(new DescribeStacksCommand({}))).Stacks).toEqual([]);
});

test("two accounts do not share a port, and the second says so", async () => {
  emulator = await startEmulator(place);
  const port = Number(new URL(emulator.endpoint).port);
  await expect(startEmulator({ ...place, port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: another process uses it`);
});

test("no two services claim one resource type", async () => {
  emulator = await startEmulator(place);
  const types = emulator.resourceTypes.map(({ type }) => type);
  expect(types).toEqual([...new Set(types)]);
  expect(types).toEqual(
    expect.arrayContaining(["AWS::IAM::Role", "AWS::EC2::VPCEndpoint", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"]),
  );
});

test("an account with a seed has the same identities again", async () => {
  emulator = await startEmulator({ ...place, seed: "s" });
  const again = await startEmulator({ ...place, seed: "s" });
  await again.stop();
  expect(again.administrator).toEqual(emulator.administrator);
});

test("what services tell reaches the bus, what rules deliver is waited for, and the trail shows calls after its delay", async () => {
  const clock = new MovableClock({ frozenAtMs: Date.UTC(2026, 10, 22) });
  const [sources, deliveries]: [string[], (string | undefined)[]] = [[], []];
  emulator = await startEmulator({
    ...place,
    clock,
    trailDelayMs: 60_000,
    onEvent: ({ source }) => sources.push(source),
    onEventDelivery: ({ error }) => deliveries.push(error?.name),
  });
  const options = emulator.gateway.clientOptions(emulator.administrator);
  const [events, s3] = [new EventBridgeClient(options), new S3Client(options)];
  await events.send(new PutRuleCommand({ Name: "objects", EventPattern: '{"source": ["aws.s3"]}' }));
  const Arn = "arn:aws:lambda:us-east-1:111122223333:function:nowhere";
  await events.send(new PutTargetsCommand({ Rule: "objects", Targets: [{ Id: "t", Arn }] }));
  await s3.send(new CreateBucketCommand({ Bucket: "told" }));
  const NotificationConfiguration = { EventBridgeConfiguration: {} };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: "told", NotificationConfiguration }));
  await s3.send(new PutObjectCommand({ Bucket: "told", Key: "k", Body: "x" }));
  await emulator.settled();
  expect([sources, deliveries]).toEqual([["aws.s3"], ["ResourceNotFoundException"]]);
  const calls = async () =>
    (await new CloudTrailClient(options).send(new LookupEventsCommand({}))).Events?.map(({ EventName }) => EventName);
  expect(await calls()).toEqual([]);
  await clock.advance(60_000);
  expect(await calls()).toEqual(["LookupEvents", "PutBucketNotificationConfiguration", "CreateBucket", "PutTargets", "PutRule"]);
});
