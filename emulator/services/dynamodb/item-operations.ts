// Operations on items: authorised here, encrypted by the table's key, carried out by the engine.

import type { AttributeValue, WriteRequest } from "@aws-sdk/client-dynamodb";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { forwardedDecrypt } from "../../sealed-storage.ts";
import type { Call, Operation, Permission } from "../../service.ts";
import type { Engine, EngineOperation } from "./engine.ts";
import { type ItemRequest, leadingKeys, touchedAttributes } from "./request-attributes.ts";
import type { Table, Tables } from "./tables.ts";

const service = "dynamodb.amazonaws.com";

/** DynamoDB keeps a table's key in the clear for each connection until five minutes pass without use; a connection is an access key here. */
const tableKeyCacheMs = 300_000;

interface DataRequest extends ItemRequest {
  readonly TableName?: string | undefined;
  readonly IndexName?: string | undefined;
  readonly Select?: string | undefined;
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: string | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

interface BatchRequest {
  readonly RequestItems?: Readonly<Record<string, ItemRequest | readonly WriteRequest[]>> | undefined;
}

const isWrites = (of: ItemRequest | readonly WriteRequest[]): of is readonly WriteRequest[] => Array.isArray(of);

/** One table's part of a batch, as if it were a request of its own. */
function partOf(requests: ItemRequest | readonly WriteRequest[]): ItemRequest {
  if (!isWrites(requests)) return requests;
  const items = requests.map((write): Record<string, AttributeValue> => write.PutRequest?.Item ?? write.DeleteRequest?.Key ?? {});
  return { Keys: items };
}

export function itemOperations(tables: Tables, engine: Engine): Record<string, Operation> {
  const lastUse = new Map<string, number>();

  const permission = (action: string, of: { tableName: string; request: DataRequest }): Permission => {
    const { request } = of;
    const table = tables.find(of.tableName);
    const name = table?.name ?? of.tableName;
    const partitionKey = table?.definition.KeySchema?.find((key) => key.KeyType === "HASH")?.AttributeName;
    const keys = partitionKey === undefined ? [] : leadingKeys(request, partitionKey);
    const attributes = touchedAttributes(request);
    const tags = [...(table?.tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value] as const);
    return {
      action: `dynamodb:${action}`,
      resource: request.IndexName === undefined ? tables.arnOf(name) : `${tables.arnOf(name)}/index/${request.IndexName}`,
      context: {
        ...(keys.length === 0 ? {} : { "dynamodb:LeadingKeys": keys }),
        ...(attributes.length === 0 ? {} : { "dynamodb:Attributes": attributes }),
        ...(request.ReturnValues === undefined ? {} : { "dynamodb:ReturnValues": request.ReturnValues }),
        ...(request.Select === undefined ? {} : { "dynamodb:Select": request.Select }),
        ...(request.ReturnConsumedCapacity === undefined ? {} : { "dynamodb:ReturnConsumedCapacity": request.ReturnConsumedCapacity }),
        ...(action === "Scan" ? { "dynamodb:FullTableScan": "true" } : {}),
        ...Object.fromEntries(tags),
      },
      ...(table?.policy === undefined ? {} : { resourcePolicy: table.policy }),
    };
  };

  /** Takes the caller's `kms:Decrypt` on the table's key, through DynamoDB, whenever the cached one has expired. */
  async function open(table: Table, call: Call): Promise<void> {
    await tables.make(table);
    if (table.key === undefined) return;
    const connection = `${table.id} ${call.caller.accessKeyId}`;
    if (call.nowMs - (lastUse.get(connection) ?? Number.NEGATIVE_INFINITY) > tableKeyCacheMs) {
      try {
        await forwardedDecrypt(call, { service, wrappedKey: table.key.wrapped, encryptionContext: table.key.encryptionContext });
      } catch (cause) {
        if (!(cause instanceof AwsError)) throw cause;
        throw new AwsError("AccessDeniedException", `KMS key access denied error: ${cause.message}`, { statusCode: 400, cause });
      }
    }
    lastUse.set(connection, call.nowMs);
  }

  /** The engine does not know `ReturnValuesOnConditionCheckFailure`: what the condition saw is read and added here. */
  async function withOldItem(error: unknown, of: { table: Table; request: DataRequest }): Promise<unknown> {
    const wanted = of.request.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
    if (!wanted || !(error instanceof AwsError) || error.code !== "ConditionalCheckFailedException") return error;
    const source = of.request.Key ?? of.request.Item ?? {};
    const names = (of.table.definition.KeySchema ?? []).map((key) => required(key.AttributeName, "attributeName"));
    const Key = Object.fromEntries(names.map((name) => [name, source[name]]));
    const { Item } = await engine.run("GetItem", { TableName: of.table.name, Key, ConsistentRead: true });
    return new AwsError(error.code, error.message, {
      statusCode: error.statusCode,
      cause: error,
      fields: Item === undefined ? {} : { Item },
    });
  }

  const single = (operation: EngineOperation): Operation<DataRequest> => ({
    permissions: (input) => [permission(operation, { tableName: required(input.TableName, "tableName"), request: input })],
    async run(input, call) {
      const table = tables.get(input.TableName);
      await open(table, call);
      try {
        return await engine.run(operation, { ...input, TableName: table.name });
      } catch (error) {
        throw await withOldItem(error, { table, request: input });
      }
    },
  });

  const batch = (operation: EngineOperation): Operation<BatchRequest> => ({
    permissions: (input) =>
      Object.entries(required(input.RequestItems, "requestItems")).map(([tableName, requests]) =>
        permission(operation, { tableName, request: partOf(requests) }),
      ),
    async run(input, call) {
      const parts = Object.entries(required(input.RequestItems, "requestItems"));
      for (const [tableName] of parts) {
        if (tableName.startsWith("arn:")) throw notImplemented(`${operation} with a table's ARN in place of its name`);
        await open(tables.get(tableName), call);
      }
      return engine.run(operation, input);
    },
  });

  return {
    PutItem: single("PutItem"),
    GetItem: single("GetItem"),
    UpdateItem: single("UpdateItem"),
    DeleteItem: single("DeleteItem"),
    Query: single("Query"),
    Scan: single("Scan"),
    BatchGetItem: batch("BatchGetItem"),
    BatchWriteItem: batch("BatchWriteItem"),
  };
}
