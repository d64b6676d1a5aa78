import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { afterEach, expect, test } from "vitest";
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
