// The rotation by schedule and the IAM admin at the same admin: each goes on where the other broke off, and neither undoes what the other did.

import { CreateAccessKeyCommand, DeleteAccessKeyCommand, IAMClient, UpdateAccessKeyCommand } from "@aws-sdk/client-iam";
import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { roleNames } from "../../../core/naming.ts";
import { AwsError } from "../../../emulator/aws-error.ts";
import { adminAccount } from "../../../tasks/rotate-admin-key/admin-account.ts";
import { rotateAdminKey } from "../../../tasks/rotate-admin-key/task.ts";
import { longTermKey, stolen } from "../../attacks/attacked-account.ts";
import { type RotatedAccount, startRotatedAccount } from "./rotated-account.ts";

let account: RotatedAccount;
beforeAll(async () => {
  account = await startRotatedAccount();
});
// A key that is younger than two minutes may belong to a rotation under way.
beforeEach(() => account.advance(121_000));
afterAll(() => account.stop());

const UserName = "alice";
const SecretId = "keyturn/admins/alice";
const keyInSecret = async () => (await longTermKey("alice", account.at)).accessKeyId;
const keysOf = async () => (await account.state("alice")).keys.map(({ id }) => id);
const failure = () => account.attempts.at(-1)?.failure?.message ?? "none";
const nameOf = (error: unknown) => (error instanceof Error ? error.name : "no error");
const steps = () => account.attempts.map(({ failure: failed }) => failed?.step ?? "done");

/** Secrets Manager stops trying, as it does in the end: the next rotation is one of its own. */
async function giveUp(): Promise<void> {
  const { pending } = await account.state("alice");
  if (pending === undefined) return;
  await account.clients.secrets.send(
    new UpdateSecretVersionStageCommand({ SecretId, VersionStage: "AWSPENDING", RemoveFromVersionId: pending.versionId }),
  );
  await account.nextAttempt();
}

/** Breaks a rotation off when it has stored its key. */
async function stored(): Promise<string> {
  const fault = account.breakOff({ service: "secretsmanager", operation: "UpdateSecretVersionStage", nth: 1 }, "refused");
  await account.rotateNow();
  fault.lift();
  const { pending } = await account.state("alice");
  expect(pending?.accessKeyId).toMatch(/^AKIA/);
  return pending?.accessKeyId ?? "";
}

describe("keyturn admin rotate is interrupted, and the schedule comes", () => {
  const interrupted: readonly (readonly [where: string, faults: readonly (readonly [service: string, operation: string])[]])[] = [
    ["creating the key", [["iam", "CreateAccessKey"]]],
    ["proving it", [["sts", "GetCallerIdentity"]]],
    [
      "proving it, and as if it were killed",
      [
        ["sts", "GetCallerIdentity"],
        ["iam", "DeleteAccessKey"],
      ],
    ],
    ["writing the secret", [["secretsmanager", "PutSecretValue"]]],
    [
      "writing the secret, and as if it were killed",
      [
        ["secretsmanager", "PutSecretValue"],
        ["iam", "DeleteAccessKey"],
      ],
    ],
    ["letting go of the version before", [["secretsmanager", "UpdateSecretVersionStage"]]],
    ["deleting the key before", [["iam", "DeleteAccessKey"]]],
  ];

  it.each(interrupted)("%s", async (_where, faults) => {
    const struck = faults.map(([service, operation]) => account.fail({ service, operation }));
    await expect(account.rotate("alice")).rejects.toThrow("broken off here");
    expect(struck.map((fault) => fault.struck)).toEqual(faults.map(() => 1));
    await account.advance(121_000);
    const before = await keyInSecret();
    await account.rotateNow();
    expect(steps()).toEqual(["done"]);
    expect(await keyInSecret()).not.toBe(before);
    await account.expectOrder();
  });
});

describe("both at once", () => {
  it("end with one key that works, whoever is first", async () => {
    for (let round = 0; round < 5; round += 1) {
      const [scheduled, byHand] = await Promise.allSettled([account.rotateNow(), account.rotate("alice")]);
      expect(scheduled.status).toBe("fulfilled");
      const outcomes = [steps().at(-1) === "done", byHand.status === "fulfilled"];
      expect(outcomes).toContain(true);
      await account.turnsTheKey("alice");
      await account.advance(121_000);
      if (steps().at(-1) !== "done") await account.nextAttempt();
      else if ((await keysOf()).length > 1) await account.rotate("alice");
      await account.expectOrder();
      await account.advance(121_000);
    }
  });

  it("that both put the stored key in force: whoever is second finds it done", async () => {
    const key = await stored();
    const name = "lets the schedule come first";
    let isFirst = true;
    account.clients.secrets.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (isFirst && commandName === "UpdateSecretVersionStageCommand") {
            isFirst = false;
            await account.nextAttempt();
          }
          return next(args);
        },
      { step: "initialize", name },
    );
    const { steps: reported } = await account.rotate("alice").finally(() => account.clients.secrets.middlewareStack.remove(name));
    expect(reported[0]).toBe(`put ${key} in force`);
    expect(steps()).toEqual(["finishSecret", "done"]);
    expect(await keyInSecret()).toBe(key);
    await account.expectOrder();
  });

  it("two invocations for one token: one makes the key, the other is refused and changes nothing", async () => {
    const [before] = await keysOf();
    const fault = account.breakOff({ service: "secretsmanager", operation: "DescribeSecret", nth: 1 }, "refused");
    await account.rotateNow();
    fault.lift();
    const { pending } = await account.state("alice");
    const { ARN: secretArn = "" } = await account.clients.secrets.send(new DescribeSecretCommand({ SecretId }));
    const credentials = await stolen(roleNames.rotateAdminKey, account.at);
    const options = account.at.emulator.gateway.clientOptions(credentials);
    const invoke = () =>
      rotateAdminKey(
        { step: "createSecret", admin: "alice", secretArn, token: pending?.versionId ?? "" },
        {
          admins: ["alice"],
          account: {
            ...adminAccount({ iam: new IAMClient(options), secrets: new SecretsManagerClient(options) }),
            identify: async () => account.at.arn("iam", "user/keyturn/alice"),
          },
          nowMs: () => account.at.emulator.clock.now(),
          pause: async () => undefined,
          settle: async () => undefined,
        },
      );
    const ended = await Promise.allSettled([invoke(), invoke()]);
    const [refused] = ended.filter((one) => one.status === "rejected");
    expect(ended.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(["LimitExceededException", "RotationUnderWay"]).toContain(nameOf(refused?.reason));
    const stored = (await account.state("alice")).pending?.accessKeyId;
    expect((await keysOf()).toSorted()).toEqual([before, stored].toSorted());
    await account.nextAttempt();
    expect(await keyInSecret()).toBe(stored);
    await account.expectOrder();
  });
});

describe("a rotation is refused, with the way out, and changes nothing", () => {
  afterEach(giveUp);

  /** One attempt; what it says, in its log too. */
  async function refused(name: string): Promise<string> {
    const before = await account.state("alice");
    await account.rotateNow();
    expect(steps()).toEqual(["createSecret"]);
    const { keys, secret, devices } = await account.state("alice");
    expect({ keys, secret, devices }).toEqual({ keys: before.keys, secret: before.secret, devices: before.devices });
    const [line] = await account.logged();
    expect(line).toMatchObject({ level: "ERROR", state: "RotateAdminKey", outcome: "failed", errorName: name });
    expect(failure()).toContain(String(line?.["message"]));
    return failure();
  }

  it("somebody else has just made a key", async () => {
    const { AccessKey } = await account.clients.iam.send(new CreateAccessKeyCommand({ UserName }));
    expect(await refused("RotationUnderWay")).toMatch(
      new RegExp(`The key ${AccessKey?.AccessKeyId} of alice was made \\d+ s ago and is not in the secret: somebody may be rotating`),
    );
    // Two minutes later it counts as left over.
    await account.nextAttempt();
    expect(steps()).toEqual(["createSecret", "done"]);
    await account.expectOrder();
  });

  it("something other than keyturn wrote the secret", async () => {
    const key = await longTermKey("alice", account.at);
    const [device] = (await account.state("alice")).devices;
    const SecretString = JSON.stringify({ ...key, mfaSerial: device?.serialNumber });
    await account.clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    expect(await refused("RotationRefused")).toContain(
      "alice has a secret that was not written by keyturn, so which key it holds is unknown. Nothing was changed. The way out: keyturn admin rotate alice.",
    );
    await account.rotate("alice");
    await giveUp();
    await account.expectOrder();
  });

  it("the admin was removed; and can be enrolled and rotated again", async () => {
    await account.remove("alice");
    expect(await refused("RotationRefused")).toContain("alice was removed. Nothing was changed. The way out: keyturn admin enroll alice.");
    await account.enroll("alice");
    await account.nextAttempt();
    expect(steps()).toEqual(["createSecret", "done"]);
    await account.expectOrder();
  });
});

describe("a rotation that was overtaken does not go on", () => {
  it("by a removal: nothing is left of it", async () => {
    await stored();
    await account.remove("alice");
    const { keys, devices, pending, staleLabels } = await account.state("alice");
    expect({ keys, devices, pending, staleLabels }).toEqual({ keys: [], devices: [], pending: undefined, staleLabels: [] });
    await account.nextAttempt();
    expect(await keysOf()).toEqual([]);
    await account.enroll("alice");
    await account.expectOrder();
  });

  it("by a removal while it proves its key: that key goes again", async () => {
    const proving = account.fail({
      service: "sts",
      operation: "GetCallerIdentity",
      callerUser: "alice",
      times: 1000,
      error: new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", { statusCode: 403 }),
    });
    const rotation = account.rotateNow();
    while (proving.struck === 0) await new Promise((resolve) => setImmediate(resolve));
    await account.clients.secrets.send(
      new PutSecretValueCommand({ SecretId, SecretString: '{"removed": true}', VersionStages: ["AWSCURRENT", "removed"] }),
    );
    proving.lift();
    await rotation;
    expect(failure()).toContain("RotationOvertaken");
    expect(failure()).toContain("This rotation of alice's key does not go on: its credentials changed meanwhile.");
    expect(await keysOf()).toHaveLength(1);
    await account.remove("alice");
    await giveUp();
    await account.enroll("alice");
    await account.expectOrder();
  });

  it.each([
    ["was deleted by hand", (AccessKeyId: string) => account.clients.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }))],
    [
      "was disabled by hand",
      (AccessKeyId: string) => account.clients.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" })),
    ],
  ])("because its key %s: it is given up, and the next one begins anew", async (_what, spoil) => {
    const before = await keyInSecret();
    const key = await stored();
    await spoil(key);
    await account.nextAttempt();
    expect(failure()).toContain(`the key that it had stored, ${key}, is of no use any more`);
    expect(await keyInSecret()).toBe(before);
    expect((await account.state("alice")).pending).toBeUndefined();
    await account.nextAttempt();
    await account.advance(121_000);
    await account.rotateNow();
    expect(steps()).toEqual(["done"]);
    await account.expectOrder();
  });

  it("because it was cancelled: its label is taken off, and whoever comes next finds what it left", async () => {
    const key = await stored();
    await giveUp();
    expect(await keysOf()).toContain(key);
    await account.advance(121_000);
    await account.rotateNow();
    expect(steps()).toEqual(["done"]);
    expect(await keysOf()).not.toContain(key);
    await account.expectOrder();
  });
});

it("gives up on a key that STS never comes to know, and leaves everything as it was", async () => {
  const before = await account.state("alice");
  const unknown = account.fail({
    service: "sts",
    operation: "GetCallerIdentity",
    callerUser: "alice",
    times: 1000,
    error: new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", { statusCode: 403 }),
  });
  await account.rotateNow();
  unknown.lift();
  expect(unknown.struck).toBe(60);
  expect(failure()).toContain("STS did not come to know the new key of alice within a minute. It was deleted");
  const { keys, secret } = await account.state("alice");
  expect({ keys, secret }).toEqual({ keys: before.keys, secret: before.secret });
  await account.nextAttempt();
  await account.expectOrder();
});

it("never reads a secret, and says nothing secret in its log", async () => {
  await account.rotateNow();
  const { secretAccessKey } = await longTermKey("alice", account.at);
  const lines = await account.logged();
  expect(lines.map(({ step, outcome, admin }) => [step, outcome, admin])).toEqual([
    ["createSecret", "stored", "alice"],
    ["setSecret", "nothing-to-do", "alice"],
    ["testSecret", "nothing-to-do", "alice"],
    ["finishSecret", "in-force", "alice"],
  ]);
  expect(JSON.stringify(lines)).not.toContain(secretAccessKey);
  const own = account.calls.filter(({ caller }) => caller?.roleArn?.endsWith(`/${roleNames.rotateAdminKey}`));
  expect(own.length).toBeGreaterThan(100);
  expect(own.filter(({ operation }) => operation === "GetSecretValue" || operation === "Decrypt")).toEqual([]);
});
