import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "../../../emulator/aws-error.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

let emulator: TestEmulator;
let sts: STSClient;
beforeEach(async () => {
  emulator = await startTestEmulator();
  const { endpoint, administrator: credentials } = emulator;
  sts = new STSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
});
afterEach(async () => {
  sts.destroy();
  await emulator.stop();
});

const error = new AwsError("ServiceUnavailable", "Not now.", { statusCode: 503 });
const fault = { service: "sts", operation: "GetCallerIdentity", times: 2, error };
const ask = () =>
  sts.send(new GetCallerIdentityCommand({})).then(
    () => "answered",
    (thrown: Error) => `${thrown.name}: ${thrown.message}`,
  );

describe("a fault", () => {
  it("strikes as often as it says, in AWS's form, and is recorded like any failed call", async () => {
    const added = emulator.gateway.faults.add(fault);
    expect([await ask(), await ask(), await ask()]).toEqual(["ServiceUnavailable: Not now.", "ServiceUnavailable: Not now.", "answered"]);
    expect(added.struck).toBe(2);
    expect(emulator.calls.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "answered"]);
  });

  it("strikes no other operation, service or caller", async () => {
    const { faults } = emulator.gateway;
    const others = [
      faults.add({ ...fault, operation: "AssumeRole" }),
      faults.add({ ...fault, service: "iam" }),
      faults.add({ ...fault, callerUser: "somebody" }),
      faults.add({ ...fault, callerRole: "administrator" }),
    ];
    const own = faults.add({ ...fault, callerUser: "administrator", times: 1 });
    expect([await ask(), await ask()]).toEqual(["ServiceUnavailable: Not now.", "answered"]);
    expect([own, ...others].map(({ struck }) => struck)).toEqual([1, 0, 0, 0, 0]);
  });

  it("ends when it is lifted", async () => {
    const added = emulator.gateway.faults.add(fault);
    added.lift();
    added.lift();
    expect(await ask()).toBe("answered");
    expect(added.struck).toBe(0);
  });

  it("runs nothing: who is refused by it has changed nothing", async () => {
    emulator.gateway.faults.add({ ...fault, operation: "GetSessionToken", times: 1 });
    const { sessions } = emulator.store;
    const before = sessions.size;
    await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toThrow("Not now.");
    expect(sessions.size).toBe(before);
  });
});
