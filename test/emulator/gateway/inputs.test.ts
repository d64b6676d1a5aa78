import { GetUserPolicyCommand, IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { DescribeKeyCommand, EncryptCommand, KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { CreateScheduleCommand, GetScheduleGroupCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKms } from "../../../emulator/services/kms.ts";
import { createScheduler } from "../../../emulator/services/scheduler.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({
    services: ({ environment, gateway, roles }) => [createKms(environment), createScheduler(environment, { gateway, roles })],
  });
});
afterAll(() => emulator.stop());

const missing = (name: string) =>
  `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`;

// `never`: the SDK's types forbid what a client of another make may send.
test.each([
  [
    "JSON without a member that it needs",
    () => emulator.client(KMSClient).send(new DescribeKeyCommand({} as never)),
    "ValidationException",
    missing("keyId"),
  ],
  [
    "a number where JSON needs a string",
    () => emulator.client(KMSClient).send(new DescribeKeyCommand({ KeyId: 5 as never })),
    "SerializationException",
    "KeyId is not a string.",
  ],
  [
    "a string where JSON needs a number",
    () => emulator.client(KMSClient).send(new ListKeysCommand({ Limit: "x" as never })),
    "SerializationException",
    "Limit is not a number.",
  ],
  [
    "a list where JSON needs a map",
    () => emulator.client(KMSClient).send(new EncryptCommand({ KeyId: "k", Plaintext: new Uint8Array(), EncryptionContext: "x" as never })),
    "SerializationException",
    "EncryptionContext is not an object.",
  ],
  [
    "a form without a member that it needs",
    () => emulator.client(IAMClient).send(new GetUserPolicyCommand({ UserName: "a" } as never)),
    "ValidationError",
    missing("policyName"),
  ],
  [
    "text where a form needs a number",
    () => emulator.client(IAMClient).send(new ListUsersCommand({ MaxItems: "x" as never })),
    "MalformedInput",
    "The parameter MaxItems is not of the form that this operation takes.",
  ],
  [
    "a REST body without a member that it needs",
    () =>
      emulator
        .client(SchedulerClient)
        .send(new CreateScheduleCommand({ Name: "n", ScheduleExpression: "rate(1 day)", FlexibleTimeWindow: { Mode: "OFF" } } as never)),
    "ValidationException",
    missing("target"),
  ],
])("refuses %s", async (_, send, name, message) => {
  await expect(send()).rejects.toMatchObject({ name, message, $metadata: { httpStatusCode: 400 } });
});

test("binds path and query, encoded as they need to be", async () => {
  const scheduler = emulator.client(SchedulerClient);
  await expect(scheduler.send(new GetScheduleGroupCommand({ Name: "a.b_c-1" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
    message: expect.stringContaining("a.b_c-1"),
  });
  expect((await scheduler.send(new ListSchedulesCommand({ NamePrefix: "ü &=+", MaxResults: 5 }))).Schedules).toEqual([]);
});

test("refuses a path that is not well percent-encoded", async () => {
  const response = await emulator.gateway.handle(
    { method: "GET", path: "/%zz", query: "a=%zz", headers: { host: "127.0.0.1" }, body: new Uint8Array() },
    { sourceIp: "127.0.0.1" },
  );
  expect([response.statusCode, Buffer.from(response.body).toString()]).toEqual([400, expect.stringContaining("InvalidURI")]);
});
