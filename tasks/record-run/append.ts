// Adds a record to the chain, exactly one for an attempt whoever else writes at the same time, without a lock.

import { type AttemptId, attemptKey, attemptOfRecord, recordBytes, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { parseRecord } from "../../core/run-record-form.ts";
import type { RecordStore, StoredRecord } from "./record-store.ts";

export interface Appending {
  readonly attempt: AttemptId;
  readonly endedAtMs: number;
  /** The record at its place; called again for each number that is tried. */
  readonly compose: (place: { sequence: number; previous: string | null }) => RunRecord;
}

export interface Appended {
  readonly sequence: number;
  /** Whether it was there before. */
  readonly isNew: boolean;
}

/**
 * Between S3's clock, which tells whole seconds, and that of Step Functions; AWS keeps both well within one. Every record of so long a time is
 * read for each that is added, so that it may not be generous. Were it too short, an attempt could have two records, which the audit finds.
 */
const clockSkewMs = 5000;

/**
 * An attempt's record can only have been written after its end. So whoever has read every record since then, back from the newest, and from
 * there on every one that took the number which it tried for itself, knows whether the attempt has one: no two can write it.
 */
export async function append({ attempt, endedAtMs, compose }: Appending, store: RecordStore): Promise<Appended> {
  const key = attemptKey(attempt);
  const isOfAttempt = (stored: StoredRecord | undefined): boolean => {
    const record = stored && parseRecord(stored.bytes);
    return record !== undefined && attemptKey(attemptOfRecord(record)) === key;
  };
  const found = async (sequence: number): Promise<Appended> => {
    await store.mark(attempt, sequence);
    return { sequence, isNew: false };
  };
  const newest = await store.newest();
  let last: StoredRecord | undefined;
  for (let sequence = newest; sequence > 0; sequence--) {
    const stored = await store.read(sequence);
    if (sequence === newest) last = stored;
    if (isOfAttempt(stored)) return found(sequence);
    if (stored !== undefined && stored.writtenAtMs < endedAtMs - clockSkewMs) break;
  }
  for (let sequence = newest + 1; ; sequence++) {
    const bytes = recordBytes(compose({ sequence, previous: last === undefined ? null : sha256(last.bytes) }));
    if (await store.add(sequence, bytes)) {
      await store.mark(attempt, sequence);
      return { sequence, isNew: true };
    }
    last = await store.read(sequence);
    if (isOfAttempt(last)) return found(sequence);
  }
}
