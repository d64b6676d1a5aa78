// The table of attempts in an emulated account, spoken to by the real client.

import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoDb } from "../../../emulator/services/dynamodb.ts";
import { createKms } from "../../../emulator/services/kms.ts";
import { startTestEmulator } from "../../support/emulator.ts";

export const attemptsTable = "MfaAttempts";

/** As the stacks create it. */
export async function createAttemptsTable(dynamodb: DynamoDBClient): Promise<void> {
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
}

export async function startAttemptTable(): Promise<{ dynamodb: DynamoDBClient; stop: () => Promise<void> }> {
  const emulator = await startTestEmulator({
    services: ({ environment }) => [createDynamoDb(environment, { kms: createKms(environment) })],
  });
  const dynamodb = emulator.client(DynamoDBClient);
  await createAttemptsTable(dynamodb);
  return { dynamodb, stop: () => emulator.stop() };
}
