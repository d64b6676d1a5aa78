// What a bucket tells EventBridge: each change of its objects in S3's shape, and nothing unless it is to.

import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EventsAccount, machineArn, ruleArn, startEventsAccount } from "./events-account.ts";

let account: EventsAccount;
let s3: S3Client;

beforeAll(async () => {
  account = await startEventsAccount();
  s3 = account.client(S3Client);
});

afterAll(() => account.stop());

async function bucket(Bucket: string, of: { tells?: boolean; versioned?: boolean } = {}): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (of.versioned) await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const NotificationConfiguration = of.tells === false ? {} : { EventBridgeConfiguration: {} };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
}

const told = (name: string) => account.onBus.filter(({ resources }) => resources[0] === `arn:aws:s3:::${name}`);
const detailsOf = (name: string) => told(name).map(({ "detail-type": type, detail }) => ({ type, ...(detail as object) }));

it("tells of a new object and of the end of it", async () => {
  await bucket("told");
  await s3.send(new PutObjectCommand({ Bucket: "told", Key: "in/a b.csv", Body: "hello" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "told", Key: "in/a b.csv" }));
  const common = {
    version: "0",
    bucket: { name: "told" },
    "request-id": expect.any(String),
    requester: "111122223333",
    "source-ip-address": "127.0.0.1",
  };
  expect(told("told").map(({ "detail-type": type, source, detail }) => ({ type, source, detail }))).toEqual([
    {
      type: "Object Created",
      source: "aws.s3",
      detail: {
        ...common,
        object: {
          key: "in/a b.csv",
          size: 5,
          etag: "5d41402abc4b2a76b9719d911017c592",
          sequencer: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        reason: "PutObject",
      },
    },
    {
      type: "Object Deleted",
      source: "aws.s3",
      detail: {
        ...common,
        object: { key: "in/a b.csv", sequencer: expect.stringMatching(/^[0-9a-f]{16}$/) },
        reason: "DeleteObject",
        "deletion-type": "Permanently Deleted",
      },
    },
  ]);
  const [first = "", second = ""] = told("told").map(({ detail }) => (detail as { object: { sequencer: string } }).object.sequencer);
  expect(first < second).toBe(true);
});

it("names versions, and tells a delete marker from a deletion", async () => {
  await bucket("versions", { versioned: true });
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: "versions", Key: "k", Body: "x" }));
  const marker = await s3.send(new DeleteObjectCommand({ Bucket: "versions", Key: "k" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "versions", Key: "k", VersionId }));
  expect(detailsOf("versions")).toMatchObject([
    { type: "Object Created", object: { "version-id": VersionId } },
    { type: "Object Deleted", object: { "version-id": marker.VersionId }, "deletion-type": "Delete Marker Created" },
    { type: "Object Deleted", object: { "version-id": VersionId }, "deletion-type": "Permanently Deleted" },
  ]);
});

it("tells of a copy, and of each object that one call deletes", async () => {
  await bucket("several");
  await s3.send(new PutObjectCommand({ Bucket: "several", Key: "a", Body: "four" }));
  await s3.send(new CopyObjectCommand({ Bucket: "several", Key: "b", CopySource: "several/a" }));
  const Objects = [{ Key: "a" }, { Key: "b" }, { Key: "never-there" }];
  await s3.send(new DeleteObjectsCommand({ Bucket: "several", Delete: { Objects, Quiet: true } }));
  expect(detailsOf("several")).toMatchObject([
    { type: "Object Created", object: { key: "a" }, reason: "PutObject" },
    { type: "Object Created", object: { key: "b", size: 4 }, reason: "CopyObject" },
    { type: "Object Deleted", object: { key: "a" }, reason: "DeleteObject" },
    { type: "Object Deleted", object: { key: "b" }, reason: "DeleteObject" },
  ]);
});

it("tells nothing of a bucket that is not to, nor of what was refused or was never there", async () => {
  await s3.send(new CreateBucketCommand({ Bucket: "silent" }));
  await bucket("silenced", { tells: false });
  for (const Bucket of ["silent", "silenced"]) await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  await bucket("once");
  await s3.send(new PutObjectCommand({ Bucket: "once", Key: "k", Body: "x" }));
  await expect(s3.send(new PutObjectCommand({ Bucket: "once", Key: "k", Body: "y", IfNoneMatch: "*" }))).rejects.toThrow();
  await s3.send(new DeleteObjectCommand({ Bucket: "once", Key: "another" }));
  expect([...told("silent"), ...told("silenced")]).toEqual([]);
  expect(told("once")).toHaveLength(1);
});

it("keeps the configuration, also from a template, and refuses what is not modelled", async () => {
  const configuration = async (Bucket: string) =>
    (await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))).EventBridgeConfiguration;
  await account.create("AWS::S3::Bucket", {
    BucketName: "from-template",
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  });
  expect(await configuration("from-template")).toEqual({});
  await account.create("AWS::S3::Bucket", { BucketName: "without" });
  expect(await configuration("without")).toBeUndefined();
  const TopicConfigurations = [{ TopicArn: "arn:aws:sns:us-east-1:111122223333:t", Events: ["s3:ObjectCreated:*" as const] }];
  await expect(
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: "without", NotificationConfiguration: { TopicConfigurations } })),
  ).rejects.toThrow("TopicConfigurations of a bucket's notifications is not modelled");
});

it("asks for s3:PutBucketNotification", async () => {
  const roleArn = await account.role("Reader", { service: "states.amazonaws.com", statements: [{ Action: "s3:Get*", Resource: "*" }] });
  const session = await account.roles.assumeAsService({
    service: "states.amazonaws.com",
    roleArn,
    sessionName: "test",
    sourceArn: machineArn("x"),
  });
  const reader = account.client(S3Client, session);
  await reader.send(new GetBucketNotificationConfigurationCommand({ Bucket: "told" }));
  const command = new PutBucketNotificationConfigurationCommand({ Bucket: "told", NotificationConfiguration: {} });
  await expect(reader.send(command)).rejects.toThrow("s3:PutBucketNotification");
});

it("starts an execution for a new object, with the object's key as its input", async () => {
  await bucket("inbox");
  const events = account.client(EventBridgeClient);
  const stateMachineArn = await account.addMachine("import", { Wait: { Type: "Wait", Seconds: 3600, End: true } });
  const RoleArn = await account.role("StartsImports", {
    service: "events.amazonaws.com",
    statements: [{ Action: "states:StartExecution", Resource: stateMachineArn }],
    trustConditions: { StringEquals: { "aws:SourceArn": ruleArn("imports") } },
  });
  const detail = { bucket: { name: ["inbox"] }, object: { key: [{ prefix: "in/" }] } };
  const EventPattern = JSON.stringify({ source: ["aws.s3"], "detail-type": ["Object Created"], detail });
  await events.send(new PutRuleCommand({ Name: "imports", EventPattern }));
  const InputTransformer = {
    InputPathsMap: { key: "$.detail.object.key" },
    InputTemplate: '{"job": "import", "parameters": {"key": <key>}}',
  };
  await events.send(new PutTargetsCommand({ Rule: "imports", Targets: [{ Id: "run", Arn: stateMachineArn, RoleArn, InputTransformer }] }));
  for (const Key of ["out/x.csv", 'in/"x".csv']) await s3.send(new PutObjectCommand({ Bucket: "inbox", Key, Body: "1" }));
  await account.settled();
  const { executions = [] } = await account.sfn.send(new ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toHaveLength(1);
  const { input = "" } = await account.sfn.send(new DescribeExecutionCommand({ executionArn: executions[0]?.executionArn }));
  expect(JSON.parse(input)).toEqual({ job: "import", parameters: { key: 'in/"x".csv' } });
});
