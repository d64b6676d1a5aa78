import {
  AssociateKmsKeyCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteResourcePolicyCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeResourcePoliciesCommand,
  DisassociateKmsKeyCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutResourcePolicyCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { DisableKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filterPattern } from "../../../emulator/services/logs/filter-pattern.ts";
import { account, allow, type DataServices, root, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: CloudWatchLogsClient;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(CloudWatchLogsClient);
});
afterAll(() => aws.stop());

const groupArn = (name: string): string => `arn:aws:logs:us-east-1:${account}:log-group:${name}`;

async function groupWithStream(logGroupName: string, kmsKeyId?: string): Promise<void> {
  await admin.send(new CreateLogGroupCommand({ logGroupName, kmsKeyId }));
  await admin.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "main" }));
}

const put = (logGroupName: string, messages: readonly string[], client = admin) =>
  client.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName: "main",
      logEvents: messages.map((message, index) => ({ timestamp: aws.clock.now() + index, message })),
    }),
  );

const read = async (logGroupName: string, client = admin) => {
  const { events } = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "main", startFromHead: true }));
  return events?.map((event) => event.message);
};

/** A key that CloudWatch Logs may use for one group. */
const logsKey = (name: string): Promise<string> =>
  aws.key(
    { ...allow("kms:*"), Principal: { AWS: root } },
    {
      ...allow(["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"], "*", {
        ArnEquals: { "kms:EncryptionContext:aws:logs:arn": groupArn(name) },
      }),
      Principal: { Service: "logs.us-east-1.amazonaws.com" },
    },
  );

describe("groups and streams", () => {
  it("creates, describes, pages and deletes groups and streams", async () => {
    for (const n of [1, 2, 3]) await admin.send(new CreateLogGroupCommand({ logGroupName: `/paged/${n}` }));
    const first = await admin.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/paged/", limit: 2 }));
    const rest = await admin.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/paged/", nextToken: first.nextToken }));
    expect([...(first.logGroups ?? []), ...(rest.logGroups ?? [])].map((group) => group.arn)).toEqual(
      [1, 2, 3].map((n) => `${groupArn(`/paged/${n}`)}:*`),
    );
    await admin.send(new CreateLogStreamCommand({ logGroupName: "/paged/1", logStreamName: "a" }));
    await expect(admin.send(new CreateLogStreamCommand({ logGroupName: "/paged/1", logStreamName: "a" }))).rejects.toMatchObject({
      name: "ResourceAlreadyExistsException",
    });
    const { logStreams } = await admin.send(
      new DescribeLogStreamsCommand({ logGroupName: "/paged/1", orderBy: "LastEventTime", descending: true }),
    );
    expect(logStreams?.map((stream) => stream.logStreamName)).toEqual(["a"]);
    await admin.send(new DeleteLogGroupCommand({ logGroupName: "/paged/1" }));
    await expect(admin.send(new DescribeLogStreamsCommand({ logGroupName: "/paged/1" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "The specified log group does not exist.",
    });
  });

  it("forgets events older than the retention period", async () => {
    await groupWithStream("/retained");
    await put("/retained", ["old"]);
    await admin.send(new PutRetentionPolicyCommand({ logGroupName: "/retained", retentionInDays: 1 }));
    await aws.clock.advance(2 * 86_400_000);
    expect(await read("/retained")).toEqual([]);
    await admin.send(new DeleteRetentionPolicyCommand({ logGroupName: "/retained" }));
    expect(await read("/retained")).toEqual(["old"]);
    const odd = new PutRetentionPolicyCommand({ logGroupName: "/retained", retentionInDays: 2 });
    await expect(admin.send(odd)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });
});

describe("events", () => {
  it("reads a stream forwards and backwards until the token repeats", async () => {
    await groupWithStream("/walked");
    await put("/walked", ["a", "b", "c"]);
    const get = (nextToken?: string, startFromHead = true) =>
      admin.send(new GetLogEventsCommand({ logGroupName: "/walked", logStreamName: "main", limit: 2, startFromHead, nextToken }));
    const first = await get();
    const second = await get(first.nextForwardToken);
    const third = await get(second.nextForwardToken);
    expect([first, second, third].map(({ events }) => events?.map((event) => event.message))).toEqual([["a", "b"], ["c"], []]);
    expect(third.nextForwardToken).toBe(second.nextForwardToken);
    expect((await get(undefined, false)).events?.map((event) => event.message)).toEqual(["b", "c"]);
    expect((await get(second.nextBackwardToken)).events?.map((event) => event.message)).toEqual(["a", "b"]);
  });

  it("filters a group's streams by time and terms, a page at a time", async () => {
    await groupWithStream("/filtered");
    const start = aws.clock.now();
    await put("/filtered", ["ERROR one", "fine", "ERROR two", "ERROR three"]);
    const query = { logGroupName: "/filtered", filterPattern: "ERROR", startTime: start, endTime: start + 3, limit: 1 };
    const first = await admin.send(new FilterLogEventsCommand(query));
    const second = await admin.send(new FilterLogEventsCommand({ ...query, nextToken: first.nextToken }));
    expect([...(first.events ?? []), ...(second.events ?? [])].map((event) => event.message)).toEqual(["ERROR one", "ERROR two"]);
    expect(second.nextToken).toBeUndefined();
  });

  it.each([
    ["ERROR", "an ERROR here", true],
    ["error", "an ERROR here", false],
    ["a b", "b then a", true],
    ["a b", "a alone", false],
    ['"a b"', "b then a", false],
    ['"a b"', "so a b it is", true],
    ["?x ?y", "only y", true],
    ["?x ?y", "neither", false],
    ["a -b", "a and b", false],
    ["a -b", "a", true],
    ["", "anything", true],
  ])("matches the pattern %j against %j: %j", (pattern, message, expected) => {
    expect(filterPattern(pattern)(message)).toBe(expected);
  });

  it.each(["{ $.level = 1 }", "[ip, user]", "%5\\d\\d%"])("refuses the pattern %j, which is not plain terms", (pattern) => {
    expect(() => filterPattern(pattern)).toThrow(/not modelled/);
  });

  it("refuses events out of order, and reports those too old or too new", async () => {
    await groupWithStream("/ordered");
    const now = aws.clock.now();
    const send = (...times: readonly number[]) =>
      admin.send(
        new PutLogEventsCommand({
          logGroupName: "/ordered",
          logStreamName: "main",
          logEvents: times.map((timestamp) => ({ timestamp, message: String(timestamp) })),
        }),
      );
    await expect(send(now, now - 1)).rejects.toMatchObject({ name: "InvalidParameterException" });
    const { rejectedLogEventsInfo } = await send(now - 15 * 86_400_000, now, now + 3 * 3_600_000);
    expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
    expect(await read("/ordered")).toEqual([String(now)]);
  });

  it("tells a tail of each event as it comes, until it ends", async () => {
    const seen: string[] = [];
    const end = aws.logs.tail("/tailed", (event) => seen.push(`${event.stream}: ${event.message}`));
    await groupWithStream("/tailed");
    await put("/tailed", ["one"]);
    end();
    await put("/tailed", ["two"]);
    expect(seen).toEqual(["main: one"]);
  });
});

describe("permissions", () => {
  it("lets a writer write its own streams and nothing else", async () => {
    await groupWithStream("/written");
    await groupWithStream("/neighbour");
    const mayWrite = allow(["logs:CreateLogStream", "logs:PutLogEvents"], `${groupArn("/written")}:*`);
    const writer = aws.client(CloudWatchLogsClient, await aws.user("log-writer", mayWrite));
    await put("/written", ["x"], writer);
    await expect(put("/neighbour", ["x"], writer)).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(read("/written", writer)).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("puts a group under a key only if the key's policy lets CloudWatch Logs use it for that very group", async () => {
    const key = await logsKey("/sealed");
    await groupWithStream("/sealed", key);
    await put("/sealed", ["secret"]);
    expect(await read("/sealed")).toEqual(["secret"]);
    await expect(admin.send(new CreateLogGroupCommand({ logGroupName: "/other", kmsKeyId: key }))).rejects.toThrow(
      /The specified KMS key does not exist or is not allowed to be used with LogGroup/,
    );
    await expect(aws.deploy("AWS::Logs::LogGroup", { LogGroupName: "/other", KmsKeyId: await aws.key() })).rejects.toThrow(
      /not allowed to be used/,
    );
    await admin.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/other" })).then(({ logGroups }) => expect(logGroups).toEqual([]));
  });

  it("reads events under the key that they were written under, and not without it", async () => {
    await groupWithStream("/rekeyed");
    await put("/rekeyed", ["plain"]);
    const key = await logsKey("/rekeyed");
    await admin.send(new AssociateKmsKeyCommand({ logGroupName: "/rekeyed", kmsKeyId: key }));
    await put("/rekeyed", ["sealed"]);
    await admin.send(new DisassociateKmsKeyCommand({ logGroupName: "/rekeyed" }));
    expect(await read("/rekeyed")).toEqual(["plain", "sealed"]);
    await aws.client(KMSClient).send(new DisableKeyCommand({ KeyId: key }));
    await expect(read("/rekeyed")).rejects.toMatchObject({ name: "DisabledException" });
  });

  it("delivers vended logs only where a resource policy lets the delivery service write", async () => {
    const { attributes } = await aws.deploy("AWS::Logs::LogGroup", { LogGroupName: "/aws/vendedlogs/x", RetentionInDays: 365, Tags: [] });
    const delivery = {
      logGroupArn: String(attributes["Arn"]),
      stream: "main",
      sourceArn: `arn:aws:states:us-east-1:${account}:stateMachine:x`,
      events: [{ timestampMs: aws.clock.now(), message: "state entered" }],
    };
    await expect(aws.logs.deliver(delivery)).rejects.toMatchObject({ code: "AccessDeniedException" });
    aws.logs.allowDelivery(delivery.logGroupArn);
    await aws.logs.deliver(delivery);
    expect(await read("/aws/vendedlogs/x")).toEqual(["state entered"]);
  });

  it("keeps the account's resource policies", async () => {
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ ...allow("logs:PutLogEvents"), Principal: { Service: "events.amazonaws.com" } }],
    });
    await admin.send(new PutResourcePolicyCommand({ policyName: "own", policyDocument }));
    await aws.deploy("AWS::Logs::ResourcePolicy", { PolicyName: "deployed", PolicyDocument: policyDocument });
    const names = async () =>
      (await admin.send(new DescribeResourcePoliciesCommand({}))).resourcePolicies?.map((policy) => policy.policyName);
    expect(await names()).toEqual(expect.arrayContaining(["own", "deployed"]));
    await admin.send(new DeleteResourcePolicyCommand({ policyName: "own" }));
    expect(await names()).not.toContain("own");
  });
});
