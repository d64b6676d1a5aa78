// Breaks a rotation off at each of its calls, and lets somebody go on: Secrets Manager, or the IAM admin with keyturn admin rotate.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { longTermKey } from "../../attacks/attacked-account.ts";
import { type CallOfRotation, callsOf, type RotatedAccount, startRotatedAccount } from "./rotated-account.ts";

let account: RotatedAccount;
beforeAll(async () => {
  account = await startRotatedAccount();
});
// A key that is younger than two minutes may belong to a rotation under way.
beforeEach(() => account.advance(121_000));
afterAll(() => account.stop());

const secretsManager = (operation: string, nth: number): CallOfRotation => ({ service: "secretsmanager", operation, nth });
const iam = (operation: string, nth: number): CallOfRotation => ({ service: "iam", operation, nth });
const sts = (nth: number): CallOfRotation => ({ service: "sts", operation: "GetCallerIdentity", nth });

/** Every call of a rotation, in order; where several are made at once, in the order of their names. */
const everyCall: readonly CallOfRotation[] = [
  // createSecret: looks, makes a key, proves it, looks again, stores it.
  secretsManager("DescribeSecret", 1),
  iam("ListAccessKeys", 1),
  iam("ListMFADevices", 1),
  iam("CreateAccessKey", 1),
  sts(1),
  sts(2),
  sts(3),
  secretsManager("DescribeSecret", 2),
  iam("ListAccessKeys", 2),
  iam("ListMFADevices", 2),
  secretsManager("PutSecretValue", 1),
  // finishSecret: looks, puts it in force, looks, lets go of the version before, deletes the key before.
  secretsManager("DescribeSecret", 3),
  iam("ListAccessKeys", 3),
  iam("ListMFADevices", 3),
  secretsManager("UpdateSecretVersionStage", 1),
  secretsManager("DescribeSecret", 4),
  iam("ListAccessKeys", 4),
  iam("ListMFADevices", 4),
  secretsManager("UpdateSecretVersionStage", 2),
  iam("DeleteAccessKey", 1),
];

const named = ({ operation, nth }: CallOfRotation): string => `${operation} ${nth}`;
/** Of the calls that are made at once, one dies for all. */
const waysOf = ({ operation }: CallOfRotation) =>
  operation.startsWith("List") ? (["refused"] as const) : (["refused", "killed"] as const);
const broken = everyCall.flatMap((call) => waysOf(call).map((how) => [`${named(call)}, ${how}`, call, how] as const));

const keyInSecret = async () => (await longTermKey("alice", account.at)).accessKeyId;

it("a rotation makes these calls, and no other", async () => {
  const before = await keyInSecret();
  const from = account.calls.length;
  await account.rotateNow();
  expect(account.attempts).toMatchObject([{ attempt: 1 }]);
  expect(account.attempts[0]).not.toHaveProperty("failure");
  expect(callsOf(account.calls.slice(from)).toSorted()).toEqual(everyCall.map(named).toSorted());
  expect(await keyInSecret()).not.toBe(before);
  await account.expectOrder();
});

describe("a rotation that is broken off leaves a key that works", () => {
  /** Breaks it off, looks at what is left, and gives the key that was in force before. */
  async function breakOff(call: CallOfRotation, how: "refused" | "killed"): Promise<string> {
    const before = await keyInSecret();
    const fault = account.breakOff(call, how);
    await account.rotateNow();
    fault.lift();
    expect(fault.struck).toBeGreaterThanOrEqual(1);
    expect(account.attempts).toMatchObject([{ failure: { step: expect.stringMatching(/^(create|finish)Secret$/) } }]);
    const { keys } = await account.state("alice");
    expect(keys.length).toBeLessThanOrEqual(2);
    expect(keys.map(({ id }) => id)).toContain(await keyInSecret());
    await account.turnsTheKey("alice");
    return before;
  }

  it.each(broken)("and Secrets Manager ends it: %s", async (_name, call, how) => {
    const before = await breakOff(call, how);
    await account.nextAttempt();
    expect(account.attempts.at(-1)).toMatchObject({ attempt: 2, token: account.attempts[0]?.token });
    expect(account.attempts.at(-1)).not.toHaveProperty("failure");
    expect(await keyInSecret()).not.toBe(before);
    await account.expectOrder();
  });

  it.each(broken)("and keyturn admin rotate ends it: %s", async (_name, call, how) => {
    const before = await breakOff(call, how);
    await account.advance(121_000);
    await account.rotate("alice");
    expect(await keyInSecret()).not.toBe(before);
    await account.expectOrder();
    // Where Secrets Manager still tries, it finds nothing to do.
    const inForce = await keyInSecret();
    await account.nextAttempt();
    for (const attempt of account.attempts.slice(1)) expect(attempt).not.toHaveProperty("failure");
    expect(await keyInSecret()).toBe(inForce);
    await account.expectOrder();
  });
});
