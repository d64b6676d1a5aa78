// What is wrong with an admin's credentials, each with the way out.

import { adminSecretName, functionLogGroup, groupName } from "../../core/naming.ts";
import { moment } from "../terminal.ts";
import type { CredentialState } from "./credential-state.ts";

const dayMs = 86_400_000;
/** As credential-report has it by default. */
const oldKeyDays = 90;

export const ageInDays = (sinceMs: number, nowMs: number): number => Math.max(0, Math.floor((nowMs - sinceMs) / dayMs));

export interface Expected {
  /** Whether keyturn.config.ts names the admin. */
  readonly isConfigured: boolean;
  /** How often keyturn.config.ts has keys rotated; undefined where it does not. */
  readonly rotationDays: number | undefined;
  readonly nowMs: number;
}

export function findingsOf(state: CredentialState, expected: Expected): readonly string[] {
  const { admin, hasUser, isInGroup } = state;
  const { isConfigured } = expected;
  if (!isConfigured) {
    return hasUser
      ? [`not in keyturn.config.ts: keyturn admin remove ${admin}, then npx cdk deploy --all`]
      : [`in the group ${groupName} and no user of keyturn's: an administrator of the account takes it out`];
  }
  if (!hasUser) return ["no user: npx cdk deploy --all"];
  return [
    ...(isInGroup ? [] : [`not in the group ${groupName}, so without permissions: npx cdk deploy --all`]),
    ...secretFindings(state),
    ...keyFindings(state, expected),
    ...scheduleFindings(state, expected),
    ...deviceFindings(state),
  ];
}

function secretFindings({ admin, keys, devices, secret }: CredentialState): readonly string[] {
  const mend = devices.length === 0 ? `keyturn admin enroll ${admin}` : `keyturn admin rotate ${admin}`;
  switch (secret.kind) {
    case "no-secret":
      return ["no secret: npx cdk deploy --all"];
    case "being-deleted":
      return [`secret marked for deletion: aws secretsmanager restore-secret --secret-id ${adminSecretName(admin)}`];
    case "unwritten":
    case "removed":
      return keys.length === 0 && devices.length === 0 ? [`not enrolled: ${mend}`] : [`the secret holds no key: ${mend}`];
    case "unlabelled":
      return [`the secret was not written by keyturn, so which key it holds is unknown: ${mend}`];
    case "key": {
      const held = keys.find(({ id }) => id === secret.accessKeyId);
      if (held === undefined) return [`the secret holds ${secret.accessKeyId}, which does not exist: ${mend}`];
      return held.isActive ? [] : [`the secret holds ${held.id}, which is inactive: ${mend}`];
    }
    default:
      return secret satisfies never;
  }
}

function keyFindings({ admin, keys, secret }: CredentialState, { rotationDays = 0, nowMs }: Expected): readonly string[] {
  const held = keys.find(({ id }) => secret.kind === "key" && id === secret.accessKeyId);
  const days = held === undefined ? 0 : ageInDays(held.createdAtMs, nowMs);
  return [
    ...(keys.length > 1 ? [`two keys, as an interrupted rotation leaves them: keyturn admin rotate ${admin}`] : []),
    ...(days > Math.max(oldKeyDays, rotationDays) ? [`the key is ${days} days old: keyturn admin rotate ${admin}`] : []),
  ];
}

/** Of an admin whose secret holds no key, the rotation by schedule has nothing to rotate: it fails, and that is no fault of its own. */
function scheduleFindings({ admin, keys, secret, pending, scheduled }: CredentialState, expected: Expected): readonly string[] {
  if (secret.kind === "no-secret" || secret.kind === "being-deleted") return [];
  if (scheduled.isEnabled !== (expected.rotationDays !== undefined)) {
    return [`rotation by schedule is ${scheduled.isEnabled ? "on, and not" : "off, and"} in keyturn.config.ts: npx cdk deploy --all`];
  }
  if (secret.kind !== "key") return [];
  const wayOut = `why, ${functionLogGroup("rotate-admin-key")} says; by hand: keyturn admin rotate ${admin}`;
  const { dueAtMs = Number.POSITIVE_INFINITY } = scheduled;
  const held = keys.find(({ id }) => id === secret.accessKeyId);
  // Whoever rotates by hand does not move the date of a rotation that failed.
  const isOverdue = scheduled.isEnabled && dueAtMs < expected.nowMs && (held === undefined || held.createdAtMs < dueAtMs);
  if (isOverdue) return [`the rotation that was due by ${moment(dueAtMs)} has failed: ${wayOut}`];
  return pending === undefined ? [] : [`a scheduled rotation has begun and not ended; unless that was just now, ${wayOut}`];
}

function deviceFindings({ admin, keys, devices, looseDevice }: CredentialState): readonly string[] {
  return [
    ...(devices.length === 0 && keys.length > 0
      ? [`no MFA device: keyturn admin remove ${admin}, then keyturn admin enroll ${admin}`]
      : []),
    ...(devices.length > 1 ? [`${devices.length} MFA devices, any of which opens a session by hand: find out whose they are`] : []),
    ...(looseDevice === undefined ? [] : [`a device that was never activated: keyturn admin enroll ${admin}`]),
  ];
}
