// The bucket in memory, each call one step of whoever interleaves them: what S3 promises of conditional writes and of reading after them.

import { type AttemptId, attemptKey } from "../../../core/record-chain.ts";
import type { RecordStore, StoredRecord } from "../../../tasks/record-run/record-store.ts";

export class MemoryStore implements RecordStore {
  readonly records = new Map<number, StoredRecord>();
  readonly marks = new Map<string, number>();
  readonly reads: number[] = [];
  nowMs: () => number;
  readonly #step: <Result>(act: () => Result) => Promise<Result>;

  constructor(nowMs: () => number, step: <Result>(act: () => Result) => Promise<Result> = async (act) => act()) {
    this.nowMs = nowMs;
    this.#step = step;
  }

  newest(): Promise<number> {
    return this.#step(() => Math.max(0, ...this.records.keys()));
  }

  read(sequence: number): Promise<StoredRecord | undefined> {
    return this.#step(() => {
      this.reads.push(sequence);
      return this.records.get(sequence);
    });
  }

  add(sequence: number, bytes: Uint8Array): Promise<boolean> {
    return this.#step(() => {
      if (this.records.has(sequence)) return false;
      this.records.set(sequence, { bytes, writtenAtMs: this.nowMs() });
      return true;
    });
  }

  isMarked(attempt: AttemptId): Promise<boolean> {
    return this.#step(() => this.marks.has(attemptKey(attempt)));
  }

  mark(attempt: AttemptId, sequence: number): Promise<void> {
    return this.#step(() => {
      if (!this.marks.has(attemptKey(attempt))) this.marks.set(attemptKey(attempt), sequence);
    });
  }

  marksSince(startedAtMs: number): Promise<ReadonlySet<string>> {
    const from = `attempts/${new Date(startedAtMs).toISOString()}`;
    return this.#step(() => new Set([...this.marks.keys()].filter((key) => key >= from)));
  }
}
