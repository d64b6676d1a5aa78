import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator.stop());

test("tells a caller over a socket who it is", async () => {
  const identity = await emulator.client(STSClient).send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({ Account: "111122223333", Arn: "arn:aws:iam::111122223333:user/administrator" });
});

test("tells a caller inside the process who it is", async () => {
  const client = new STSClient(emulator.gateway.clientOptions(emulator.administrator));
  const identity = await client.send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({ Account: "111122223333", Arn: "arn:aws:iam::111122223333:user/administrator" });
});
