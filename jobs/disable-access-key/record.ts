// What a run leaves in the bucket, and what it says in its log.

import type { Decision, Rules } from "./decide.ts";
import type { KeyState } from "./key-state.ts";

/** Written before anything is changed, once per run: a second attempt finds what the first has changed. */
export interface Before {
  readonly run: string;
  readonly admin: string;
  readonly at: string;
  readonly key: KeyState;
  readonly rules: Rules;
  readonly dryRun: boolean;
  readonly decision: Decision["kind"];
  /** For whoever administers IAM. */
  readonly undo: string;
}

export interface After {
  readonly run: string;
  readonly at: string;
  readonly status: "Inactive";
  /** Whether this run has deactivated it; null where an earlier attempt of it may have: `before.json` says what that found. */
  readonly changed: boolean | null;
  /** Whether IAM, asked once more, lists it as inactive; it may take seconds to. */
  readonly seenInactive: boolean;
}

/** Both hold neither spaces nor quotes. */
export const undoCommand = ({ user, accessKeyId }: KeyState): string =>
  `aws iam update-access-key --user-name=${user} --access-key-id=${accessKeyId} --status=Active`;

export const recordText = (record: Before | After): string => `${JSON.stringify(record, undefined, 2)}\n`;

export function describeKey({ user, accessKeyId, status, createdAt, lastUsedAt, lastUsedFor }: KeyState): string {
  const used = lastUsedAt === null ? "never used" : `last used ${lastUsedAt} for ${lastUsedFor}`;
  return `${accessKeyId} of ${user}: ${status.toLowerCase()}, created ${createdAt}, ${used}.`;
}

export function describeRefusal({ accessKeyId, lastUsedFor }: KeyState, { minutesAgo }: { minutesAgo: number }): string {
  return `${accessKeyId} was used ${minutesAgo} minutes ago, for ${lastUsedFor}: whoever uses it would be cut off, so nothing was changed. If that is what you want, for it is in wrong hands: --param evenIfInUse=true. Else give its user another key first.`;
}

export const describeDone = (key: KeyState): readonly string[] => [
  `${key.accessKeyId} is inactive now. Whatever signs with it is refused.`,
  "Sessions that were opened with it before (GetSessionToken, AssumeRole) go on until they end; only the user's or role's policies stop them.",
  `To undo it, as an administrator of IAM: ${undoCommand(key)}`,
];
