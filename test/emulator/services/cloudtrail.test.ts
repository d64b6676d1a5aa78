// The event history: who started, answered, stopped and redrove what, in CloudTrail's shape, and nothing secret of it.

import { CloudTrailClient, type Event, LookupEventsCommand, type LookupEventsCommandInput } from "@aws-sdk/client-cloudtrail";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import {
  CreateActivityCommand,
  DeleteStateMachineCommand,
  GetActivityTaskCommand,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import { createCloudTrail } from "../../../emulator/services/cloudtrail.ts";
import { arn, type EventsAccount, machineArn, startEventsAccount } from "./events-account.ts";

const startMs = Date.parse("2026-11-22T09:05:07.250Z");
const delayMs = 5 * 60_000;
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
const clock = new MovableClock({ frozenAtMs: startMs });
let account: EventsAccount;
let client: CloudTrailClient;
let operator: SFNClient;
let operatorKeyId: string;

beforeAll(async () => {
  account = await startEventsAccount(clock);
  const trail = createCloudTrail(account.environment, { trailDelayMs: delayMs });
  account.gateway.mount(trail.service);
  account.gateway.observe((ended) => trail.record(ended));
  client = account.client(CloudTrailClient);
  const iam = account.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: "alice" }));
  const statement = { Effect: "Allow", Action: "states:*", Resource: "*" };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await iam.send(new PutUserPolicyCommand({ UserName: "alice", PolicyName: "states", PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
  operatorKeyId = AccessKey?.AccessKeyId ?? "";
  operator = account.client(SFNClient, { accessKeyId: operatorKeyId, secretAccessKey: AccessKey?.SecretAccessKey ?? "" });
});

afterAll(() => account.stop());

const lookUp = async (of: Partial<LookupEventsCommandInput> = {}): Promise<Event[]> =>
  (await client.send(new LookupEventsCommand(of))).Events ?? [];

const named = async (AttributeValue: string): Promise<Record<string, unknown>[]> => {
  await clock.advance(delayMs);
  const events = await lookUp({ LookupAttributes: [{ AttributeKey: "EventName", AttributeValue }] });
  return events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent ?? ""));
};

describe("tells of a run", () => {
  let executionArn: string | undefined;
  let startedAtMs: number;

  beforeAll(async () => {
    const activityArn = arn("states", "activity:answered");
    await operator.send(new CreateActivityCommand({ name: "answered" }));
    await account.addMachine("kept", { Ask: { Type: "Task", Resource: activityArn, End: true } });
    startedAtMs = clock.now();
    const input = '{"mfaCode":"123456"}';
    ({ executionArn } = await operator.send(new StartExecutionCommand({ stateMachineArn: machineArn("kept"), name: "one", input })));
    const answer = async () => (await operator.send(new GetActivityTaskCommand({ activityArn }))).taskToken;
    await operator.send(new SendTaskFailureCommand({ taskToken: await answer(), error: "Wrong", cause: "a secret cause" }));
    await operator.send(new RedriveExecutionCommand({ executionArn }));
    await operator.send(new SendTaskSuccessCommand({ taskToken: await answer(), output: '{"mfaCode":"654321"}' }));
    const { executionArn: other } = await operator.send(new StartExecutionCommand({ stateMachineArn: machineArn("kept"), name: "two" }));
    await operator.send(new StopExecutionCommand({ executionArn: other, error: "Enough", cause: "a secret cause" }));
  });

  it("who started it, and which execution it became", async () => {
    expect((await named("StartExecution")).at(-1)).toEqual({
      eventVersion: "1.11",
      userIdentity: {
        type: "IAMUser",
        principalId: expect.stringMatching(/^AIDA/),
        arn: "arn:aws:iam::111122223333:user/alice",
        accountId: "111122223333",
        accessKeyId: operatorKeyId,
        userName: "alice",
      },
      eventTime: new Date(startedAtMs).toISOString().replace(/\.\d{3}/, ""),
      eventSource: "states.amazonaws.com",
      eventName: "StartExecution",
      awsRegion: "us-east-1",
      sourceIPAddress: "127.0.0.1",
      userAgent: expect.stringContaining("aws-sdk-js"),
      requestParameters: { stateMachineArn: machineArn("kept"), name: "one", input: hidden },
      responseElements: { executionArn, startDate: "Nov 22, 2026 9:05:07 AM" },
      requestID: expect.any(String),
      eventID: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      readOnly: false,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: "111122223333",
      eventCategory: "Management",
    });
  });

  it.each([
    ["SendTaskSuccess", { output: hidden, taskToken: hidden }],
    ["SendTaskFailure", { taskToken: hidden, error: hidden, cause: hidden }],
  ])("who answered it with %s, and neither the answer nor the token", async (name, requestParameters) => {
    expect(await named(name)).toMatchObject([{ userIdentity: { userName: "alice" }, requestParameters, responseElements: null }]);
  });

  it("who redrove it and who stopped it", async () => {
    expect(await named("RedriveExecution")).toMatchObject([
      { userIdentity: { userName: "alice" }, requestParameters: { executionArn }, responseElements: { redriveDate: expect.any(String) } },
    ]);
    expect(await named("StopExecution")).toMatchObject([
      {
        userIdentity: { userName: "alice" },
        requestParameters: { executionArn: executionArn?.replace(/one$/, "two"), error: hidden },
        responseElements: { stopDate: expect.any(String) },
      },
    ]);
  });

  it("nothing that was in it", async () => {
    const records = (await lookUp()).map(({ CloudTrailEvent }) => CloudTrailEvent).join("\n");
    expect(records).toContain("SendTaskSuccess");
    expect(records).not.toMatch(/123456|654321|a secret cause|AQC/);
  });
});

it("tells of a role's session who issued it, with its source identity and without its token", async () => {
  const roleArn = await account.role("Session", {
    service: "states.amazonaws.com",
    statements: [{ Action: "kms:ListKeys", Resource: "*" }],
  });
  const iam = account.client(IAMClient);
  const trust = { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "Session", PolicyDocument }));
  const { Credentials } = await account
    .client(STSClient)
    .send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "run-1", SourceIdentity: "alice" }));
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  const session = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  await account.client(KMSClient, session).send(new ListKeysCommand({}));
  expect(await named("ListKeys")).toMatchObject([
    {
      userIdentity: {
        type: "AssumedRole",
        principalId: expect.stringMatching(/^AROA.*:run-1$/),
        arn: "arn:aws:sts::111122223333:assumed-role/Session/run-1",
        sessionContext: {
          sessionIssuer: { type: "Role", principalId: expect.stringMatching(/^AROA[A-Z2-7]+$/), arn: roleArn, userName: "Session" },
          attributes: { mfaAuthenticated: "false", creationDate: expect.stringMatching(/^2026-11-22T\d\d:\d\d:\d\dZ$/) },
          sourceIdentity: "alice",
        },
      },
      readOnly: true,
      responseElements: null,
    },
  ]);
  const [assumed] = await named("AssumeRole");
  expect(assumed).toMatchObject({
    requestParameters: { roleArn, roleSessionName: "run-1", sourceIdentity: "alice" },
    responseElements: {
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: hidden, sessionToken: hidden },
    },
  });
  expect(JSON.stringify(assumed)).not.toContain(SecretAccessKey);
  const [event] = await lookUp({ LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: roleArn }] });
  expect(event).toMatchObject({ EventName: "AssumeRole", Resources: [{ ResourceType: "AWS::IAM::Role", ResourceName: roleArn }] });
});

it("tells of a refused call that it was, and not what it asked", async () => {
  const iam = account.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: "mallory" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "mallory" }));
  const mallory = account.client(SFNClient, {
    accessKeyId: AccessKey?.AccessKeyId ?? "",
    secretAccessKey: AccessKey?.SecretAccessKey ?? "",
  });
  await expect(mallory.send(new DeleteStateMachineCommand({ stateMachineArn: machineArn("kept") }))).rejects.toThrow("not authorized");
  expect(await named("DeleteStateMachine")).toMatchObject([
    {
      userIdentity: { userName: "mallory" },
      errorCode: "AccessDenied",
      errorMessage: expect.stringContaining("is not authorized to perform: states:DeleteStateMachine"),
      requestParameters: null,
      responseElements: null,
    },
  ]);
});

describe("a look-up", () => {
  it("leaves out data events", async () => {
    await account.addQueue("data", { allows: [] });
    const QueueUrl = "https://sqs.us-east-1.amazonaws.com/111122223333/data";
    await account.client(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
    expect(await named("CreateQueue")).toHaveLength(1);
    for (const name of ["SendMessage", "GetActivityTask"]) expect(await named(name)).toEqual([]);
  });

  it.each([
    ["Username", "alice", ({ Username }: Event) => Username === "alice"],
    ["EventSource", "iam.amazonaws.com", ({ EventSource }: Event) => EventSource === "iam.amazonaws.com"],
    ["ReadOnly", "true", ({ ReadOnly }: Event) => ReadOnly === "true"],
    [
      "ResourceType",
      "AWS::IAM::User",
      ({ Resources = [] }: Event) => Resources.some(({ ResourceType }) => ResourceType === "AWS::IAM::User"),
    ],
  ] as const)("finds by %s what it asks for and nothing else", async (AttributeKey, AttributeValue, holds) => {
    const events = await lookUp({ LookupAttributes: [{ AttributeKey, AttributeValue }] });
    expect(events.length).toBeGreaterThan(0);
    expect(events.filter((event) => !holds(event))).toEqual([]);
  });

  it("finds one event by its id and those of a key by the key's", async () => {
    const [{ EventId: AttributeValue = "" } = {}] = await lookUp({
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "StopExecution" }],
    });
    expect(await lookUp({ LookupAttributes: [{ AttributeKey: "EventId", AttributeValue }] })).toMatchObject([
      { EventName: "StopExecution" },
    ]);
    const byKey = await lookUp({ LookupAttributes: [{ AttributeKey: "AccessKeyId", AttributeValue: operatorKeyId }] });
    expect(new Set(byKey.map(({ Username }) => Username))).toEqual(new Set(["alice"]));
  });

  it("shows a call once its time has come, by its time, newest first and page by page", async () => {
    const kms = account.client(KMSClient);
    await clock.advance(60_000);
    const StartTime = new Date(clock.now());
    for (let call = 0; call < 5; call += 1) await kms.send(new ListKeysCommand({}));
    const LookupAttributes = [{ AttributeKey: "EventSource" as const, AttributeValue: "kms.amazonaws.com" }];
    const asked = { LookupAttributes, StartTime: new Date(Math.floor(StartTime.getTime() / 1000) * 1000) };
    await clock.advance(delayMs - 1);
    expect(await lookUp(asked)).toEqual([]);
    await clock.advance(1);
    const ids: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(new LookupEventsCommand({ ...asked, MaxResults: 2, ...(NextToken && { NextToken }) }));
      ids.push(...(page.Events ?? []).map(({ EventId = "" }) => EventId));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(new Set(ids).size).toBe(5);
    expect(ids).toEqual((await lookUp(asked)).map(({ EventId }) => EventId));
    expect(await lookUp({ ...asked, StartTime: new Date(StartTime.getTime() + 1000) })).toEqual([]);
    expect(await lookUp({ LookupAttributes, EndTime: new Date(startMs - 60_000) })).toEqual([]);
  });

  it.each<[error: string, of: Partial<LookupEventsCommandInput>]>([
    ["InvalidTimeRangeException", { StartTime: new Date(2), EndTime: new Date(1) }],
    ["InvalidMaxResultsException", { MaxResults: 51 }],
    ["InvalidMaxResultsException", { MaxResults: 0 }],
    ["InvalidNextTokenException", { NextToken: "mine" }],
    [
      "InvalidLookupAttributesException",
      {
        LookupAttributes: [
          { AttributeKey: "EventName", AttributeValue: "a" },
          { AttributeKey: "EventName", AttributeValue: "b" },
        ],
      },
    ],
    ["InvalidLookupAttributesException", { LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "" }] }],
    ["NotImplemented", { EventCategory: "insight" }],
  ])("is refused with %s for %j", async (name, of) => {
    await expect(lookUp(of)).rejects.toMatchObject({ name });
  });

  it("asks for cloudtrail:LookupEvents", async () => {
    const roleArn = await account.role("Blind", { service: "states.amazonaws.com" });
    const session = await account.roles.assumeAsService({
      service: "states.amazonaws.com",
      roleArn,
      sessionName: "test",
      sourceArn: machineArn("kept"),
    });
    await expect(account.client(CloudTrailClient, session).send(new LookupEventsCommand({}))).rejects.toThrow("cloudtrail:LookupEvents");
  });

  it("finds nothing that is older than 90 days", async () => {
    await clock.advance(91 * 24 * 3600 * 1000);
    expect(await lookUp({ LookupAttributes: [{ AttributeKey: "Username", AttributeValue: "alice" }] })).toEqual([]);
  });
});
