// Decides, from what an admin has, what a rotation does: which key is in use, which may go first, and whether an earlier one only needs an end.
// The IAM admin and the rotation by schedule decide by the same rules, so that each goes on where the other broke off.

import type { PendingVersion, SecretContent } from "./admin-secret.ts";
import { iamPath } from "./naming.ts";

export interface AccessKey {
  readonly id: string;
  readonly isActive: boolean;
  readonly createdAtMs: number;
  readonly lastUsedAtMs?: number;
}

export interface MfaDevice {
  readonly serialNumber: string;
  readonly enabledAtMs: number;
}

export interface AdminCredentials {
  readonly admin: string;
  readonly hasUser: boolean;
  /** Oldest first. */
  readonly keys: readonly AccessKey[];
  readonly devices: readonly MfaDevice[];
  readonly secret: SecretContent;
  readonly pending?: PendingVersion;
}

export type RotationPlan =
  /** An interrupted rotation has switched already: what is left is to delete the keys before. */
  | {
      readonly kind: "finish";
      readonly admin: string;
      readonly inUse: AccessKey;
      readonly replaced: readonly AccessKey[];
      readonly dead?: PendingVersion;
    }
  /** A rotation by schedule has stored a key that is good: what is left is to put it in force. */
  | {
      readonly kind: "put-in-force";
      readonly admin: string;
      readonly stored: AccessKey;
      readonly versionId: string;
      /** The version in force until then. */
      readonly insteadOf: string;
      readonly replaced: readonly AccessKey[];
    }
  | {
      readonly kind: "rotate";
      readonly admin: string;
      readonly mfaSerial: string;
      /** Unused keys that stand in the way: IAM gives a user two. */
      readonly first: readonly AccessKey[];
      readonly replaced: readonly AccessKey[];
      /** The version that was in force when this was planned. */
      readonly versionId?: string;
      /** A rotation by schedule that stored a key which can never be put in force. */
      readonly dead?: PendingVersion;
    };

/** Why there is no plan. */
export type RotationRefusal = { readonly kind: "refused" } & (
  | { readonly because: "no-user" | "no-secret" | "secret-being-deleted" | "no-device" }
  | { readonly because: "foreign-devices"; readonly serialNumbers: readonly string[] }
  /** Either may be the one that the secret holds. */
  | { readonly because: "either-key"; readonly candidates: readonly AccessKey[] }
  /** Somebody may be about to write it. */
  | { readonly because: "young-key"; readonly key: AccessKey; readonly ageMs: number; readonly waitMs: number }
  | { readonly because: "drop-unknown" | "drop-in-use" | "drop-stored" }
);

/** A rotation takes no longer; a key that is no older may belong to one that is under way. */
export const underWayMs = 120_000;
/** A validation that has read the key before may still be on its way to STS with it. */
export const settleMs = 10_000;
/** By as much IAM's and Secrets Manager's dates may lie apart. */
const clocksApartMs = 60_000;
const keysPerUser = 2;

/** @param of.drop - a key that, as the caller knows, is not in use */
export function planRotation(
  state: AdminCredentials,
  { nowMs, drop }: { nowMs: number; drop?: string | undefined },
): RotationPlan | RotationRefusal {
  const { admin, keys, secret, pending } = state;
  const obstacle = obstacleOf(state, drop);
  if (obstacle !== undefined) return obstacle;
  const stored = storedKey(state);
  if (stored !== undefined && pending !== undefined && secret.kind === "key") {
    if (drop === stored.id) return { kind: "refused", because: "drop-stored" };
    const replaced = keys.filter((key) => key !== stored);
    return { kind: "put-in-force", admin, stored, versionId: pending.versionId, insteadOf: secret.versionId, replaced };
  }
  const inUse = keyInUse(state, drop);
  if (inUse !== undefined && "because" in inUse) return inUse;
  const unused = keys.filter((key) => key !== inUse);
  const dead = pending?.accessKeyId === undefined ? {} : { dead: pending };
  if (inUse?.isActive && secret.kind === "key" && unused.length > 0 && unused.every((key) => key.createdAtMs < inUse.createdAtMs)) {
    return { kind: "finish", admin, inUse, replaced: unused, ...dead };
  }
  const device = deviceOf(state);
  if ("because" in device) return device;
  const young = unused.find((key) => key.id !== drop && nowMs - key.createdAtMs < underWayMs);
  if (young !== undefined) {
    const ageMs = Math.max(0, nowMs - young.createdAtMs);
    return { kind: "refused", because: "young-key", key: young, ageMs, waitMs: underWayMs - ageMs };
  }
  const inTheWay = Math.max(0, keys.length - keysPerUser + 1);
  const first = [...unused].sort((a, b) => Number(b.id === drop) - Number(a.id === drop)).slice(0, inTheWay);
  const versionId = "versionId" in secret ? { versionId: secret.versionId } : {};
  const replaced = keys.filter((key) => !first.includes(key));
  return { kind: "rotate", admin, mfaSerial: device.serialNumber, first, replaced, ...versionId, ...dead };
}

function obstacleOf({ hasUser, secret, keys }: AdminCredentials, drop: string | undefined): RotationRefusal | undefined {
  if (!hasUser) return { kind: "refused", because: "no-user" };
  if (secret.kind === "no-secret") return { kind: "refused", because: "no-secret" };
  if (secret.kind === "being-deleted") return { kind: "refused", because: "secret-being-deleted" };
  if (drop !== undefined && !keys.some(({ id }) => id === drop)) return { kind: "refused", because: "drop-unknown" };
  if (secret.kind === "key" && secret.accessKeyId === drop) return { kind: "refused", because: "drop-in-use" };
  return undefined;
}

/**
 * The key of the pending version, where it may be put in force: it exists, nothing was put in force after it was made, and the admin has the
 * device that it was stored with.
 */
function storedKey(state: AdminCredentials): AccessKey | undefined {
  const { keys, secret, pending } = state;
  if (pending === undefined || pending.wasInForce || secret.kind !== "key") return undefined;
  const stored = keys.find(({ id }) => id === pending.accessKeyId);
  const inUse = keys.find(({ id }) => id === secret.accessKeyId);
  const device = deviceOf(state);
  if (stored === undefined || !stored.isActive || "because" in device) return undefined;
  if (stored.createdAtMs < device.enabledAtMs || (inUse !== undefined && stored.createdAtMs < inUse.createdAtMs)) return undefined;
  return stored;
}

/** The key that the secret holds; undefined where it holds none that exists. */
function keyInUse({ keys, secret }: AdminCredentials, drop: string | undefined): AccessKey | RotationRefusal | undefined {
  if (secret.kind === "key") return keys.find(({ id }) => id === secret.accessKeyId);
  if (secret.kind !== "unlabelled") return undefined;
  const { writtenAtMs = Number.POSITIVE_INFINITY } = secret;
  const candidates = keys.filter(({ id, createdAtMs }) => id !== drop && createdAtMs <= writtenAtMs + clocksApartMs);
  return candidates.length < keysPerUser ? candidates[0] : { kind: "refused", because: "either-key", candidates };
}

function deviceOf({ admin, devices }: AdminCredentials): MfaDevice | RotationRefusal {
  const own =
    devices.find(({ serialNumber }) => serialNumber.endsWith(`:mfa${iamPath}${admin}`)) ?? (devices.length === 1 ? devices[0] : undefined);
  if (own !== undefined) return own;
  if (devices.length === 0) return { kind: "refused", because: "no-device" };
  return { kind: "refused", because: "foreign-devices", serialNumbers: devices.map(({ serialNumber }) => serialNumber) };
}
