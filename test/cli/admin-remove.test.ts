import { CreateVirtualMFADeviceCommand } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assertEnrollable } from "../../cli/admin/enroll.ts";
import { planRemoval } from "../../cli/admin/removal.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { roleNames } from "../../core/naming.ts";
import { readAdminCredentialWith } from "../../tasks/validate-mfa/admin-credential.ts";
import { stolen } from "../attacks/attacked-account.ts";
import { type AdminAccount, startAdminAccount } from "./admin-account.ts";

let account: AdminAccount;

beforeAll(async () => {
  account = await startAdminAccount();
});
afterAll(() => account.stop());

/** As validate-mfa's Lambda reads it, under its own role. */
async function readByTheTask(admin: string): Promise<unknown> {
  const secrets = signedIn(SecretsManagerClient, await stolen(roleNames.validateMfa, account.at), account.at);
  return readAdminCredentialWith(secrets)(admin).finally(() => secrets.destroy());
}

async function expectNothingLeft(admin: string): Promise<void> {
  const state = await account.state(admin);
  expect(state).toMatchObject({ keys: [], devices: [], secret: { kind: "removed" }, staleLabels: [] });
  expect(state.looseDevice).toBeUndefined();
  expect(planRemoval(state)).toEqual([]);
  await expect(readByTheTask(admin)).rejects.toMatchObject({
    name: "CredentialMissing",
    message: `The secret keyturn/admins/${admin} holds no key: ${admin} was removed. An IAM admin enrols with keyturn admin enroll ${admin}.`,
  });
}

describe("a removal, as KeyturnIamAdmin", () => {
  it("says first what it will do, in the order in which it does it", async () => {
    const { keys } = await account.state("bob");
    expect(planRemoval(await account.state("bob")).map(({ will }) => will)).toEqual([
      "overwrite keyturn/admins/bob with a marker: runs then fail with CredentialMissing",
      expect.stringContaining(`delete ${keys[0]?.id}, made `),
      "deactivate the MFA device arn:aws:iam::111122223333:mfa/keyturn/bob",
      "delete the MFA device arn:aws:iam::111122223333:mfa/keyturn/bob",
      "let go of the other versions of keyturn/admins/bob",
    ]);
  });

  it("takes along a device that was never activated", async () => {
    await account.remove("bob");
    await account.clients.iam.send(new CreateVirtualMFADeviceCommand({ Path: "/keyturn/", VirtualMFADeviceName: "bob" }));
    expect(planRemoval(await account.state("bob")).map(({ will }) => will)).toEqual([
      "delete the MFA device arn:aws:iam::111122223333:mfa/keyturn/bob",
    ]);
    await account.remove("bob");
    await expectNothingLeft("bob");
    await account.enroll("bob");
  });
});

describe("a removal that breaks off is ended by the next, and the admin can be enrolled anew, where it broke off at", () => {
  it.each([
    ["secretsmanager", "PutSecretValue"],
    ["iam", "DeleteAccessKey"],
    ["iam", "DeactivateMFADevice"],
    ["iam", "DeleteVirtualMFADevice"],
    ["secretsmanager", "UpdateSecretVersionStage"],
  ])("%s %s", async (service, operation) => {
    const fault = account.fail({ service, operation });
    await expect(account.remove("bob")).rejects.toThrow("broken off here");
    expect(fault.struck).toBe(1);
    await account.remove("bob");
    await expectNothingLeft("bob");
    await account.enroll("bob");
    await account.turnsTheKey("bob");
    await expect(readByTheTask("bob")).resolves.toMatchObject({ mfaSerial: "arn:aws:iam::111122223333:mfa/keyturn/bob" });
  });
});

describe("an enrolment of somebody who has something already names the command that is meant", () => {
  it("rotate or remove, for who is enrolled", async () => {
    const state = await account.state("alice");
    expect(() => assertEnrollable(state)).toThrow(/^alice is enrolled: device since .* UTC, key since .* UTC\. Nothing was changed\./);
    expect(() => assertEnrollable(state)).toThrow(
      "For a new key: keyturn admin rotate alice. For a new device: keyturn admin remove alice,",
    );
    expect(() => assertEnrollable({ ...state, keys: [] })).toThrow("For a key to that device: keyturn admin rotate alice.");
    expect(() => assertEnrollable({ ...state, devices: [] })).toThrow("To enrol anew: keyturn admin remove alice, then this again.");
    expect(() => assertEnrollable({ ...state, hasUser: false })).toThrow("There is no user alice");
  });

  it("nothing, for who was removed", async () => {
    await account.remove("alice");
    expect(assertEnrollable(await account.state("alice"))).toBeUndefined();
  });
});
