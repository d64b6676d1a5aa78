import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "../../emulator/aws-error.ts";
import { longTermKey } from "../attacks/attacked-account.ts";
import { type AdminAccount, startAdminAccount } from "./admin-account.ts";

let account: AdminAccount;

beforeAll(async () => {
  account = await startAdminAccount();
});
// A key that is younger than two minutes may belong to a rotation under way.
beforeEach(() => account.advance(121_000));
afterAll(() => account.stop());

const keyInSecret = async () => (await longTermKey("alice", account.at)).accessKeyId;
const keysOf = async () => (await account.state("alice")).keys.map(({ id }) => id);

/** One key, which the secret holds and its label names, and which opens a session with alice's device. */
async function expectOrder(): Promise<void> {
  const { keys, secret, staleLabels } = await account.state("alice");
  const held = await keyInSecret();
  expect(keys.map(({ id }) => id)).toEqual([held]);
  expect(secret).toMatchObject({ kind: "key", accessKeyId: held });
  expect(staleLabels).toEqual([]);
  await account.turnsTheKey("alice");
}

describe("a rotation, as KeyturnIamAdmin", () => {
  it("gives a key that works, deletes the one before, and says nothing secret", async () => {
    const before = await longTermKey("alice", account.at);
    const { steps, pausesMs } = await account.rotate("alice");
    const after = await longTermKey("alice", account.at);
    expect(steps).toEqual([
      `created ${after.accessKeyId}`,
      `proved ${after.accessKeyId}: STS knows it as alice's`,
      `wrote ${after.accessKeyId} into keyturn/admins/alice`,
      `deleted ${before.accessKeyId}`,
    ]);
    expect(pausesMs).toEqual([1000, 1000, 10_000]);
    expect(after.accessKeyId).not.toBe(before.accessKeyId);
    await expectOrder();
  });

  it("waits for a key that IAM has not spread yet", async () => {
    const spreading = account.fail({
      service: "sts",
      operation: "GetCallerIdentity",
      callerUser: "alice",
      times: 2,
      error: new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", { statusCode: 403 }),
    });
    const { pausesMs } = await account.rotate("alice");
    expect(spreading.struck).toBe(2);
    expect(pausesMs).toEqual([1000, 1000, 1000, 1000, 10_000]);
    await expectOrder();
  });

  it("gives up on a key that STS never comes to know, and leaves everything as it was", async () => {
    const before = await keyInSecret();
    const unknown = account.fail({
      service: "sts",
      operation: "GetCallerIdentity",
      callerUser: "alice",
      times: 1000,
      error: new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", { statusCode: 403 }),
    });
    await expect(account.rotate("alice")).rejects.toThrow("STS did not come to know the new key of alice within a minute.");
    unknown.lift();
    expect(unknown.struck).toBe(60);
    expect(await keysOf()).toEqual([before]);
    await expectOrder();
  });
});

describe("an interrupted rotation leaves a key that works, and the next one ends in order", () => {
  const before = ["created", "proved", "wrote", "deleted"];
  const rows: readonly {
    where: string;
    faults: readonly (readonly [service: string, operation: string])[];
    keysLeft: number;
    /** First words of what the second run does. */
    secondRun: readonly string[];
  }[] = [
    { where: "creating the key", faults: [["iam", "CreateAccessKey"]], keysLeft: 1, secondRun: before },
    { where: "proving it", faults: [["sts", "GetCallerIdentity"]], keysLeft: 1, secondRun: before },
    {
      where: "proving it, and as if it were killed: nothing is undone",
      faults: [
        ["sts", "GetCallerIdentity"],
        ["iam", "DeleteAccessKey"],
      ],
      keysLeft: 2,
      secondRun: ["deleted", ...before],
    },
    { where: "writing the secret", faults: [["secretsmanager", "PutSecretValue"]], keysLeft: 1, secondRun: before },
    {
      where: "writing the secret, and as if it were killed: nothing is undone",
      faults: [
        ["secretsmanager", "PutSecretValue"],
        ["iam", "DeleteAccessKey"],
      ],
      keysLeft: 2,
      secondRun: ["deleted", ...before],
    },
    {
      where: "letting go of the version before",
      faults: [["secretsmanager", "UpdateSecretVersionStage"]],
      keysLeft: 2,
      secondRun: ["deleted"],
    },
    { where: "deleting the key before", faults: [["iam", "DeleteAccessKey"]], keysLeft: 2, secondRun: ["deleted"] },
  ];

  it.each(rows)("$where", async ({ faults, keysLeft, secondRun }) => {
    const struck = faults.map(([service, operation]) => account.fail({ service, operation }));
    await expect(account.rotate("alice")).rejects.toThrow("broken off here");
    expect(struck.map((fault) => fault.struck)).toEqual(faults.map(() => 1));
    expect(await keysOf()).toHaveLength(keysLeft);
    expect(await keysOf()).toContain(await keyInSecret());
    await account.turnsTheKey("alice");

    await account.advance(121_000);
    const { steps } = await account.rotate("alice");
    expect(steps.map((step) => step.split(" ")[0])).toEqual(secondRun);
    await expectOrder();
  });
});

describe("a write whose answer is lost", () => {
  const name = "loses the answer";
  const lose = (when: "before" | "after") =>
    account.clients.secrets.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== "PutSecretValueCommand") return next(args);
          if (when === "after") await next(args);
          throw new Error("socket hang up");
        },
      { step: "initialize", name },
    );

  it("counts as done where it was carried out", async () => {
    lose("after");
    try {
      await account.rotate("alice");
    } finally {
      account.clients.secrets.middlewareStack.remove(name);
    }
    await expectOrder();
  });

  it("leaves both keys where it is not known; the next rotation waits, or is told which one may go", async () => {
    const before = await keyInSecret();
    lose("before");
    try {
      await expect(account.rotate("alice")).rejects.toThrow("Run keyturn admin rotate alice again in two minutes: it sees which.");
    } finally {
      account.clients.secrets.middlewareStack.remove(name);
    }
    const [left = ""] = (await keysOf()).filter((id) => id !== before);
    await expect(account.rotate("alice")).rejects.toThrow(`or, if that was you and it has ended, with --drop ${left}.`);
    await expect(account.rotate("alice", before)).rejects.toThrow(`--drop ${before} is the key that the secret holds: it goes last.`);
    await expect(account.rotate("alice", "AKIANOBODYS")).rejects.toThrow("--drop AKIANOBODYS is no key of alice, who has ");
    expect((await account.rotate("alice", left)).steps[0]).toBe(`deleted ${left}, which was not in the secret`);
    await expectOrder();
  });
});

it("two rotations at once: IAM's limit of two keys stops one, and a key that works stays", async () => {
  const first = account.rotate("alice");
  const second = account.rotate("alice");
  const outcomes = await Promise.allSettled([first, second]);
  expect(outcomes.map(({ status }) => status)).toContain("rejected");
  await account.turnsTheKey("alice");
  await account.advance(121_000);
  await account.rotate("alice");
  await expectOrder();
});

it("an enrolment that ended after the device gets its key by rotation", async () => {
  const { keys } = await account.state("alice");
  const { DeleteAccessKeyCommand } = await import("@aws-sdk/client-iam");
  for (const { id } of keys) await account.clients.iam.send(new DeleteAccessKeyCommand({ UserName: "alice", AccessKeyId: id }));
  await account.rotate("alice");
  await expectOrder();
});
