// The rules of the report: what about a user's credentials is worth somebody's attention.

import type { AccessKey, UserCredentials } from "./user-credentials.ts";

export const findingKinds = [
  "password-without-mfa",
  "password-unused",
  "key-too-old",
  "key-unused",
  "key-never-used",
  "two-active-keys",
  "inactive-key",
] as const;

export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** The access key that it is about, where it is about one. */
  readonly accessKeyId?: string;
  /** One sentence that says what and what to do. */
  readonly detail: string;
}

export interface Limits {
  readonly maxKeyAgeDays: number;
  readonly unusedDays: number;
}

const dayMs = 86_400_000;

/** Whole days from then to now; a time in the future (clocks differ) counts as today. */
export const daysSince = (iso: string, nowMs: number): number => Math.max(0, Math.floor((nowMs - Date.parse(iso)) / dayMs));

export function findingsOf(user: UserCredentials, limits: Limits, nowMs: number): readonly Finding[] {
  const activeKeys = user.accessKeys.filter((key) => key.active);
  return [
    ...passwordFindings(user, limits, nowMs),
    ...activeKeys.flatMap((key) => keyFindings(key, limits, nowMs)),
    ...(activeKeys.length > 1
      ? [{ kind: "two-active-keys", detail: "Two access keys are active. Finish the rotation and delete the older one." } as const]
      : []),
    ...user.accessKeys
      .filter((key) => !key.active)
      .map(({ id }) => ({
        kind: "inactive-key" as const,
        accessKeyId: id,
        detail: `Access key ${id} is inactive but can be switched on again. Delete it.`,
      })),
  ];
}

function passwordFindings({ password, mfaDevices }: UserCredentials, limits: Limits, nowMs: number): readonly Finding[] {
  if (password === undefined) return [];
  const idleDays = daysSince(password.lastUsedAt ?? password.createdAt, nowMs);
  return [
    ...(mfaDevices.length === 0
      ? [{ kind: "password-without-mfa", detail: "Console password without an MFA device. Add a device or remove the password." } as const]
      : []),
    ...(idleDays > limits.unusedDays
      ? [
          {
            kind: "password-unused",
            detail: `Console password ${password.lastUsedAt === undefined ? "never used" : "not used"} for ${idleDays} days (limit ${limits.unusedDays}). Remove it.`,
          } as const,
        ]
      : []),
  ];
}

function keyFindings({ id, createdAt, lastUsedAt }: AccessKey, limits: Limits, nowMs: number): readonly Finding[] {
  const findings: Finding[] = [];
  const ageDays = daysSince(createdAt, nowMs);
  if (ageDays > limits.maxKeyAgeDays) {
    findings.push({
      kind: "key-too-old",
      accessKeyId: id,
      detail: `Access key ${id} is ${ageDays} days old (limit ${limits.maxKeyAgeDays}). Rotate it.`,
    });
  }
  if (lastUsedAt === undefined && ageDays > limits.unusedDays) {
    findings.push({
      kind: "key-never-used",
      accessKeyId: id,
      detail: `Access key ${id} has never been used in its ${ageDays} days (limit ${limits.unusedDays}). Delete it.`,
    });
  } else if (lastUsedAt !== undefined && daysSince(lastUsedAt, nowMs) > limits.unusedDays) {
    findings.push({
      kind: "key-unused",
      accessKeyId: id,
      detail: `Access key ${id} was last used ${daysSince(lastUsedAt, nowMs)} days ago (limit ${limits.unusedDays}). Delete it.`,
    });
  }
  return findings;
}
