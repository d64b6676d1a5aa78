import { describe, expect, it } from "vitest";
import { attemptKey, attemptOf, attemptOfRecord, recordBytes, recordKey, sequenceOf, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { parseRecord } from "../../core/run-record-form.ts";
import { sampleRecord } from "./sample-record.ts";

describe("a record's key", () => {
  it("puts the newest first, and leads back to its number", () => {
    const sequences = [1, 2, 9, 10, 11, 99, 100, 12_345, 9_999_999_999];
    const keys = sequences.map(recordKey);
    expect(keys.toSorted().reverse()).toEqual(keys);
    expect(keys.map(sequenceOf)).toEqual(sequences);
    expect(recordKey(1)).toBe("records/9999999998.json");
  });

  it.each([0, -1, 1.5, 10_000_000_000, Number.NaN])("has no place for %d", (sequence) => {
    expect(() => recordKey(sequence)).toThrow(RangeError);
  });

  it.each(["records/1.json", "records/9999999999.json", "records/9999999998.json.bak", "records/", "attempts/9999999998.json"])(
    "is not %s",
    (key) => {
      expect(sequenceOf(key)).toBeUndefined();
    },
  );
});

describe("an attempt's key", () => {
  it("sorts by the execution's start, and leads back to the attempt", () => {
    const attempt = { name: "run-1", startedAt: "2026-11-21T08:00:00.000Z", attempt: 12 };
    expect(attemptKey(attempt)).toBe("attempts/2026-11-21T08:00:00.000Z/run-1/12.json");
    expect(attemptOf(attemptKey(attempt))).toEqual(attempt);
    expect(attemptOfRecord(sampleRecord)).toEqual({ ...attempt, attempt: 0 });
  });

  it.each(["attempts/2026/run-1/0.json", "attempts/2026-11-21T08:00:00.000Z/a/b/0.json", "attempts/2026-11-21T08:00:00.000Z/a/00.json"])(
    "is not %s",
    (key) => {
      expect(attemptOf(key)).toBeUndefined();
    },
  );
});

describe("a record's bytes", () => {
  it("are the same for the same record, however it was put together, and read back as it", () => {
    const shuffled = Object.fromEntries(Object.entries(sampleRecord).reverse()) as unknown as RunRecord;
    expect(recordBytes(shuffled)).toEqual(recordBytes(sampleRecord));
    expect(parseRecord(recordBytes(sampleRecord))).toEqual(sampleRecord);
  });

  it("have the hash that sha256sum gives", () => {
    expect(sha256(Buffer.from("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it.each([
    ["no JSON", "{"],
    ["another version", JSON.stringify({ ...sampleRecord, version: 2 })],
    ["a member more", JSON.stringify({ ...sampleRecord, mfaCode: "123456" })],
    ["a member less", JSON.stringify({ ...sampleRecord, digest: undefined })],
    ["a caller who is known and unknown", JSON.stringify({ ...sampleRecord, started: { ...sampleRecord.started, by: null } })],
  ])("are none with %s", (_what, text) => {
    expect(parseRecord(Buffer.from(text))).toBeUndefined();
  });
});
