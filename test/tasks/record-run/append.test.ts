import { describe, expect, it } from "vitest";
import { type AttemptId, attemptKey, attemptOfRecord, sha256 } from "../../../core/record-chain.ts";
import type { RunRecord } from "../../../core/run-record.ts";
import { parseRecord } from "../../../core/run-record-form.ts";
import { type Appending, append } from "../../../tasks/record-run/append.ts";
import { gatherFacts } from "../../../tasks/record-run/facts.ts";
import { Interleaver, randomFrom } from "../../runs/interleaver.ts";
import { MemoryStore } from "./memory-store.ts";
import { startMs, succeededRun } from "./sample-execution.ts";

const witnesses = { findCalls: async () => [], describeJobs: async () => [], nowMs: startMs };
const { facts } = await gatherFacts(succeededRun().execution, 0, witnesses);
const endedAtMs = Date.parse(facts.outcome.endedAt);
let nowMs = endedAtMs + 1000;

const attemptOf = (name: string, attempt = 0): AttemptId => ({ name, startedAt: facts.executionStartedAt, attempt });

const appending = (name: string, of: { attempt?: number; endedAtMs?: number } = {}): Appending => ({
  attempt: attemptOf(name, of.attempt),
  endedAtMs: of.endedAtMs ?? endedAtMs,
  compose: (place) => ({
    version: 1,
    ...place,
    recordedAt: new Date(nowMs).toISOString(),
    keyturn: "1.0.0",
    lock: { mode: "COMPLIANCE", days: 365 },
    ...facts,
    execution: `arn:aws:states:us-east-1:111122223333:execution:keyturn:${name}`,
    attempt: of.attempt ?? 0,
  }),
});

/** The chain's records, after it was seen to be whole. */
function wholeChain(store: MemoryStore): readonly RunRecord[] {
  const sequences = [...store.records.keys()].sort((a, b) => a - b);
  expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  return sequences.map((sequence) => {
    const record = parseRecord(store.records.get(sequence)?.bytes ?? Buffer.of());
    const before = store.records.get(sequence - 1);
    expect(record).toMatchObject({ sequence, previous: before === undefined ? null : sha256(before.bytes) });
    return record as RunRecord;
  });
}

describe("a record", () => {
  it("goes to the end of the chain, and holds the hash of the one before", async () => {
    const store = new MemoryStore(() => nowMs);
    expect(await append(appending("a"), store)).toEqual({ sequence: 1, isNew: true });
    expect(await append(appending("b"), store)).toEqual({ sequence: 2, isNew: true });
    expect(wholeChain(store).map(({ execution }) => execution.split(":").at(-1))).toEqual(["a", "b"]);
    expect(store.marks.get(attemptKey(attemptOf("b")))).toBe(2);
  });

  it("is not written twice, also where the mark was lost and others came after it", async () => {
    const store = new MemoryStore(() => nowMs);
    for (const name of ["a", "b", "c"]) await append(appending(name), store);
    store.marks.clear();
    expect(await append(appending("a"), store)).toEqual({ sequence: 1, isNew: false });
    expect(store.marks.get(attemptKey(attemptOf("a")))).toBe(1);
    expect(store.records.size).toBe(3);
  });

  it("is written for each attempt of one execution", async () => {
    const store = new MemoryStore(() => nowMs);
    for (const attempt of [0, 1, 2]) await append(appending("a", { attempt }), store);
    expect(wholeChain(store).map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
  });

  it("is looked for no further back than the end of its attempt", async () => {
    const store = new MemoryStore(() => nowMs);
    for (const name of ["a", "b", "c"]) await append(appending(name), store);
    const hour = 3_600_000;
    nowMs += hour;
    store.reads.length = 0;
    await append(appending("d", { endedAtMs: endedAtMs + hour }), store);
    expect(store.reads).toEqual([3]);
    nowMs -= hour;
  });

  it("goes on after one that is gone or cannot be read, without a hash of it", async () => {
    const store = new MemoryStore(() => nowMs);
    for (const name of ["a", "b"]) await append(appending(name), store);
    const read = store.read.bind(store);
    store.read = async (sequence) => (sequence === 2 ? undefined : read(sequence));
    expect(await append(appending("c"), store)).toEqual({ sequence: 3, isNew: true });
    expect(parseRecord(store.records.get(3)?.bytes ?? Buffer.of())?.previous).toBeNull();
  });

  it("goes on after what is no record, and holds its hash", async () => {
    const store = new MemoryStore(() => nowMs);
    const junk = { bytes: Buffer.from("{}"), writtenAtMs: nowMs };
    store.records.set(1, junk);
    await append(appending("a"), store);
    expect(parseRecord(store.records.get(2)?.bytes ?? Buffer.of())?.previous).toBe(sha256(junk.bytes));
  });
});

describe("writers at the same time", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => [seed]))(
    "leave one unbroken chain with one record for each attempt, in order %i",
    async (seed) => {
      const random = randomFrom(seed);
      const order = new Interleaver(random);
      const store = new MemoryStore(() => nowMs, order.step);
      // Every attempt is delivered twice, and some writers die between any two of their calls.
      const names = Array.from({ length: 8 }, (_, index) => `run-${index}`);
      const dying = new Set(names.filter(() => random() < 0.3));
      const writers = [...names, ...names].map((name, index) => {
        const isDying = index < names.length && dying.has(name);
        return append(appending(name), isDying ? mortal(store, Math.floor(random() * 6)) : store);
      });
      const outcomes = Promise.allSettled(writers);
      await order.drain();
      const unexpected = (await outcomes).filter((outcome) => outcome.status === "rejected" && outcome.reason !== death);
      expect(unexpected).toEqual([]);
      const recorded = wholeChain(store).map((record) => attemptOfRecord(record).name);
      expect([...recorded].sort()).toEqual(names);
    },
  );
});

const death = new Error("the process ended");

/** A store whose user is dead after so many calls. */
function mortal(store: MemoryStore, calls: number): MemoryStore {
  let left = calls;
  return new Proxy(store, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        if (left-- <= 0) return Promise.reject(death);
        return value.apply(target, given);
      };
    },
  });
}
