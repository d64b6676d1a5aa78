// The lock: how often an admin's codes may be refused before no further one reaches STS. Pure, so that the rule is tested as a table.

/** One attempt that was refused, or whose answer is not known yet. */
export interface CountedAttempt {
  /** Unique to the attempt: whoever writes twice because an answer was lost counts once. */
  readonly claim: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What is kept per admin. */
export interface RefusalRecord {
  /** Those of the window, in the order in which they were written. */
  readonly attempts: readonly CountedAttempt[];
  /** Set by the attempt that fills the window; milliseconds since the epoch. */
  readonly lockedUntilMs?: number;
}

export interface LockRules {
  readonly maxRefusals: number;
  /** The window's length, and the lock's. */
  readonly lockSeconds: number;
}

export type Reservation = { readonly locked: true; readonly untilMs: number } | { readonly locked: false; readonly record: RefusalRecord };

export const noRefusals: RefusalRecord = { attempts: [] };

/** When the lock ends, if there is one now. */
export const lockedUntil = ({ lockedUntilMs }: RefusalRecord, nowMs: number): number | undefined =>
  lockedUntilMs !== undefined && lockedUntilMs > nowMs ? lockedUntilMs : undefined;

/**
 * Takes one of the window's attempts before STS is asked. Counting first and giving back what was no refusal keeps the bound under
 * concurrency: many guesses at once cannot all pass before the first refusal is counted.
 */
export function reserveAttempt(record: RefusalRecord, attempt: CountedAttempt, { maxRefusals, lockSeconds }: LockRules): Reservation {
  if (record.attempts.some(({ claim }) => claim === attempt.claim)) return { locked: false, record };
  const untilMs = lockedUntil(record, attempt.atMs);
  if (untilMs !== undefined) return { locked: true, untilMs };
  const windowStartMs = attempt.atMs - lockSeconds * 1000;
  // A lock that has ended ends its window too: the admin starts afresh.
  const kept = record.lockedUntilMs === undefined ? record.attempts.filter(({ atMs }) => atMs > windowStartMs) : [];
  const attempts = [...kept, attempt];
  const filled = attempts.length >= maxRefusals;
  return { locked: false, record: filled ? { attempts, lockedUntilMs: attempt.atMs + lockSeconds * 1000 } : { attempts } };
}

/**
 * Gives back an attempt that STS did not refuse for its code, and with it the lock that it may have filled. No other attempt is forgiven by it,
 * also not by one that STS accepted: some of them may still be under way, and who guesses beside an admin would begin anew with each of the
 * admin's own codes.
 */
export function returnAttempt(record: RefusalRecord, claim: string): RefusalRecord {
  const attempts = record.attempts.filter((attempt) => attempt.claim !== claim);
  return attempts.length === record.attempts.length ? record : { attempts };
}
