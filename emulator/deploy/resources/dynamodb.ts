// AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable (what the CDK's TableV2 writes) with its one replica in this region.

import { z } from "zod";
import { resourcePolicy } from "../../resource-policy.ts";
import type { Environment } from "../../service.ts";
import { managedKey, tableKeyContext } from "../../services/dynamodb/table-operations.ts";
import type { TableDefinition, TableKey, Tables } from "../../services/dynamodb/tables.ts";
import type { Kms } from "../../services/kms.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(["HASH", "RANGE"]) }));
const throughput = z.strictObject({ ReadCapacityUnits: z.number(), WriteCapacityUnits: z.number() });
const index = z.strictObject({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(["ALL", "INCLUDE", "KEYS_ONLY"]),
    NonKeyAttributes: z.array(z.string()).exactOptional(),
  }),
});
const shared = {
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(["B", "N", "S"]) })),
  KeySchema: keySchema,
  LocalSecondaryIndexes: z.array(index).exactOptional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.boolean() }).optional(),
};
const recovery = z
  .strictObject({ PointInTimeRecoveryEnabled: z.boolean().default(false), RecoveryPeriodInDays: z.number().optional() })
  .default({ PointInTimeRecoveryEnabled: false });
const tablePolicy = z.strictObject({ PolicyDocument: resourcePolicy }).optional();

export function dynamoDbResourceTypes(tables: Tables, of: { kms: Kms; environment: Environment }): readonly ResourceType[] {
  const { kms, environment } = of;
  const tableKey = (tableName: string, keyId = managedKey): TableKey => {
    const encryptionContext = tableKeyContext(tableName, environment.account);
    const { blob, keyArn } = kms.generateDataKey({ keyId, encryptionContext });
    return { arn: keyArn, wrapped: blob, encryptionContext };
  };

  return [
    resourceType({
      type: "AWS::DynamoDB::Table",
      properties: z.strictObject({
        ...shared,
        BillingMode: z.enum(["PAY_PER_REQUEST", "PROVISIONED"]).default("PROVISIONED"),
        ProvisionedThroughput: throughput.exactOptional(),
        GlobalSecondaryIndexes: z.array(index.extend({ ProvisionedThroughput: throughput.exactOptional() })).exactOptional(),
        SSESpecification: z
          .strictObject({ SSEEnabled: z.boolean(), SSEType: z.literal("KMS").optional(), KMSMasterKeyId: z.string().optional() })
          .optional(),
        PointInTimeRecoverySpecification: recovery,
        DeletionProtectionEnabled: z.boolean().default(false),
        TableClass: z.literal("STANDARD").optional(),
        ResourcePolicy: tablePolicy,
        Tags: tagList,
      }),
      create(properties, context) {
        const { SSESpecification: encryption, TimeToLiveSpecification: timeToLive, ResourcePolicy: policy } = properties;
        const name = properties.TableName ?? context.generatedName(255);
        const definition: TableDefinition = {
          TableName: name,
          AttributeDefinitions: properties.AttributeDefinitions,
          KeySchema: properties.KeySchema,
          BillingMode: properties.BillingMode,
          ProvisionedThroughput: properties.ProvisionedThroughput,
          GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
          LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
        };
        const table = tables.add({
          definition,
          tags: new Map(tagMap(context.tags, properties.Tags)),
          deletionProtected: properties.DeletionProtectionEnabled,
          pointInTimeRecovery: properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
          ...(encryption?.SSEEnabled ? { key: tableKey(name, encryption.KMSMasterKeyId) } : {}),
          ...(timeToLive === undefined ? {} : { timeToLive: { attribute: timeToLive.AttributeName, enabled: timeToLive.Enabled } }),
          ...(policy === undefined ? {} : { policy: policy.PolicyDocument }),
        });
        return { ref: name, attributes: { Arn: table.arn } };
      },
    }),
    resourceType({
      type: "AWS::DynamoDB::GlobalTable",
      properties: z.strictObject({
        ...shared,
        BillingMode: z.literal("PAY_PER_REQUEST"),
        GlobalSecondaryIndexes: z.array(index).exactOptional(),
        SSESpecification: z.strictObject({ SSEEnabled: z.boolean(), SSEType: z.literal("KMS").optional() }).optional(),
        Replicas: z
          .tuple([
            z.strictObject({
              Region: z.literal(environment.region),
              SSESpecification: z.strictObject({ KMSMasterKeyId: z.string() }).optional(),
              PointInTimeRecoverySpecification: recovery,
              DeletionProtectionEnabled: z.boolean().default(false),
              TableClass: z.literal("STANDARD").optional(),
              ResourcePolicy: tablePolicy,
              Tags: tagList,
            }),
          ])
          .readonly(),
      }),
      create(properties, context) {
        const [replica] = properties.Replicas;
        const { TimeToLiveSpecification: timeToLive } = properties;
        const name = properties.TableName ?? context.generatedName(255);
        const definition: TableDefinition = {
          TableName: name,
          AttributeDefinitions: properties.AttributeDefinitions,
          KeySchema: properties.KeySchema,
          BillingMode: properties.BillingMode,
          GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
          LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
        };
        const table = tables.add({
          definition,
          tags: new Map(tagMap(context.tags, replica.Tags)),
          deletionProtected: replica.DeletionProtectionEnabled,
          pointInTimeRecovery: replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
          ...(properties.SSESpecification?.SSEEnabled ? { key: tableKey(name, replica.SSESpecification?.KMSMasterKeyId) } : {}),
          ...(timeToLive === undefined ? {} : { timeToLive: { attribute: timeToLive.AttributeName, enabled: timeToLive.Enabled } }),
          ...(replica.ResourcePolicy === undefined ? {} : { policy: replica.ResourcePolicy.PolicyDocument }),
        });
        return { ref: name, attributes: { Arn: table.arn, TableId: table.id } };
      },
    }),
  ];
}
