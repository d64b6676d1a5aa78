import { describe, expect, it } from "vitest";
import { planRotation, rotationSteps } from "../../cli/admin/rotation-plan.ts";
import type { AccessKey, AdminCredentials, RotationPlan } from "../../core/key-rotation.ts";

const nowMs = Date.UTC(2026, 4, 1, 12);
const hoursAgo = (hours: number): number => nowMs - hours * 3_600_000;
const key = (id: string, hours: number, more: Partial<AccessKey> = {}): AccessKey => ({
  id,
  isActive: true,
  createdAtMs: hoursAgo(hours),
  ...more,
});
const device = { serialNumber: "arn:aws:iam::111122223333:mfa/keyturn/alice", enabledAtMs: hoursAgo(900) };
const holding = (accessKeyId: string): AdminCredentials["secret"] => ({ kind: "key", accessKeyId, versionId: "v1" });
const unlabelled = (hours: number): AdminCredentials["secret"] => ({ kind: "unlabelled", versionId: "v1", writtenAtMs: hoursAgo(hours) });
const state = (of: Partial<AdminCredentials>): AdminCredentials => ({
  ...{
    admin: "alice",
    hasUser: true,
    keys: [key("OLD", 800)],
    devices: [device],
    secret: holding("OLD"),
  },
  ...of,
});

const two = [key("OLD", 800), key("NEW", 10)];
/** A rotation by schedule that has stored NEW, and not put it in force. */
const stored = { pending: { versionId: "v2", accessKeyId: "NEW", wasInForce: false } };
const begun = { pending: { versionId: "v2", wasInForce: false } };

interface Expected {
  readonly finish?: string;
  readonly inForce?: string;
  readonly first?: readonly string[];
  readonly replaced: readonly string[];
  /** The version of a rotation by schedule that can never be put in force. */
  readonly dead?: string;
}

function shown(plan: RotationPlan): Expected {
  const ids = (keys: readonly AccessKey[]) => keys.map(({ id }) => id);
  const replaced = ids(plan.replaced);
  if (plan.kind === "put-in-force") return { inForce: plan.stored.id, replaced };
  const dead = plan.dead === undefined ? {} : { dead: plan.dead.versionId };
  return plan.kind === "finish" ? { finish: plan.inUse.id, replaced, ...dead } : { first: ids(plan.first), replaced, ...dead };
}

describe("which key a rotation deletes, and when", () => {
  it.each<[string, Partial<AdminCredentials>, Expected, string?]>([
    ["one key: after the switch", {}, { first: [], replaced: ["OLD"] }],
    ["no key: none", { keys: [], secret: { kind: "unwritten" } }, { first: [], replaced: [] }],
    ["a newer key that is not in the secret: first", { keys: two }, { first: ["NEW"], replaced: ["OLD"] }],
    [
      "an older key beside the one in the secret: it only lacked its end",
      { keys: two, secret: holding("NEW") },
      { finish: "NEW", replaced: ["OLD"] },
    ],
    [
      "an older key beside one in the secret that is inactive: first, for that one is of no use",
      { keys: [key("OLD", 800), key("NEW", 10, { isActive: false })], secret: holding("NEW") },
      { first: ["OLD"], replaced: ["NEW"] },
    ],
    [
      "two keys and a secret that holds neither: one first, to make room",
      { keys: two, secret: holding("GONE") },
      { first: ["OLD"], replaced: ["NEW"] },
    ],
    [
      "two keys of a removed admin: one first",
      { keys: two, secret: { kind: "removed", versionId: "v1" } },
      { first: ["OLD"], replaced: ["NEW"] },
    ],
    ["a secret of unknown hand, with one key: after the switch", { secret: unlabelled(700) }, { first: [], replaced: ["OLD"] }],
    [
      "a secret of unknown hand from before the second key: that key cannot be in it",
      { keys: two, secret: unlabelled(700) },
      { first: ["NEW"], replaced: ["OLD"] },
    ],
    [
      "a secret of unknown hand, and the word of the caller",
      { keys: two, secret: unlabelled(9) },
      { first: ["OLD"], replaced: ["NEW"] },
      "OLD",
    ],
  ])("%s", (_, of, expected, drop) => {
    expect(shown(planRotation(state(of), { nowMs, drop }))).toEqual(expected);
  });
});

describe("what a rotation by schedule has begun", () => {
  const young = [key("OLD", 800), key("NEW", 0.01)];

  it.each<[string, Partial<AdminCredentials>, Expected]>([
    [
      "and stored a key: it only lacks its end, however young the key is",
      { keys: young, ...stored },
      { inForce: "NEW", replaced: ["OLD"] },
    ],
    [
      "and stored a key, and the one in force is gone: likewise",
      { keys: [key("NEW", 10)], secret: holding("GONE"), ...stored },
      { inForce: "NEW", replaced: [] },
    ],
    ["and stored nothing: it does not matter", begun, { first: [], replaced: ["OLD"] }],
    ["and made a key, which it did not store: that one goes first", { keys: two, ...begun }, { first: ["NEW"], replaced: ["OLD"] }],
    ["and stored a key that is gone", stored, { first: [], replaced: ["OLD"], dead: "v2" }],
    [
      "and stored a key that is inactive",
      { keys: [key("OLD", 800), key("NEW", 10, { isActive: false })], ...stored },
      { first: ["NEW"], replaced: ["OLD"], dead: "v2" },
    ],
    [
      "and stored with a device that the admin had then",
      { keys: two, devices: [{ ...device, enabledAtMs: hoursAgo(9) }], ...stored },
      { first: ["NEW"], replaced: ["OLD"], dead: "v2" },
    ],
    [
      "and brought to its end, before a newer key was written",
      { keys: [key("NEW", 10), key("NEWER", 5)], secret: holding("NEWER"), pending: { ...stored.pending, wasInForce: true } },
      { finish: "NEWER", replaced: ["NEW"], dead: "v2" },
    ],
    [
      "and stored, before somebody else wrote a newer key",
      { keys: [key("NEW", 10), key("NEWER", 5)], secret: holding("NEWER"), ...stored },
      { finish: "NEWER", replaced: ["NEW"], dead: "v2" },
    ],
    [
      "and stored, before the admin was removed",
      { keys: [key("NEW", 10)], secret: { kind: "removed", versionId: "v3" }, ...stored },
      { first: [], replaced: ["NEW"], dead: "v2" },
    ],
  ])("%s", (_, of, expected) => {
    expect(shown(planRotation(state(of), { nowMs }))).toEqual(expected);
  });

  it("is not dropped, but ended", () => {
    expect(() => planRotation(state({ keys: two, ...stored }), { nowMs, drop: "NEW" })).toThrow(
      "--drop NEW is the key that a scheduled rotation is about to put in force. Without --drop, this ends it.",
    );
  });

  it("reads, step by step", () => {
    expect(rotationSteps(planRotation(state({ keys: two, ...stored }), { nowMs }))).toEqual([
      "put in force NEW, made 2026-05-01 02:00:00 UTC, never used: a scheduled rotation has stored it in keyturn/admins/alice",
      "delete OLD, made 2026-03-29 04:00:00 UTC, never used",
    ]);
  });
});

describe("a rotation is refused, with the way out, where", () => {
  it.each<[string, Partial<AdminCredentials>, string]>([
    ["there is no user", { hasUser: false }, "There is no user alice: deploy the identity stack first"],
    ["there is no secret", { secret: { kind: "no-secret" } }, "There is no secret keyturn/admins/alice: deploy the keys stack first"],
    [
      "the secret is being deleted",
      { secret: { kind: "being-deleted" } },
      "aws secretsmanager restore-secret --secret-id keyturn/admins/alice",
    ],
    ["there is no device", { devices: [] }, "For both: keyturn admin remove alice, then keyturn admin enroll alice."],
    [
      "there are only devices that keyturn did not make",
      { devices: [1, 2].map((n) => ({ ...device, serialNumber: `arn:aws:iam::111122223333:mfa/phone-${n}` })) },
      "alice has 2 MFA devices, none of them made by keyturn",
    ],
    [
      "either key may be in the secret",
      { keys: two, secret: unlabelled(9) },
      "Find out which is not in use (CloudTrail has GetSessionToken by the other), and give it to --drop.",
    ],
    [
      "both keys are as old as the secret, as far as the dates tell",
      { keys: [key("OLD", 800), key("NEW", 9)], secret: unlabelled(9.01) },
      "alice has two keys",
    ],
    [
      "the other key is so young that somebody may be about to use it",
      { keys: [key("OLD", 800), key("NEW", 0.01)] },
      "Run this again in 1 min 24 s, or, if that was you and it has ended, with --drop NEW.",
    ],
  ])("%s", (_, of, message) => {
    expect(() => planRotation(state(of), { nowMs })).toThrow(message);
  });
});

it("a plan reads step by step, and names no secret but by its name", () => {
  expect(rotationSteps(planRotation(state({ keys: two }), { nowMs }))).toEqual([
    "delete NEW, made 2026-05-01 02:00:00 UTC, never used, which is not in the secret",
    "create a key, and prove that AWS knows it",
    "write it into keyturn/admins/alice, with the device arn:aws:iam::111122223333:mfa/keyturn/alice",
    "delete OLD, made 2026-03-29 04:00:00 UTC, never used",
  ]);
});
