// An admin's credential that is missing, malformed or not accepted: the run fails at ValidateMfa and says who mends it; a redrive goes on from there.

import { AddUserToGroupCommand, IAMClient, RemoveUserFromGroupCommand, UpdateAccessKeyCommand } from "@aws-sdk/client-iam";
import { DeleteSecretCommand, PutSecretValueCommand, RestoreSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { adminSecretName, groupName, roleNames } from "../../core/naming.ts";
import { longTermKey, stolen } from "../attacks/attacked-account.ts";
import { Operator } from "./operator.ts";
import { type Admin, freshCode, nothing, type RunAccount, since, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
/** As an administrator of the account. */
let iam: IAMClient;
let secrets: SecretsManagerClient;
/** As Keyturn's IAM admin, who alone writes the values. */
let values: SecretsManagerClient;

beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
  iam = signedIn(IAMClient, at.administrator, at);
  secrets = signedIn(SecretsManagerClient, at.administrator, at);
  values = signedIn(SecretsManagerClient, await stolen(roleNames.iamAdmin, at), at);
});
afterAll(async () => {
  for (const client of [operator, iam, secrets, values]) client?.destroy();
  await at?.emulator.stop();
});

const SecretId = adminSecretName;
const write = (admin: Admin, SecretString: string) => values.send(new PutSecretValueCommand({ SecretId: SecretId(admin), SecretString }));
const whole = async (admin: Admin) => ({ ...(await longTermKey(admin, at)), mfaSerial: at.admins.get(admin)?.device.serialNumber });
const input = (admin: Admin, mfaCode: string) => ({ job: "trial", admin, parameters: { act: "succeed" }, mfaCode });
const rotates = (admin: Admin) =>
  `An IAM admin mends it with keyturn admin rotate ${admin}; for a new device, with keyturn admin remove ${admin} and keyturn admin enroll ${admin}.`;

interface Row {
  readonly what: string;
  readonly admin: Admin;
  /** Gives how to mend it; absent where that takes more than this test does. */
  readonly spoil: () => Promise<(() => Promise<unknown>) | undefined>;
  readonly error: string;
  readonly message: string;
  /** Where a redrive goes once it is mended, with the same code. */
  readonly mended?: "succeeds" | "asks again";
}

const rows: readonly Row[] = [
  {
    what: "no secret",
    admin: "bob",
    async spoil() {
      await secrets.send(new DeleteSecretCommand({ SecretId: SecretId("bob"), ForceDeleteWithoutRecovery: true }));
      return undefined;
    },
    error: "AdminUnknown",
    message:
      "There is no secret keyturn/admins/bob, which the keys stack makes: deploy that stack. An IAM admin enrols with keyturn admin enroll bob.",
  },
  {
    what: "a secret without a value",
    admin: "heidi",
    spoil: async () => undefined,
    error: "CredentialMissing",
    message:
      "The secret keyturn/admins/heidi has no value yet: heidi is not enrolled. An IAM admin enrols with keyturn admin enroll heidi.",
  },
  {
    what: "a secret that is being deleted",
    admin: "carol",
    async spoil() {
      await secrets.send(new DeleteSecretCommand({ SecretId: SecretId("carol") }));
      return () => secrets.send(new RestoreSecretCommand({ SecretId: SecretId("carol") }));
    },
    error: "CredentialMissing",
    message:
      "The secret keyturn/admins/carol is marked for deletion. An administrator of the account restores it with aws secretsmanager restore-secret --secret-id keyturn/admins/carol.",
    mended: "succeeds",
  },
  {
    what: "a secret that is no JSON",
    admin: "dave",
    async spoil() {
      const good = await whole("dave");
      await write("dave", "AKIA but no JSON");
      return () => write("dave", JSON.stringify(good));
    },
    error: "CredentialMissing",
    message: `The secret keyturn/admins/dave does not hold an access key with its MFA serial. ${rotates("dave")}`,
    mended: "succeeds",
  },
  {
    what: "a secret without the MFA serial",
    admin: "dave",
    async spoil() {
      const good = await whole("dave");
      await write("dave", JSON.stringify({ ...good, mfaSerial: undefined }));
      return () => write("dave", JSON.stringify(good));
    },
    error: "CredentialMissing",
    message: `The secret keyturn/admins/dave does not hold an access key with its MFA serial. ${rotates("dave")}`,
    mended: "succeeds",
  },
  {
    what: "the MFA serial of somebody else",
    admin: "erin",
    async spoil() {
      const good = await whole("erin");
      await write("erin", JSON.stringify({ ...good, mfaSerial: (await whole("frank")).mfaSerial }));
      return () => write("erin", JSON.stringify(good));
    },
    error: "CredentialMissing",
    message: `The secret keyturn/admins/erin names an MFA device that is not erin's. ${rotates("erin")}`,
    mended: "asks again",
  },
  {
    what: "a disabled access key",
    admin: "frank",
    async spoil() {
      const { accessKeyId: AccessKeyId } = await longTermKey("frank", at);
      const key = { UserName: "frank", AccessKeyId };
      await iam.send(new UpdateAccessKeyCommand({ ...key, Status: "Inactive" }));
      return () => iam.send(new UpdateAccessKeyCommand({ ...key, Status: "Active" }));
    },
    error: "CredentialMissing",
    message: `The secret keyturn/admins/frank holds an access key that AWS does not accept (disabled, deleted, or its two halves do not match). ${rotates("frank")}`,
    mended: "asks again",
  },
  {
    what: "half of another access key",
    admin: "grace",
    async spoil() {
      const good = await whole("grace");
      await write("grace", JSON.stringify({ ...good, secretAccessKey: (await whole("frank")).secretAccessKey }));
      return () => write("grace", JSON.stringify(good));
    },
    error: "CredentialMissing",
    message: `The secret keyturn/admins/grace holds an access key that AWS does not accept (disabled, deleted, or its two halves do not match). ${rotates("grace")}`,
    mended: "asks again",
  },
];

describe("ValidateMfa fails on", () => {
  it.each(rows.map((row) => [row.what, row] as const))(
    "%s, before anything is issued",
    async (what, { admin, spoil, error, message, mended }) => {
      const run = what.replaceAll(" ", "-");
      const mend = await spoil();
      const before = at.issued();
      const code = admin === "heidi" ? "123456" : await freshCode(admin, at);
      const { executionArn, rest } = await operator.run(input(admin, code), run);
      expect(rest).toEqual({ status: "FAILED", at: "ValidateMfa", error, message });
      expect(since(before, at.issued())).toEqual(nothing);

      // Where STS was asked, the code is spent, whatever STS said.
      const spent = {
        status: "waits",
        because: "refused",
        message: expect.stringMatching(new RegExp(`^Run ${run}: this run has spent this code already, and a code works once\\. `)),
      };
      if (mended !== "asks again") {
        const again = { resumesAt: "ValidateMfa", status: "FAILED", at: "ValidateMfa", error, message };
        expect(await operator.redrive(executionArn)).toEqual(again);
      }
      if (mend === undefined) return;
      await mend();
      const healed = mended === "succeeds" ? { status: "SUCCEEDED", at: "RunJob" } : spent;
      expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "ValidateMfa", ...healed });
      if (mended === "succeeds") return;
      expect(since(before, at.issued())).toEqual(nothing);
      expect(await operator.answer(executionArn, { mfaCode: await freshCode(admin, at) })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    },
  );
});

describe("RetrieveCredentials fails on", () => {
  it("an admin who has left the group, and goes on with the same session when the admin is back", async () => {
    const member = { GroupName: groupName, UserName: "alice" };
    await iam.send(new RemoveUserFromGroupCommand(member));
    const before = at.issued();
    const { executionArn, rest } = await operator.run(input("alice", await freshCode("alice", at)), "left");
    const refused = {
      status: "FAILED",
      at: "RetrieveCredentials",
      error: "JobRoleRefused",
      message:
        "Run left: alice may not assume BatchRoleTrial: AWS does not say why. Check that alice is in the group BatchJobAdmins and among the admins of job trial, that the code is less than 15 minutes old, and that retrieve-credentials still runs in its own subnets with the STS endpoint that BatchRoleTrial trusts.",
    };
    expect(rest).toEqual(refused);
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RetrieveCredentials", ...refused });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 0, jobs: 0 });
    await iam.send(new AddUserToGroupCommand(member));
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RetrieveCredentials", status: "SUCCEEDED", at: "RunJob" });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
  });
});
