// A real DynamoDB table for the tests of the attempts, in process, spoken to by the real client.

import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";

// dynalite is CommonJS without types; this is all that is used of it.
const dynalite = createRequire(import.meta.url)("dynalite") as (options: { createTableMs: number }) => Server;

export const attemptsTable = "MfaAttempts";

export async function startAttemptTable(): Promise<{ dynamodb: DynamoDBClient; stop: () => Promise<void> }> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const dynamodb = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await dynamodb.send(
    new CreateTableCommand({
      TableName: attemptsTable,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "admin", AttributeType: "S" },
        { AttributeName: "attempt", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "admin", KeyType: "HASH" },
        { AttributeName: "attempt", KeyType: "RANGE" },
      ],
    }),
  );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 10, minDelay: 1 }, { TableName: attemptsTable });
  const stop = async (): Promise<void> => {
    dynamodb.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { dynamodb, stop };
}
