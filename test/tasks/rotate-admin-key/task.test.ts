// The steps in this process, under the role's own credentials: what no call that the gateway refuses can bring about.

import { DeactivateMFADeviceCommand, IAMClient } from "@aws-sdk/client-iam";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { roleNames } from "../../../core/naming.ts";
import { type AdminAccount, adminAccount, type Rotated } from "../../../tasks/rotate-admin-key/admin-account.ts";
import { type RotateAdminKeyInput, rotateAdminKey } from "../../../tasks/rotate-admin-key/task.ts";
import { longTermKey, stolen } from "../../attacks/attacked-account.ts";
import { type RotatedAccount, startRotatedAccount } from "./rotated-account.ts";

let account: RotatedAccount;
beforeAll(async () => {
  account = await startRotatedAccount();
});
beforeEach(() => account.advance(121_000));
afterAll(() => account.stop());

const SecretId = "keyturn/admins/alice";
const keyInSecret = async () => (await longTermKey("alice", account.at)).accessKeyId;

/** A rotation that Secrets Manager has begun, and whose function got no further than its first call. */
async function begun(): Promise<Rotated> {
  const fault = account.breakOff({ service: "secretsmanager", operation: "DescribeSecret", nth: 1 }, "refused");
  await account.rotateNow();
  fault.lift();
  const { pending } = await account.state("alice");
  const { ARN: secretArn = "" } = await account.clients.secrets.send(new DescribeSecretCommand({ SecretId }));
  return { admin: "alice", secretArn, token: pending?.versionId ?? "" };
}

/** Runs one step; what `spoil` makes of the account takes the place of it. */
async function run(
  step: RotateAdminKeyInput["step"],
  of: Rotated,
  {
    spoil = (real) => real,
    secrets,
  }: { spoil?: (real: AdminAccount) => AdminAccount; secrets?: (client: SecretsManagerClient) => void } = {},
) {
  const credentials = await stolen(roleNames.rotateAdminKey, account.at);
  const options = account.at.emulator.gateway.clientOptions(credentials);
  const client = new SecretsManagerClient({ ...options, maxAttempts: 2 });
  secrets?.(client);
  const real = {
    ...adminAccount({ iam: new IAMClient(options), secrets: client }),
    identify: async () => account.at.arn("iam", "user/keyturn/alice"),
  };
  return rotateAdminKey(
    { step, ...of },
    {
      admins: ["alice", "bob"],
      account: spoil(real),
      nowMs: () => account.at.emulator.clock.now(),
      pause: async () => undefined,
      settle: async () => undefined,
    },
  );
}

/** Carries the first PutSecretValue out, or not, and loses its answer. */
const loseAnswer = (when: "before" | "after", times: number) => (client: SecretsManagerClient) => {
  let lost = 0;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== "PutSecretValueCommand" || lost >= times) return next(args);
        lost += 1;
        if (when === "after") await next(args);
        // What the SDK counts as worth another try.
        throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
      },
    { step: "finalizeRequest", priority: "low" },
  );
};

it("counts a write as done whose answer was lost, though the SDK's second try is refused: to compare values takes kms:Decrypt", async () => {
  const rotated = await begun();
  const from = account.calls.length;
  expect(await run("createSecret", rotated, { secrets: loseAnswer("after", 1) })).toMatchObject({ outcome: "stored" });
  const writes = account.calls.slice(from).filter(({ operation }) => operation === "PutSecretValue");
  expect(writes.map(({ error }) => error?.message)).toEqual([undefined, "Access to KMS is not allowed"]);
  await account.nextAttempt();
  await account.expectOrder();
});

it("keeps a key whose write was never answered; two minutes later it counts as left over", async () => {
  const rotated = await begun();
  const before = await keyInSecret();
  await expect(run("createSecret", rotated, { secrets: loseAnswer("before", 2) })).rejects.toThrow("socket hang up");
  const [, left] = (await account.state("alice")).keys;
  await expect(run("createSecret", rotated)).rejects.toMatchObject({ name: "RotationUnderWay" });
  await account.nextAttempt();
  await account.expectOrder();
  expect([before, left?.id]).not.toContain(await keyInSecret());
});

it("goes on when IAM's list lags behind: a stored key that is missing there is looked for again", async () => {
  const rotated = await begun();
  await run("createSecret", rotated);
  let looked = 0;
  const lagging = (real: AdminAccount): AdminAccount => ({
    ...real,
    async read(of) {
      const state = await real.read(of);
      looked += 1;
      return looked > 3 ? state : { ...state, keys: state.keys.filter(({ id }) => id !== state.pending?.accessKeyId) };
    },
  });
  expect(await run("finishSecret", rotated, { spoil: lagging })).toEqual({ admin: "alice", step: "finishSecret", outcome: "in-force" });
  expect(looked).toBeGreaterThan(3);
  await account.nextAttempt();
  await account.expectOrder();
});

it("deletes a key that signs as somebody else", async () => {
  const rotated = await begun();
  const before = await account.state("alice");
  const foreign = (real: AdminAccount): AdminAccount => ({ ...real, identify: async () => account.at.arn("iam", "user/keyturn/bob") });
  await expect(run("createSecret", rotated, { spoil: foreign })).rejects.toMatchObject({
    name: "NewKeyUnknown",
    message: expect.stringMatching(/^The new key of alice signs as .*user\/keyturn\/bob\. It was deleted/),
  });
  expect((await account.state("alice")).keys).toEqual(before.keys);
  await account.nextAttempt();
  await account.expectOrder();
});

it("is of no use twice, whatever it is asked: each step knows that it was done", async () => {
  const rotated = await begun();
  const outcomes: string[] = [];
  for (const step of ["createSecret", "createSecret", "setSecret", "testSecret", "finishSecret", "finishSecret", "createSecret"] as const) {
    outcomes.push((await run(step, rotated)).outcome);
  }
  expect(outcomes).toEqual(["stored", "stored-before", "nothing-to-do", "nothing-to-do", "in-force", "in-force", "in-force"]);
  await account.nextAttempt();
  await account.expectOrder();
});

it("does not finish what has no key yet", async () => {
  const rotated = await begun();
  await expect(run("finishSecret", rotated)).rejects.toMatchObject({
    name: "RotationOvertaken",
    message: expect.stringContaining("no key was stored for this rotation"),
  });
  await account.nextAttempt();
  await account.expectOrder();
});

it("rotates admins of the configuration alone, and asks nothing about others", async () => {
  const rotated = await begun();
  const from = account.calls.length;
  await expect(run("createSecret", { ...rotated, admin: "mallory" })).rejects.toMatchObject({
    name: "RotationRefused",
    message: "mallory is no admin of keyturn.config.ts. Nothing was changed. The way out: deploy the keys stack again.",
  });
  expect(account.calls.slice(from).filter(({ service }) => service === "iam" || service === "secretsmanager")).toEqual([]);
  await account.nextAttempt();
});

it("refuses an admin without a device", async () => {
  const [device] = (await account.state("alice")).devices;
  await account.clients.iam.send(new DeactivateMFADeviceCommand({ UserName: "alice", SerialNumber: device?.serialNumber }));
  await account.rotateNow();
  expect(account.attempts.at(-1)?.failure?.message).toContain(
    "alice has no MFA device, without which a key is of no use. Nothing was changed. The way out: keyturn admin remove alice, then keyturn admin enroll alice.",
  );
});
