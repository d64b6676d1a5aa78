import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, allow, type DataServices, root, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: DynamoDBClient;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(DynamoDBClient);
});
afterAll(() => aws.stop());

const arn = (table: string): string => `arn:aws:dynamodb:us-east-1:${account}:table/${table}`;
const keys = {
  KeySchema: [
    { AttributeName: "admin", KeyType: "HASH" },
    { AttributeName: "attempt", KeyType: "RANGE" },
  ],
  AttributeDefinitions: [
    { AttributeName: "admin", AttributeType: "S" },
    { AttributeName: "attempt", AttributeType: "S" },
  ],
  BillingMode: "PAY_PER_REQUEST",
} as const;
const create = (TableName: string, more: Partial<CreateTableCommandInput> = {}) =>
  admin.send(
    new CreateTableCommand({
      ...keys,
      KeySchema: [...keys.KeySchema],
      AttributeDefinitions: [...keys.AttributeDefinitions],
      TableName,
      ...more,
    }),
  );
const item = (name: string, attempt: string) => ({ admin: { S: name }, attempt: { S: attempt } });

describe("items", () => {
  beforeAll(() => create("Items"));
  const TableName = "Items";

  it("writes, reads, updates and deletes, with every type of attribute", async () => {
    const Item = {
      ...item("a", "1"),
      n: { N: "42" },
      b: { B: Uint8Array.of(1, 2, 255) },
      l: { L: [{ BOOL: true }, { NULL: true }] },
      s: { SS: ["x", "y"] },
    };
    await admin.send(new PutItemCommand({ TableName, Item }));
    expect((await admin.send(new GetItemCommand({ TableName, Key: item("a", "1") }))).Item).toEqual(Item);
    const updated = await admin.send(
      new UpdateItemCommand({
        TableName,
        Key: item("a", "1"),
        UpdateExpression: "ADD n :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    expect(updated.Attributes).toEqual({ n: { N: "43" } });
    await admin.send(new DeleteItemCommand({ TableName, Key: item("a", "1") }));
    expect((await admin.send(new GetItemCommand({ TableName, Key: item("a", "1") }))).Item).toBeUndefined();
  });

  it("spends a code once, and says what stood there", async () => {
    const spend = () =>
      admin.send(
        new PutItemCommand({
          TableName,
          Item: item("b", "code#1"),
          ConditionExpression: "attribute_not_exists(attempt)",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
    await spend();
    await expect(spend()).rejects.toMatchObject({ name: "ConditionalCheckFailedException", Item: item("b", "code#1") });
  });

  it("queries, scans and works in batches", async () => {
    await admin.send(
      new BatchWriteItemCommand({
        RequestItems: { [TableName]: ["1", "2", "3"].map((n) => ({ PutRequest: { Item: item("batch", n) } })) },
      }),
    );
    const query = { TableName, KeyConditionExpression: "admin = :a", ExpressionAttributeValues: { ":a": { S: "batch" } }, Limit: 2 };
    const first = await admin.send(new QueryCommand(query));
    expect(first.Items).toEqual([item("batch", "1"), item("batch", "2")]);
    expect((await admin.send(new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey }))).Items).toEqual([
      item("batch", "3"),
    ]);
    const got = await admin.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [item("batch", "2")] } } }));
    expect(got.Responses).toEqual({ [TableName]: [item("batch", "2")] });
    expect((await admin.send(new ScanCommand({ TableName }))).Count).toBeGreaterThanOrEqual(3);
  });

  it("answers in AWS's words where there is no table, and names what it does not model", async () => {
    await expect(admin.send(new GetItemCommand({ TableName: "Nowhere", Key: item("a", "1") }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    await expect(admin.send(new TransactWriteItemsCommand({ TransactItems: [] }))).rejects.toMatchObject({ name: "NotImplemented" });
  });
});

describe("tables", () => {
  it("creates, lists, describes and deletes, and protects what must not be deleted", async () => {
    const made = await create("Described", { DeletionProtectionEnabled: true, Tags: [{ Key: "a", Value: "b" }] });
    expect(made.TableDescription).toMatchObject({ TableArn: arn("Described"), DeletionProtectionEnabled: true });
    expect((await admin.send(new DescribeTableCommand({ TableName: "Described" }))).Table?.TableStatus).toBe("ACTIVE");
    expect((await admin.send(new ListTagsOfResourceCommand({ ResourceArn: arn("Described") }))).Tags).toEqual([{ Key: "a", Value: "b" }]);
    await expect(create("Described")).rejects.toMatchObject({ name: "ResourceInUseException" });
    await expect(admin.send(new DeleteTableCommand({ TableName: "Described" }))).rejects.toMatchObject({ name: "ValidationException" });
    await create("Gone");
    await admin.send(new DeleteTableCommand({ TableName: "Gone" }));
    expect((await admin.send(new ListTablesCommand({}))).TableNames).not.toContain("Gone");
  });

  it("keeps the time to live", async () => {
    await create("Living");
    const TimeToLiveSpecification = { AttributeName: "expiresAt", Enabled: true };
    await admin.send(new UpdateTimeToLiveCommand({ TableName: "Living", TimeToLiveSpecification }));
    expect((await admin.send(new DescribeTimeToLiveCommand({ TableName: "Living" }))).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: "ENABLED",
      AttributeName: "expiresAt",
    });
    await expect(admin.send(new UpdateTimeToLiveCommand({ TableName: "Living", TimeToLiveSpecification }))).rejects.toThrow(
      /already enabled/,
    );
  });

  it("deploys what the CDK writes for Table and TableV2", async () => {
    const KMSMasterKeyId = await aws.key();
    const TimeToLiveSpecification = { AttributeName: "expiresAt", Enabled: true };
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await aws.deploy("AWS::DynamoDB::Table", {
      ...keys,
      TableName: "MfaAttempts",
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification,
      SSESpecification: { KMSMasterKeyId, SSEEnabled: true, SSEType: "KMS" },
      Tags: [{ Key: "project", Value: "keyturn" }],
      TimeToLiveSpecification,
    });
    const PolicyDocument = { Version: "2012-10-17", Statement: [{ ...allow("dynamodb:GetItem"), Principal: { AWS: root } }] };
    const { ref } = await aws.deploy("AWS::DynamoDB::GlobalTable", {
      ...keys,
      Replicas: [
        {
          Region: "us-east-1",
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification,
          ResourcePolicy: { PolicyDocument },
          SSESpecification: { KMSMasterKeyId },
          Tags: [{ Key: "project", Value: "keyturn" }],
        },
      ],
      SSESpecification: { SSEEnabled: true, SSEType: "KMS" },
      TimeToLiveSpecification,
    });
    for (const TableName of ["MfaAttempts", ref]) {
      const { Table } = await admin.send(new DescribeTableCommand({ TableName }));
      expect(Table).toMatchObject({
        TableStatus: "ACTIVE",
        DeletionProtectionEnabled: true,
        SSEDescription: { KMSMasterKeyArn: KMSMasterKeyId },
      });
      expect((await admin.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription?.TimeToLiveStatus).toBe("ENABLED");
      const backups = await admin.send(new DescribeContinuousBackupsCommand({ TableName }));
      expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe("ENABLED");
    }
    await expect(aws.deploy("AWS::DynamoDB::Table", { ...keys, StreamSpecification: { StreamViewType: "KEYS_ONLY" } })).rejects.toThrow(
      /StreamSpecification/,
    );
  });
});

describe("permissions", () => {
  it("takes the table's key as well as the table, through DynamoDB, and asks again after five minutes without use", async () => {
    const key = await aws.key();
    const use = ["dynamodb:PutItem", "dynamodb:GetItem"];
    await create("Sealed", { SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: key } });
    const put = (client: DynamoDBClient) => client.send(new PutItemCommand({ TableName: "Sealed", Item: item("a", "1") }));
    const via = {
      StringEquals: { "kms:ViaService": "dynamodb.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:dynamodb:tableName": "Sealed" },
    };
    const both = aws.client(DynamoDBClient, await aws.user("both", allow(use, arn("Sealed")), allow("kms:Decrypt", key, via)));
    const tableOnly = aws.client(DynamoDBClient, await aws.user("table-only", allow(use, arn("Sealed"))));
    await put(both);
    const denied = { name: "AccessDeniedException", message: expect.stringContaining("KMS key access denied") };
    await expect(put(tableOnly)).rejects.toMatchObject(denied);
    const decrypts = () => aws.calls.filter((call) => call.operation === "Decrypt" && call.caller?.userName === "both").length;
    expect(decrypts()).toBe(1);
    await put(both);
    expect(decrypts()).toBe(1);
    await aws.clock.advance(301_000);
    await put(both);
    expect(decrypts()).toBe(2);
  });

  it("tells leading keys, attributes and return values to the policy", async () => {
    await create("Fine");
    const user = await aws.user(
      "fine",
      allow(["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:Query"], arn("Fine"), {
        "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["mine"], "dynamodb:Attributes": ["admin", "attempt", "count"] },
        StringEqualsIfExists: { "dynamodb:ReturnValues": "NONE" },
      }),
    );
    const client = aws.client(DynamoDBClient, user);
    const update = (of: { admin?: string; attribute?: string; ReturnValues?: "ALL_OLD" }) =>
      client.send(
        new UpdateItemCommand({
          TableName: "Fine",
          Key: item(of.admin ?? "mine", "1"),
          UpdateExpression: "SET #c = if_not_exists(#c, :zero)",
          ExpressionAttributeNames: { "#c": of.attribute ?? "count" },
          ExpressionAttributeValues: { ":zero": { N: "0" } },
          ReturnValues: of.ReturnValues,
        }),
      );
    await update({});
    const denied = { name: "AccessDeniedException" };
    await expect(update({ admin: "theirs" })).rejects.toMatchObject(denied);
    await expect(update({ attribute: "other" })).rejects.toMatchObject(denied);
    await expect(update({ ReturnValues: "ALL_OLD" })).rejects.toMatchObject(denied);
    const query = (value: string) =>
      client.send(
        new QueryCommand({ TableName: "Fine", KeyConditionExpression: "admin = :a", ExpressionAttributeValues: { ":a": { S: value } } }),
      );
    expect((await query("mine")).Count).toBe(1);
    await expect(query("theirs")).rejects.toMatchObject(denied);
    await expect(client.send(new ScanCommand({ TableName: "Fine" }))).rejects.toMatchObject(denied);
  });
});
