// Amazon DynamoDB: an engine that nobody reaches but through the gateway.

import type { ResourceType } from "../deploy/resource-type.ts";
import { dynamoDbResourceTypes } from "../deploy/resources/dynamodb.ts";
import type { Environment, Service } from "../service.ts";
import { Engine } from "./dynamodb/engine.ts";
import { itemOperations } from "./dynamodb/item-operations.ts";
import { tableOperations } from "./dynamodb/table-operations.ts";
import { Tables } from "./dynamodb/tables.ts";
import type { Kms } from "./kms.ts";

export interface DynamoDb {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export function createDynamoDb(environment: Environment, dependencies: { kms: Kms }): DynamoDb {
  const engine = new Engine(environment.region);
  const tables = new Tables(environment, engine);
  return {
    service: {
      signingName: "dynamodb",
      protocol: "awsJson1_0",
      model: () => import("@aws-sdk/client-dynamodb"),
      operations: { ...itemOperations(tables, engine), ...tableOperations(tables, engine, environment) },
    },
    resourceTypes: dynamoDbResourceTypes(tables, { kms: dependencies.kms, environment }),
  };
}
