// Decides, from what an admin has, what a rotation does: which key is in use, which may go first, and whether an earlier one only needs an end.

import { adminSecretName, iamPath } from "../../core/naming.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { duration, moment } from "../terminal.ts";
import type { AccessKey, CredentialState } from "./credential-state.ts";

export type RotationPlan =
  /** An interrupted rotation has switched already: what is left is to delete the keys before. */
  | { readonly kind: "finish"; readonly admin: string; readonly inUse: AccessKey; readonly replaced: readonly AccessKey[] }
  | {
      readonly kind: "rotate";
      readonly admin: string;
      readonly mfaSerial: string;
      /** Unused keys that stand in the way: IAM gives a user two. */
      readonly first: readonly AccessKey[];
      readonly replaced: readonly AccessKey[];
      /** The version that was in force when this was planned. */
      readonly versionId?: string;
    };

/** A rotation takes no longer; a key that is no older may belong to one that is under way. */
const underWayMs = 120_000;
/** By as much IAM's and Secrets Manager's dates may lie apart. */
const clocksApartMs = 60_000;
const keysPerUser = 2;

/**
 * Throws CommandFailed where nothing can be done, or not safely; UsageError where `drop` names no key that may go.
 * @param of.drop - a key that, as the caller knows, is not in use
 */
export function planRotation(state: CredentialState, { nowMs, drop }: { nowMs: number; drop?: string | undefined }): RotationPlan {
  const { admin, keys, secret } = state;
  assertRotatable(state);
  const inUse = keyInUse(state, drop);
  const unused = keys.filter((key) => key !== inUse);
  if (inUse?.isActive && secret.kind === "key" && unused.length > 0 && unused.every((key) => key.createdAtMs < inUse.createdAtMs)) {
    return { kind: "finish", admin, inUse, replaced: unused };
  }
  const mfaSerial = deviceOf(state);
  for (const key of unused) if (key.id !== drop) assertNobodys(key, { admin, nowMs });
  const inTheWay = Math.max(0, keys.length - keysPerUser + 1);
  const first = [...unused].sort((a, b) => Number(b.id === drop) - Number(a.id === drop)).slice(0, inTheWay);
  const versionId = "versionId" in secret ? { versionId: secret.versionId } : {};
  return { kind: "rotate", admin, mfaSerial, first, replaced: keys.filter((key) => !first.includes(key)), ...versionId };
}

function assertRotatable({ admin, hasUser, secret }: CredentialState): void {
  if (!hasUser) throw new CommandFailed(`There is no user ${admin}: deploy the identity stack first (npx cdk deploy --all).`);
  if (secret.kind === "no-secret") {
    throw new CommandFailed(`There is no secret ${adminSecretName(admin)}: deploy the keys stack first (npx cdk deploy --all).`);
  }
  if (secret.kind === "being-deleted") {
    throw new CommandFailed(
      `The secret ${adminSecretName(admin)} is marked for deletion. An administrator of the account restores it with aws secretsmanager restore-secret --secret-id ${adminSecretName(admin)}.`,
    );
  }
}

/** The key that the secret holds; undefined where it holds none that exists. */
function keyInUse({ admin, keys, secret }: CredentialState, drop: string | undefined): AccessKey | undefined {
  if (drop !== undefined && !keys.some(({ id }) => id === drop)) {
    throw new UsageError(`--drop ${drop} is no key of ${admin}, who has ${keys.map(({ id }) => id).join(", ") || "none"}.`);
  }
  if (secret.kind === "key") {
    if (secret.accessKeyId === drop) throw new UsageError(`--drop ${drop} is the key that the secret holds: it goes last.`);
    return keys.find(({ id }) => id === secret.accessKeyId);
  }
  if (secret.kind !== "unlabelled") return undefined;
  const candidates = keys.filter(({ id, createdAtMs }) => id !== drop && createdAtMs <= secret.writtenAtMs + clocksApartMs);
  if (candidates.length < keysPerUser) return candidates[0];
  throw new CommandFailed(
    [
      `${admin} has two keys, and the secret does not say which it holds: it was written by something other than keyturn, after both were made.`,
      ...candidates.map((key) => `  ${describeKey(key)}`),
      "Find out which is not in use (CloudTrail has GetSessionToken by the other), and give it to --drop.",
    ].join("\n"),
  );
}

export const describeKey = ({ id, isActive, createdAtMs, lastUsedAtMs }: AccessKey): string =>
  `${id}, made ${moment(createdAtMs)}, ${lastUsedAtMs === undefined ? "never used" : `last used ${moment(lastUsedAtMs)}`}${isActive ? "" : ", inactive"}`;

function assertNobodys({ id, createdAtMs }: AccessKey, { admin, nowMs }: { admin: string; nowMs: number }): void {
  const ageMs = nowMs - createdAtMs;
  if (ageMs >= underWayMs) return;
  throw new CommandFailed(
    `The key ${id} of ${admin} was made ${duration(Math.max(0, ageMs))} ago and is not in the secret: somebody may be rotating or enrolling ${admin} right now. Run this again in ${duration(underWayMs - Math.max(0, ageMs))}, or, if that was you and it has ended, with --drop ${id}.`,
  );
}

function deviceOf({ admin, devices }: CredentialState): string {
  const own =
    devices.find(({ serialNumber }) => serialNumber.endsWith(`:mfa${iamPath}${admin}`)) ?? (devices.length === 1 ? devices[0] : undefined);
  if (own !== undefined) return own.serialNumber;
  if (devices.length > 0) {
    throw new CommandFailed(
      `${admin} has ${devices.length} MFA devices, none of them made by keyturn (${devices.map(({ serialNumber }) => serialNumber).join(", ")}). For one that is: keyturn admin remove ${admin}, then keyturn admin enroll ${admin}.`,
    );
  }
  throw new CommandFailed(
    `${admin} has no MFA device, without which a key is of no use. For both: keyturn admin remove ${admin}, then keyturn admin enroll ${admin}.`,
  );
}

/** The plan as people read it, a step a line. */
export function rotationSteps(plan: RotationPlan): readonly string[] {
  const deletes = plan.replaced.map((key) => `delete ${describeKey(key)}`);
  switch (plan.kind) {
    case "finish":
      return [`keep ${describeKey(plan.inUse)}: an earlier rotation has put it into the secret`, ...deletes];
    case "rotate":
      return [
        ...plan.first.map((key) => `delete ${describeKey(key)}, which is not in the secret`),
        "create a key, and prove that AWS knows it",
        `write it into ${adminSecretName(plan.admin)}, with the device ${plan.mfaSerial}`,
        ...deletes,
      ];
    default:
      return plan satisfies never;
  }
}
