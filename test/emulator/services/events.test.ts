// EventBridge rules: the one that Step Functions manages can be put under its own permissions; a target that would never hear anything is refused.

import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEvents } from "../../../emulator/services/events.ts";
import { startWorkloadAccount, type WorkloadAccount } from "../processes/workload-account.ts";

const managed = "StepFunctionsGetEventsForBatchJobsRule";
const pattern = JSON.stringify({ source: ["aws.batch"], "detail-type": ["Batch Job State Change"] });
const target = { Id: "StepFunctions", Arn: "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn" };

let account: WorkloadAccount;
let client: EventBridgeClient;

beforeAll(async () => {
  account = await startWorkloadAccount(({ environment }) => [createEvents(environment)]);
  client = account.client(EventBridgeClient);
});

afterAll(() => account.stop());

it("keeps the managed rule and its target until both are removed", async () => {
  await client.send(new PutRuleCommand({ Name: managed, EventPattern: pattern }));
  await client.send(new PutTargetsCommand({ Rule: managed, Targets: [target] }));
  expect(await client.send(new DescribeRuleCommand({ Name: managed }))).toMatchObject({
    Name: managed,
    State: "ENABLED",
    EventPattern: pattern,
  });
  await expect(client.send(new DeleteRuleCommand({ Name: managed }))).rejects.toThrow("Rule can't be deleted since it has targets.");
  await client.send(new RemoveTargetsCommand({ Rule: managed, Ids: [target.Id] }));
  await client.send(new DeleteRuleCommand({ Name: managed }));
  expect((await client.send(new ListRulesCommand({}))).Rules).toEqual([]);
});

it.each([
  ["events:PutRule", () => new PutRuleCommand({ Name: "another", EventPattern: pattern })],
  ["events:PutTargets", () => new PutTargetsCommand({ Rule: "another", Targets: [target] })],
] as const)("asks for %s on that very rule", async (action, command) => {
  const Resource = `arn:aws:events:us-east-1:111122223333:rule/${managed}`;
  const roleArn = await account.role(action.replace(":", "-"), {
    service: "states.amazonaws.com",
    statements: [{ Action: action, Resource }],
  });
  const session = await account.roles.assumeAsService({
    service: "states.amazonaws.com",
    roleArn,
    sessionName: "test",
    sourceArn: target.Arn,
  });
  const sent: Promise<unknown> = account.client(EventBridgeClient, session).send(command() as PutRuleCommand);
  await expect(sent).rejects.toThrow(`${action} on resource: arn:aws:events:us-east-1:111122223333:rule/another`);
});

it("refuses a target of any other rule, in a call and in a template", async () => {
  await client.send(new PutRuleCommand({ Name: "mine", EventPattern: pattern }));
  const message = "The target arn:aws:states:us-east-1:111122223333:stateMachine:keyturn of the EventBridge rule mine is not modelled";
  await expect(client.send(new PutTargetsCommand({ Rule: "mine", Targets: [target] }))).rejects.toThrow(message);
  const properties = { Name: "mine", EventPattern: { source: ["aws.batch"] }, Targets: [target] };
  await expect(account.create("AWS::Events::Rule", properties)).rejects.toThrow(message);
});
