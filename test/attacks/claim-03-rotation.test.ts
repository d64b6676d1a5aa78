// Claim 3 by attack: whoever steals RotateAdminKeyRole writes admins' keys and reads none, and what they write opens nothing.

import { CreateAccessKeyCommand, DeleteAccessKeyCommand, IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { adminSecretLabel, jobRoleName, roleNames } from "../../core/naming.ts";
import type { Credentials } from "../../emulator/service.ts";
import { Operator } from "../runs/operator.ts";
import { freshCode, type RunAccount, startRunAccount } from "../runs/run-account.ts";
import { assume, longTermKey, outcomeOf, stolen, withInterface } from "./attacked-account.ts";
import { given } from "./specimens.ts";

let at: RunAccount;
let operator: Operator;
let thief: { readonly iam: IAMClient; readonly secrets: SecretsManagerClient };

beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
  const options = { ...at.emulator.gateway.clientOptions(await stolen(roleNames.rotateAdminKey, at)), maxAttempts: 1 };
  thief = { iam: new IAMClient(options), secrets: new SecretsManagerClient(options) };
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const SecretId = "keyturn/admins/alice";

/** A key that the thief makes for an admin; it is gone when `use` has ended. */
async function withOwnKey<Result>(UserName: string, use: (key: Credentials) => Promise<Result>): Promise<Result> {
  const { AccessKey } = await thief.iam.send(new CreateAccessKeyCommand({ UserName }));
  const AccessKeyId = given(AccessKey?.AccessKeyId);
  try {
    return await use({ accessKeyId: AccessKeyId, secretAccessKey: given(AccessKey?.SecretAccessKey) });
  } finally {
    await thief.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  }
}

describe("a secret that the thief may write", () => {
  it("is read in no way: by name, ARN, version, stage or in a batch, nor by asking whether it is a guess", async () => {
    const { ARN = "", VersionIdsToStages = {} } = await thief.secrets.send(new DescribeSecretCommand({ SecretId }));
    const [VersionId] = Object.keys(VersionIdsToStages);
    const label = adminSecretLabel.key((await longTermKey("alice", at)).accessKeyId);
    const ways = [
      { SecretId },
      { SecretId: ARN },
      { SecretId, VersionId },
      ...["AWSCURRENT", label].map((VersionStage) => ({ SecretId, VersionStage })),
    ];
    for (const way of ways) expect(await outcomeOf(thief.secrets.send(new GetSecretValueCommand(way)))).toBe("AccessDeniedException");
    // Not modelled by the emulator, and denied by the secret's policy by name (test/infra/claims-1-to-6.test.ts).
    expect(await outcomeOf(thief.secrets.send(new BatchGetSecretValueCommand({ SecretIdList: [SecretId] })))).not.toBe("allowed");
    const right = JSON.stringify({ ...(await longTermKey("alice", at)), mfaSerial: at.admins.get("alice")?.device.serialNumber });
    for (const SecretString of [right, "{}"]) {
      const guess = new PutSecretValueCommand({ SecretId, ClientRequestToken: VersionId, SecretString, VersionStages: ["GUESS"] });
      await expect(thief.secrets.send(guess)).rejects.toThrow("Access to KMS is not allowed");
    }
    expect(await outcomeOf(thief.secrets.send(new UpdateSecretCommand({ SecretId, KmsKeyId: "alias/aws/secretsmanager" })))).toBe(
      "AccessDeniedException",
    );
  });

  it("is one that the function rotates: any other of that name is closed", async () => {
    const administrator = signedIn(SecretsManagerClient, at.administrator, at);
    await administrator.send(new CreateSecretCommand({ Name: "keyturn/admins/mallory", SecretString: "0" }));
    administrator.destroy();
    for (const attempt of [
      new DescribeSecretCommand({ SecretId: "keyturn/admins/mallory" }),
      new PutSecretValueCommand({ SecretId: "keyturn/admins/mallory", SecretString: "1" }),
    ] as const) {
      expect(await outcomeOf(thief.secrets.send(attempt as DescribeSecretCommand))).toBe("AccessDeniedException");
    }
  });
});

describe("a key that the thief makes", () => {
  it("opens nothing without the device: no job's role, also where job roles are assumed, and no session that could", async () => {
    const role = at.roleArn(jobRoleName("trial"));
    const become = (credentials: Credentials) =>
      withInterface("retrieve-credentials", at, (origin) => outcomeOf(assume(credentials, { role, SourceIdentity: "alice" }, at, origin)));
    await withOwnKey("alice", async (key) => {
      expect(await become(key)).toBe("AccessDenied");
      const sts = signedIn(STSClient, key, at);
      const { Credentials: issued } = await sts.send(new GetSessionTokenCommand({}));
      const session = {
        accessKeyId: given(issued?.AccessKeyId),
        secretAccessKey: given(issued?.SecretAccessKey),
        sessionToken: given(issued?.SessionToken),
      };
      expect(await become(session)).toBe("AccessDenied");
      const SerialNumber = at.admins.get("alice")?.device.serialNumber;
      expect(await outcomeOf(sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: "000000" })))).toBe("AccessDenied");
      sts.destroy();
      const own = signedIn(IAMClient, key, at);
      expect(await outcomeOf(own.send(new ListAccessKeysCommand({ UserName: "alice" })))).toBe("AccessDenied");
      own.destroy();
      expect(await outcomeOf(signedIn(SecretsManagerClient, key, at).send(new GetSecretValueCommand({ SecretId })))).toBe(
        "AccessDeniedException",
      );
    });
  });

  it("is made for nobody but the admins", async () => {
    for (const UserName of ["operator", "auditor", "iam-admin", "administrator"]) {
      expect(await outcomeOf(thief.iam.send(new CreateAccessKeyCommand({ UserName })))).toBe("AccessDenied");
      expect(await outcomeOf(thief.iam.send(new ListAccessKeysCommand({ UserName })))).toBe("AccessDenied");
    }
  });

  it("of another admin, in alice's secret with that admin's device, does not turn alice's key", async () => {
    const kept = await longTermKey("alice", at);
    await withOwnKey("bob", async (key) => {
      const [alices, bobs] = ["alice", "bob"].map((admin) => given(at.admins.get(admin)).device.serialNumber);
      const write = (value: object) => thief.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));
      await write({ ...key, mfaSerial: bobs });
      const input = { job: "trial", admin: "alice", parameters: { act: "succeed" }, mfaCode: await freshCode("bob", at) };
      const before = at.issued();
      expect((await operator.run(input)).rest).toMatchObject({ status: "FAILED", at: "RetrieveCredentials", error: "JobRoleRefused" });
      expect({ roles: at.issued().roles - before.roles, jobs: at.issued().jobs - before.jobs }).toEqual({ roles: 0, jobs: 0 });
      await write({ ...kept, mfaSerial: alices });
    });
  });
});
