// The chain of records: where each lies, what its bytes are, and how it holds on to the one before.

import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "./canonical-json.ts";
import type { RunRecord } from "./run-record.ts";

/** Records lie under descending numbers, so that the newest is the first of a listing. */
const recordPrefix = "records/";
const mostRecords = 9_999_999_999;

/** One object per attempt that has its record, by the execution's start: a listing finds the attempts of the last months, and no others. */
const attemptPrefix = "attempts/";

export const chainPrefix = { records: recordPrefix, attempts: attemptPrefix } as const;

/** Throws a RangeError past the last number there is. */
export function recordKey(sequence: number): string {
  if (!Number.isInteger(sequence) || sequence < 1 || sequence > mostRecords) throw new RangeError(`there is no record ${sequence}`);
  return `${recordPrefix}${String(mostRecords - sequence).padStart(10, "0")}.json`;
}

/** Undefined for a key that no record has. */
export function sequenceOf(key: string): number | undefined {
  const digits = /^records\/([0-9]{10})\.json$/.exec(key)?.[1];
  const sequence = digits === undefined ? 0 : mostRecords - Number(digits);
  return sequence < 1 ? undefined : sequence;
}

/** One attempt of one execution. A name may be used again after 90 days, so the start belongs to it. */
export interface AttemptId {
  /** The execution's name. */
  readonly name: string;
  /** The execution's start, ISO 8601 in milliseconds. */
  readonly startedAt: string;
  readonly attempt: number;
}

export const attemptKey = ({ name, startedAt, attempt }: AttemptId): string => `${attemptPrefix}${startedAt}/${name}/${attempt}.json`;

/** Undefined for a key that no attempt has. */
export function attemptOf(key: string): AttemptId | undefined {
  const [, startedAt, name, attempt] =
    /^attempts\/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\/([^/]{1,80})\/(0|[1-9]\d{0,5})\.json$/.exec(key) ?? [];
  return startedAt === undefined || name === undefined ? undefined : { name, startedAt, attempt: Number(attempt) };
}

export const executionNameOf = (arn: string): string => arn.split(":").at(-1) ?? "";

/** The attempt that a record is of. */
export const attemptOfRecord = (record: Pick<RunRecord, "execution" | "executionStartedAt" | "attempt">): AttemptId => ({
  name: executionNameOf(record.execution),
  startedAt: record.executionStartedAt,
  attempt: record.attempt,
});

/** The bytes that are stored, and that the next record's `previous` is the hash of. */
export const recordBytes = (record: RunRecord): Buffer => Buffer.from(canonicalJson(record as unknown as Json), "utf8");

/** Lower-case hex. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
