// The bucket as the chain uses it: records are added under the next number or not at all, and nothing is ever changed.

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { type AttemptId, attemptKey, attemptOf, chainPrefix, recordKey, sequenceOf } from "../../core/record-chain.ts";

export interface StoredRecord {
  readonly bytes: Uint8Array;
  /** By S3's clock, which no writer can set. */
  readonly writtenAtMs: number;
}

export interface RecordStore {
  /** Sequence of the newest record; 0 where there is none. */
  newest(): Promise<number>;
  /** Undefined where it is gone, or was put there in such a way that it cannot be read. */
  read(sequence: number): Promise<StoredRecord | undefined>;
  /** False where somebody else has that number. */
  add(sequence: number, bytes: Uint8Array): Promise<boolean>;
  /** Whether the attempt is known to have its record. */
  isMarked(attempt: AttemptId): Promise<boolean>;
  /** Notes that it has. */
  mark(attempt: AttemptId, sequence: number): Promise<void>;
  /** Keys of the attempts of executions that started then or later, and have their record. */
  marksSince(startedAtMs: number): Promise<ReadonlySet<string>>;
}

/** Writes that met another: 412 where the key is taken, 409 where two came at once and S3 let neither decide. */
const attemptsOnConflict = 5;

export function recordStore(s3: S3Client, Bucket: string): RecordStore {
  async function addOnce(Key: string, Body: Uint8Array): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "application/json", IfNoneMatch: "*" }));
        return true;
      } catch (error) {
        if (isNamed(error, "PreconditionFailed")) return false;
        if (!isNamed(error, "ConditionalRequestConflict") || attempt === attemptsOnConflict) throw error;
      }
    }
  }
  return {
    async newest() {
      // What is no record could stand before the first; nobody but this task writes there, and who could is found by the audit.
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: chainPrefix.records })) {
        for (const { Key = "" } of Contents) {
          const sequence = sequenceOf(Key);
          if (sequence !== undefined) return sequence;
        }
      }
      return 0;
    },
    async read(sequence) {
      try {
        const { Body, LastModified } = await s3.send(new GetObjectCommand({ Bucket, Key: recordKey(sequence) }));
        const bytes = await Body?.transformToByteArray();
        return bytes && { bytes, writtenAtMs: LastModified?.getTime() ?? 0 };
      } catch (error) {
        if (isNamed(error, "NoSuchKey") || isNamed(error, "AccessDenied") || isNamed(error, "InvalidRequest")) return undefined;
        throw error;
      }
    },
    add: (sequence, bytes) => addOnce(recordKey(sequence), bytes),
    async isMarked(attempt) {
      try {
        await s3.send(new HeadObjectCommand({ Bucket, Key: attemptKey(attempt) }));
        return true;
      } catch (error) {
        if (isNamed(error, "NotFound")) return false;
        throw error;
      }
    },
    async mark(attempt, sequence) {
      await addOnce(attemptKey(attempt), Buffer.from(JSON.stringify({ sequence }), "utf8"));
    },
    async marksSince(startedAtMs) {
      const marks = new Set<string>();
      const StartAfter = `${chainPrefix.attempts}${new Date(startedAtMs - 1).toISOString()}`;
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: chainPrefix.attempts, StartAfter })) {
        for (const { Key = "" } of Contents) if (attemptOf(Key) !== undefined) marks.add(Key);
      }
      return marks;
    },
  };
}

/** Reads each record once: what has been written does not change. For as long as one sweep takes. */
export function remembering(store: RecordStore): RecordStore {
  const known = new Map<number, StoredRecord>();
  return {
    newest: () => store.newest(),
    add: (sequence, bytes) => store.add(sequence, bytes),
    isMarked: (attempt) => store.isMarked(attempt),
    mark: (attempt, sequence) => store.mark(attempt, sequence),
    marksSince: (startedAtMs) => store.marksSince(startedAtMs),
    async read(sequence) {
      const stored = known.get(sequence) ?? (await store.read(sequence));
      if (stored !== undefined) known.set(sequence, stored);
      return stored;
    },
  };
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;
