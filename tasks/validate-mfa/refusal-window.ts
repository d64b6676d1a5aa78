// The lock: how often an admin's codes may be refused before no further one reaches STS. Pure, so that the rule is tested as a table.

/** What is kept per admin. Times are milliseconds since the epoch. */
export interface RefusalRecord {
  /** Attempts of the window that were refused, or whose answer is not known yet; oldest first. */
  readonly attemptsAtMs: readonly number[];
  /** Set by the attempt that fills the window. */
  readonly lockedUntilMs?: number;
}

export interface LockRules {
  readonly maxRefusals: number;
  /** The window's length, and the lock's. */
  readonly lockSeconds: number;
}

export type Reservation = { readonly locked: true; readonly untilMs: number } | { readonly locked: false; readonly record: RefusalRecord };

export const noRefusals: RefusalRecord = { attemptsAtMs: [] };

/** When the lock ends, if there is one now. */
export const lockedUntil = ({ lockedUntilMs }: RefusalRecord, nowMs: number): number | undefined =>
  lockedUntilMs !== undefined && lockedUntilMs > nowMs ? lockedUntilMs : undefined;

/**
 * Takes one of the window's attempts before STS is asked. Counting first and giving back what was no refusal keeps the bound under
 * concurrency: many guesses at once cannot all pass before the first refusal is counted.
 */
export function reserveAttempt(record: RefusalRecord, nowMs: number, { maxRefusals, lockSeconds }: LockRules): Reservation {
  const untilMs = lockedUntil(record, nowMs);
  if (untilMs !== undefined) return { locked: true, untilMs };
  const windowStartMs = nowMs - lockSeconds * 1000;
  // A lock that has ended ends its window too: the admin starts afresh.
  const kept = record.lockedUntilMs === undefined ? record.attemptsAtMs.filter((atMs) => atMs > windowStartMs) : [];
  const attemptsAtMs = [...kept, nowMs];
  const filled = attemptsAtMs.length >= maxRefusals;
  return { locked: false, record: filled ? { attemptsAtMs, lockedUntilMs: nowMs + lockSeconds * 1000 } : { attemptsAtMs } };
}

/** Gives back one attempt that STS did not refuse for its code, and with it the lock that it may have filled. */
export function returnAttempt(record: RefusalRecord, reservedAtMs: number): RefusalRecord {
  const index = record.attemptsAtMs.indexOf(reservedAtMs);
  return index === -1 ? record : { attemptsAtMs: record.attemptsAtMs.toSpliced(index, 1) };
}
