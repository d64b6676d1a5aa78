// The AWS CLI and boto3 parse what the emulator writes; they share no code with the SDK that describes it. Skipped where they are not installed.

import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDynamoDb } from "../../../emulator/services/dynamodb.ts";
import { createKms } from "../../../emulator/services/kms.ts";
import { createS3 } from "../../../emulator/services/s3.ts";
import { createScheduler } from "../../../emulator/services/scheduler.ts";
import { createSns } from "../../../emulator/services/sns.ts";
import { createSqs } from "../../../emulator/services/sqs.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const run = promisify(execFile);

function installed(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let emulator: TestEmulator;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  emulator = await startTestEmulator({
    services({ environment, gateway, roles }) {
      const kms = createKms(environment);
      const sqs = createSqs(environment, { kms, gateway });
      return [
        kms,
        sqs,
        createSns(environment, { sqs }),
        createS3(environment),
        createDynamoDb(environment, { kms }),
        createScheduler(environment, { gateway, roles }),
      ];
    },
  });
  folder = await mkdtemp(join(tmpdir(), "keyturn-clients-"));
  env = {
    PATH: process.env["PATH"],
    HOME: folder,
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: emulator.environment.region,
    AWS_DEFAULT_REGION: emulator.environment.region,
    AWS_ACCESS_KEY_ID: emulator.administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.administrator.secretAccessKey,
    AWS_MAX_ATTEMPTS: "1",
  };
});
afterAll(async () => {
  await emulator.stop();
  await rm(folder, { recursive: true });
});

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sts:AssumeRole" }],
});

describe.skipIf(!installed("aws", ["--version"]))("the AWS CLI", () => {
  const aws = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await run("aws", [...args, "--output", "json", "--endpoint-url", emulator.endpoint], { env, cwd: folder });
    return stdout.trim().startsWith("{") ? JSON.parse(stdout) : stdout;
  };

  test("speaks query: STS and IAM, lists and dates included", async () => {
    expect(await aws("sts", "get-caller-identity")).toMatchObject({ Account: "111122223333" });
    await aws(
      "iam",
      "create-role",
      "--role-name",
      "cli",
      "--assume-role-policy-document",
      trust,
      "--tags",
      "Key=a,Value=b",
      "Key=c,Value=d",
    );
    expect(await aws("iam", "get-role", "--role-name", "cli")).toMatchObject({
      Role: {
        AssumeRolePolicyDocument: JSON.parse(trust),
        Tags: [
          { Key: "a", Value: "b" },
          { Key: "c", Value: "d" },
        ],
        CreateDate: expect.stringMatching(/^20\d\d-/),
      },
    });
    expect(await aws("sts", "assume-role", "--role-arn", "arn:aws:iam::111122223333:role/cli", "--role-session-name", "s1")).toMatchObject({
      AssumedRoleUser: { Arn: expect.stringMatching(/\/s1$/) },
    });
  });

  test("speaks JSON: KMS, with bytes both ways", async () => {
    const { KeyMetadata } = (await aws("kms", "create-key", "--description", "d")) as { KeyMetadata: { KeyId: string } };
    await writeFile(join(folder, "plain"), "secret");
    const { CiphertextBlob } = (await aws(
      "kms",
      "encrypt",
      "--key-id",
      KeyMetadata.KeyId,
      "--plaintext",
      "fileb://plain",
      "--encryption-context",
      "run=1",
    )) as { CiphertextBlob: string };
    await writeFile(join(folder, "sealed"), Buffer.from(CiphertextBlob, "base64"));
    expect(await aws("kms", "decrypt", "--ciphertext-blob", "fileb://sealed", "--encryption-context", "run=1")).toMatchObject({
      Plaintext: Buffer.from("secret").toString("base64"),
    });
  });

  test("speaks REST-XML: S3, object by object and as a file system", async () => {
    await aws("s3api", "create-bucket", "--bucket", "cli-bucket");
    await writeFile(join(folder, "file.txt"), "content");
    await aws("s3", "cp", "file.txt", "s3://cli-bucket/a b/file.txt");
    expect(await aws("s3api", "list-objects-v2", "--bucket", "cli-bucket")).toMatchObject({ Contents: [{ Key: "a b/file.txt", Size: 7 }] });
    const { stdout } = await run("aws", ["s3", "cp", "s3://cli-bucket/a b/file.txt", "-", "--endpoint-url", emulator.endpoint], { env });
    expect(stdout).toBe("content");
  });

  test("speaks REST-JSON: EventBridge Scheduler, with a path and a query", async () => {
    await aws("scheduler", "create-schedule-group", "--name", "g");
    expect(await aws("scheduler", "get-schedule-group", "--name", "g")).toMatchObject({ Name: "g", State: "ACTIVE" });
    expect(await aws("scheduler", "list-schedules", "--group-name", "g", "--max-results", "5")).toMatchObject({ Schedules: [] });
  });

  test.each([
    [
      "query",
      ["iam", "get-user", "--user-name", "nobody"],
      "(NoSuchEntity) when calling the GetUser operation: The user with name nobody cannot be found.",
    ],
    ["JSON", ["kms", "describe-key", "--key-id", "alias/none"], "(NotFoundException) when calling the DescribeKey operation"],
    [
      "REST-JSON",
      ["scheduler", "get-schedule-group", "--name", "none"],
      "(ResourceNotFoundException) when calling the GetScheduleGroup operation",
    ],
    ["REST-XML", ["s3api", "list-objects-v2", "--bucket", "none"], "(NoSuchBucket) when calling the ListObjectsV2 operation"],
  ])("reads an error in %s", async (_, args, message) => {
    await expect(aws(...args)).rejects.toThrow(message);
  });
});

const program = `
import boto3, json
out = {}
iam = boto3.client("iam")
iam.create_user(UserName="boto", Tags=[{"Key": "a", "Value": "<&>"}])
out["tags"] = iam.list_user_tags(UserName="boto")["Tags"]
out["users"] = [u["UserName"] for p in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1}) for u in p["Users"]]
try:
    iam.get_user(UserName="nobody")
except iam.exceptions.NoSuchEntityException as error:
    out["iam_error"] = error.response["Error"]["Code"]
sns = boto3.client("sns")
topic = sns.create_topic(Name="boto", Attributes={"DisplayName": "d"})["TopicArn"]
out["topic"] = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"]
out["published"] = len(sns.publish(TopicArn=topic, Message="m", Subject="s")["MessageId"])
sqs = boto3.client("sqs")
queue = sqs.create_queue(QueueName="boto")["QueueUrl"]
sqs.send_message(QueueUrl=queue, MessageBody="body")
out["body"] = sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
try:
    sqs.get_queue_url(QueueName="none")
except sqs.exceptions.QueueDoesNotExist as error:
    out["sqs_error"] = error.response["Error"]["Code"]
dynamodb = boto3.client("dynamodb")
dynamodb.create_table(TableName="tab", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
dynamodb.put_item(TableName="tab", Item={"k": {"S": "1"}, "b": {"B": b"\\x00\\xff"}})
out["bytes"] = list(dynamodb.get_item(TableName="tab", Key={"k": {"S": "1"}})["Item"]["b"]["B"])
from botocore.config import Config
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
s3.create_bucket(Bucket="boto-bucket")
s3.put_object(Bucket="boto-bucket", Key="k+ey", Body=b"data", Metadata={"m": "v"})
got = s3.get_object(Bucket="boto-bucket", Key="k+ey")
out["s3"] = [got["Body"].read().decode(), got["Metadata"]]
import urllib.request
out["presigned"] = urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": "boto-bucket", "Key": "k+ey"})).read().decode()
print(json.dumps(out))
`;

test.skipIf(!installed("python3", ["-c", "import boto3"]))("boto3 reads what query, JSON and REST-XML services answer", async () => {
  const { stdout } = await run("python3", ["-c", program], { env, cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    tags: [{ Key: "a", Value: "<&>" }],
    users: expect.arrayContaining(["administrator", "boto"]),
    iam_error: "NoSuchEntity",
    topic: "d",
    published: 36,
    body: "body",
    sqs_error: "AWS.SimpleQueueService.NonExistentQueue",
    bytes: [0, 255],
    s3: ["data", { m: "v" }],
    presigned: "data",
  });
});
