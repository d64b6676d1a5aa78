// Operations on tables: making, describing and deleting them, time to live, recovery and tags.

import type {
  CreateTableCommandInput,
  CreateTableCommandOutput,
  DeleteTableCommandInput,
  DeleteTableCommandOutput,
  DescribeContinuousBackupsCommandInput,
  DescribeContinuousBackupsCommandOutput,
  DescribeTableCommandInput,
  DescribeTableCommandOutput,
  DescribeTimeToLiveCommandInput,
  DescribeTimeToLiveCommandOutput,
  ListTablesCommandInput,
  ListTablesCommandOutput,
  ListTagsOfResourceCommandInput,
  ListTagsOfResourceCommandOutput,
  UpdateTimeToLiveCommandInput,
  UpdateTimeToLiveCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import { forwardedDataKey } from "../../sealed-storage.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import type { Engine } from "./engine.ts";
import type { Table, TableDefinition, TableKey, Tables } from "./tables.ts";

const service = "dynamodb.amazonaws.com";
export const managedKey = "alias/aws/dynamodb";

/** What binds a table's key to the table and the account. */
export const tableKeyContext = (tableName: string, account: string): TableKey["encryptionContext"] => ({
  "aws:dynamodb:tableName": tableName,
  "aws:dynamodb:subscriberId": account,
});

const definitionOf = (input: CreateTableCommandInput): TableDefinition => {
  const { AttributeDefinitions, BillingMode, GlobalSecondaryIndexes, KeySchema, LocalSecondaryIndexes, ProvisionedThroughput, TableName } =
    input;
  return { AttributeDefinitions, BillingMode, GlobalSecondaryIndexes, KeySchema, LocalSecondaryIndexes, ProvisionedThroughput, TableName };
};

export function tableOperations(tables: Tables, engine: Engine, environment: Environment): Record<string, Operation> {
  const onTable = (action: string, tableName: string | undefined): readonly Permission[] => {
    const table = tables.find(required(tableName, "tableName"));
    return [
      {
        action: `dynamodb:${action}`,
        resource: table?.arn ?? tables.arnOf(required(tableName, "tableName")),
        ...(table?.policy === undefined ? {} : { resourcePolicy: table.policy }),
      },
    ];
  };

  /** AWS also makes itself a grant (`kms:CreateGrant`, `kms:DescribeKey`); grants are not modelled, and the table's key stands for them. */
  async function newTableKey(input: CreateTableCommandInput, call: Call): Promise<TableKey | undefined> {
    const { SSESpecification: specification } = input;
    if (!specification?.Enabled) return undefined;
    const encryptionContext = tableKeyContext(required(input.TableName, "tableName"), environment.account);
    const { wrapped, keyArn } = await forwardedDataKey(call, {
      service,
      keyId: specification.KMSMasterKeyId ?? managedKey,
      encryptionContext,
    });
    return { arn: keyArn, wrapped, encryptionContext };
  }

  const createTable: Operation<CreateTableCommandInput, Partial<CreateTableCommandOutput>> = {
    permissions: (input) => [
      ...onTable("CreateTable", input.TableName),
      ...(input.Tags?.length ? onTable("TagResource", input.TableName) : []),
    ],
    async run(input, call) {
      if (input.StreamSpecification?.StreamEnabled) throw notImplemented("DynamoDB Streams");
      if ((input.TableClass ?? "STANDARD") !== "STANDARD") throw notImplemented(`DynamoDB table class ${input.TableClass}`);
      const malformed = (why: string): AwsError => new AwsError("ValidationException", `The resource policy is malformed: ${why}`);
      const key = await newTableKey(input, call);
      const table = tables.add({
        definition: definitionOf(input),
        tags: new Map((input.Tags ?? []).map((tag) => [required(tag.Key, "key"), required(tag.Value, "value")])),
        deletionProtected: input.DeletionProtectionEnabled ?? false,
        pointInTimeRecovery: false,
        ...(key === undefined ? {} : { key }),
        ...(input.ResourcePolicy === undefined ? {} : { policy: parseResourcePolicy(input.ResourcePolicy, malformed) }),
      });
      return { TableDescription: await tables.describe(table) };
    },
  };

  const describeTable: Operation<DescribeTableCommandInput, Partial<DescribeTableCommandOutput>> = {
    permissions: (input) => onTable("DescribeTable", input.TableName),
    run: async (input) => ({ Table: await tables.describe(tables.get(input.TableName)) }),
  };

  const deleteTable: Operation<DeleteTableCommandInput, Partial<DeleteTableCommandOutput>> = {
    permissions: (input) => onTable("DeleteTable", input.TableName),
    async run(input) {
      const table = tables.get(input.TableName);
      if (table.deletionProtected) {
        throw new AwsError(
          "ValidationException",
          "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        );
      }
      const description = await tables.describe(table);
      await engine.run("DeleteTable", { TableName: table.name });
      tables.remove(table);
      return { TableDescription: { ...description, TableStatus: "DELETING" } };
    },
  };

  const listTables: Operation<ListTablesCommandInput, Partial<ListTablesCommandOutput>> = {
    permissions: () => [{ action: "dynamodb:ListTables", resource: "*" }],
    run(input) {
      const after = tables.names().filter((name) => name > (input.ExclusiveStartTableName ?? ""));
      const names = after.slice(0, input.Limit ?? 100);
      const last = names.at(-1);
      return { TableNames: names, ...(names.length < after.length && last !== undefined ? { LastEvaluatedTableName: last } : {}) };
    },
  };

  const updateTimeToLive: Operation<UpdateTimeToLiveCommandInput, Partial<UpdateTimeToLiveCommandOutput>> = {
    permissions: (input) => onTable("UpdateTimeToLive", input.TableName),
    run(input) {
      const table = tables.get(input.TableName);
      const specification = required(input.TimeToLiveSpecification, "timeToLiveSpecification");
      const enabled = required(specification.Enabled, "timeToLiveSpecification.enabled");
      const attribute = required(specification.AttributeName, "timeToLiveSpecification.attributeName");
      if ((table.timeToLive?.enabled ?? false) === enabled) {
        throw new AwsError("ValidationException", `TimeToLive is already ${enabled ? "enabled" : "disabled"}`);
      }
      table.timeToLive = { attribute, enabled };
      return { TimeToLiveSpecification: specification };
    },
  };

  const describeTimeToLive: Operation<DescribeTimeToLiveCommandInput, Partial<DescribeTimeToLiveCommandOutput>> = {
    permissions: (input) => onTable("DescribeTimeToLive", input.TableName),
    run(input) {
      const { timeToLive } = tables.get(input.TableName);
      return {
        TimeToLiveDescription: timeToLive?.enabled
          ? { TimeToLiveStatus: "ENABLED", AttributeName: timeToLive.attribute }
          : { TimeToLiveStatus: "DISABLED" },
      };
    },
  };

  const describeContinuousBackups: Operation<DescribeContinuousBackupsCommandInput, Partial<DescribeContinuousBackupsCommandOutput>> = {
    permissions: (input) => onTable("DescribeContinuousBackups", input.TableName),
    run(input) {
      const status = tables.get(input.TableName).pointInTimeRecovery ? "ENABLED" : "DISABLED";
      return {
        ContinuousBackupsDescription: {
          ContinuousBackupsStatus: "ENABLED",
          PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: status },
        },
      };
    },
  };

  const listTagsOfResource: Operation<ListTagsOfResourceCommandInput, Partial<ListTagsOfResourceCommandOutput>> = {
    permissions: (input) => onTable("ListTagsOfResource", input.ResourceArn),
    run(input) {
      const table: Table = tables.get(input.ResourceArn);
      return { Tags: [...table.tags].map(([Key, Value]) => ({ Key, Value })) };
    },
  };

  return {
    CreateTable: createTable,
    DescribeTable: describeTable,
    DeleteTable: deleteTable,
    ListTables: listTables,
    UpdateTimeToLive: updateTimeToLive,
    DescribeTimeToLive: describeTimeToLive,
    DescribeContinuousBackups: describeContinuousBackups,
    ListTagsOfResource: listTagsOfResource,
  };
}
