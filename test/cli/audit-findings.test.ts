import { describe, expect, it } from "vitest";
import { auditChain } from "../../cli/audit/chain-findings.ts";
import type { StoredVersion } from "../../cli/audit/records-bucket.ts";
import { auditRuns, type KnownExecution } from "../../cli/audit/run-findings.ts";
import { attemptKey, attemptOfRecord, recordBytes, recordKey, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { sampleRecord } from "../core/sample-record.ts";

const kmsKey = "arn:aws:kms:us-east-1:111122223333:key/records";
const dayMs = 86_400_000;
const minuteMs = 60_000;
const startMs = Date.parse(sampleRecord.outcome.endedAt);
const writtenAt = (sequence: number): number => startMs + sequence * minuteMs;

const recordOf = (sequence: number, previous: string | null, change: Partial<RunRecord> = {}): RunRecord => ({
  ...sampleRecord,
  sequence,
  previous,
  recordedAt: new Date(writtenAt(sequence)).toISOString(),
  run: `run-${sequence}`,
  execution: `arn:aws:states:us-east-1:111122223333:execution:keyturn:run-${sequence}`,
  ...change,
});

type Lock = { readonly mode: string; readonly untilMs: number } | undefined;

const stored = (record: RunRecord, of: { writtenAtMs?: number; lock?: Lock; kmsKey?: string; versionId?: string } = {}): StoredVersion => {
  const writtenAtMs = of.writtenAtMs ?? writtenAt(record.sequence);
  return {
    key: recordKey(record.sequence),
    versionId: of.versionId ?? `v-${record.sequence}`,
    isDeleteMarker: false,
    writtenAtMs,
    content: {
      bytes: recordBytes(record),
      kmsKey: of.kmsKey ?? kmsKey,
      lock: "lock" in of ? of.lock : { mode: "GOVERNANCE", untilMs: writtenAtMs + 365 * dayMs },
    },
  };
};

const mark = (record: RunRecord): StoredVersion => ({
  key: attemptKey(attemptOfRecord(record)),
  versionId: "mark",
  isDeleteMarker: false,
  writtenAtMs: writtenAt(record.sequence),
});

const marker = (key: string): StoredVersion => ({ key, versionId: "marker", isDeleteMarker: true, writtenAtMs: writtenAt(9) });

/** Five records as record-run writes them. */
function chain(length = 5): RunRecord[] {
  const records: RunRecord[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const before = records.at(-1);
    records.push(recordOf(sequence, before === undefined ? null : sha256(recordBytes(before))));
  }
  return records;
}

const records = chain();
const third = records[2] as RunRecord;
const bucketOf = (all: readonly RunRecord[]): StoredVersion[] => [...all.map(mark), ...all.toReversed().map((record) => stored(record))];
const bucket = bucketOf(records);
const without = (...keys: readonly string[]) => bucket.filter(({ key }) => !keys.includes(key));
const replaced = (record: RunRecord, of?: Parameters<typeof stored>[1]) =>
  bucket.map((version) => (version.key === recordKey(record.sequence) ? stored(record, of) : version));
const found = (versions: readonly StoredVersion[]) =>
  auditChain(versions, { kmsKey }).findings.map(({ rule, sequence }) => [rule, sequence]);
const forged = (change: Partial<RunRecord>) => recordOf(6, sha256(recordBytes(records[4] as RunRecord)), change);

describe("a chain that record-run wrote", () => {
  it("has no findings, and its records come in order with their hashes", () => {
    const audited = auditChain(bucket, { kmsKey });
    expect(audited.findings).toEqual([]);
    expect(audited.records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(audited.records[0]?.sha256).toBe(third && records[1]?.previous);
    expect(auditChain([], { kmsKey })).toEqual({ records: [], findings: [] });
  });
});

describe("whatever else was done to it is found", () => {
  const changed = { ...third, admin: "mallory" };
  it.each<[string, readonly StoredVersion[], readonly [string, number | null][]]>([
    ["a record was changed", replaced(changed), [["broken-link", 4]]],
    [
      "a record was written over: the first version is believed",
      [stored(changed, { versionId: "later" }), ...bucket],
      [["second-version", 3]],
    ],
    [
      "the newest was written over before its successor came",
      [stored({ ...(records[4] as RunRecord), admin: "m" }), ...bucket],
      [["second-version", 5]],
    ],
    ["a record was hidden", [...bucket, marker(recordKey(3))], [["hidden", 3]]],
    [
      "a record was removed",
      without(recordKey(3)),
      [
        ["mark-without-record", null],
        ["missing", 3],
      ],
    ],
    ["a record was removed with its note", without(recordKey(3), attemptKey(attemptOfRecord(third))), [["missing", 3]]],
    [
      "two were removed, one of them behind a marker",
      [...without(recordKey(2), recordKey(3)), marker(recordKey(3))],
      [
        ["mark-without-record", null],
        ["mark-without-record", null],
        ["missing", 2],
        ["hidden", 3],
      ],
    ],
    [
      "the newest were removed, and their notes were not",
      without(recordKey(4), recordKey(5)),
      [
        ["mark-without-record", null],
        ["mark-without-record", null],
      ],
    ],
    [
      "two records changed places",
      bucket.map((version) => {
        const other = version.key === recordKey(2) ? records[2] : version.key === recordKey(3) ? records[1] : undefined;
        return other === undefined ? version : { ...stored(other), key: version.key };
      }),
      [
        ["mark-without-record", null],
        ["mark-without-record", null],
        ["malformed", 2],
        ["malformed", 3],
        ["broken-link", 4],
      ],
    ],
    [
      "something that is no record lies in its place",
      bucket.map((one) =>
        one.key === recordKey(5)
          ? { ...one, content: { bytes: Buffer.from("{}"), kmsKey, lock: { mode: "GOVERNANCE", untilMs: 9e15 } } }
          : one,
      ),
      [
        ["mark-without-record", null],
        ["malformed", 5],
      ],
    ],
    [
      "a record cannot be read",
      bucket.map((one) => (one.key === recordKey(5) ? { ...one, content: { unreadable: "not authorized" } } : one)),
      [
        ["mark-without-record", null],
        ["unreadable", 5],
      ],
    ],
    ["the lock was taken off", replaced(third, { lock: undefined }), [["unlocked", 3]]],
    ["the lock was shortened", replaced(third, { lock: { mode: "GOVERNANCE", untilMs: writtenAt(3) + 364 * dayMs } }), [["unlocked", 3]]],
    ["the lock was made longer, or stronger", replaced(third, { lock: { mode: "COMPLIANCE", untilMs: writtenAt(3) + 366 * dayMs } }), []],
    ["it is under another key", replaced(third, { kmsKey: "arn:aws:kms:us-east-1:111122223333:key/other" }), [["other-key", 3]]],
    [
      "it was put there again, with what it said",
      replaced(third, { writtenAtMs: writtenAt(3) + dayMs }),
      [
        ["other-time", 3],
        ["other-time", 4],
      ],
    ],
    ["a record was added of an attempt that has one", [...bucket, stored(forged({ execution: third.execution }))], [["recorded-twice", 6]]],
    [
      "a record was added of a run that ended before Step Functions' memory",
      [...bucket, stored(forged({ outcome: { ...third.outcome, endedAt: new Date(startMs - 91 * dayMs).toISOString() } }))],
      [["other-time", 6]],
    ],
    [
      "a record was added of a run that is yet to end",
      [...bucket, stored(forged({ outcome: { ...third.outcome, endedAt: new Date(startMs + dayMs).toISOString() } }))],
      [["other-time", 6]],
    ],
    ["a record was added that holds another hash", [...bucket, stored(recordOf(6, "f".repeat(64)))], [["broken-link", 6]]],
    ["a record was added that holds none", [...bucket, stored(recordOf(6, null))], [["broken-link", 6]]],
    ["the first holds one", bucketOf([recordOf(1, "f".repeat(64))]), [["broken-link", 1]]],
    ["a note was added for a run that is to have no record", [...bucket, mark(forged({}))], [["mark-without-record", null]]],
    [
      "a note was written over, and hidden",
      [...bucket, mark(third), marker(mark(third).key)],
      [
        ["second-version", null],
        ["hidden", null],
      ],
    ],
    [
      "something else lies in the bucket",
      [...bucket, { ...mark(third), key: "notes.txt" }, { ...mark(third), key: "records/x" }],
      [
        ["foreign-object", null],
        ["foreign-object", null],
      ],
    ],
  ])("%s", (_what, versions, expected) => {
    expect(found(versions)).toEqual(expected);
  });
});

describe("records against Step Functions", () => {
  const nowMs = startMs + dayMs;
  const audited = auditChain(bucket, { kmsKey }).records;
  const executionOf = (sequence: number, change: Partial<KnownExecution> = {}): KnownExecution => ({
    name: `run-${sequence}`,
    startedAtMs: Date.parse(sampleRecord.executionStartedAt),
    status: "FAILED",
    stoppedAtMs: startMs,
    redriveCount: 0,
    ...change,
  });
  const executions = [1, 2, 3, 4, 5].map((sequence) => executionOf(sequence));
  const against = (known: readonly KnownExecution[], atMs = nowMs) => auditRuns(audited, { executions: known, nowMs: atMs });

  it("have no findings where each end has its record", () => {
    expect(against(executions)).toEqual({ findings: [], pending: [] });
  });

  it("lack one of an execution that ended, once it is due", () => {
    const more = [...executions, executionOf(6, { stoppedAtMs: nowMs - 100 * minuteMs })];
    expect(against(more).findings).toMatchObject([{ rule: "unrecorded", sequence: null, message: expect.stringContaining("run-6") }]);
    const young = [...executions, executionOf(6, { stoppedAtMs: nowMs - 100 * minuteMs + 1 })];
    expect(against(young)).toMatchObject({ findings: [], pending: [{ name: "run-6", attempt: 0 }] });
  });

  it("lack none of an execution that runs, but of the attempts before", () => {
    const running = executionOf(6, { status: "RUNNING" });
    expect(against([...executions, running])).toEqual({ findings: [], pending: [] });
    const redriven = executionOf(6, { status: "RUNNING", redriveCount: 2, redrivenAtMs: nowMs - dayMs });
    expect(against([...executions, redriven]).findings.map(({ message }) => message.slice(0, 28))).toEqual([
      "Attempt 1 of execution run-6",
      "Attempt 2 of execution run-6",
    ]);
  });

  it("are of executions that Step Functions knows, as long as it remembers", () => {
    const known = executions.slice(0, 4);
    expect(against(known).findings).toMatchObject([{ rule: "unknown-execution", sequence: 5 }]);
    expect(against(known, startMs + 89 * dayMs + 1).findings).toEqual([]);
  });

  it("are of attempts that there were: a name that is used again is another execution", () => {
    const again = executionOf(5, { startedAtMs: Date.parse(sampleRecord.executionStartedAt) + dayMs, stoppedAtMs: nowMs });
    expect(against([...executions.slice(0, 4), again]).findings).toMatchObject([{ rule: "unknown-execution", sequence: 5 }]);
    const running = executionOf(5, { status: "RUNNING" });
    expect(against([...executions.slice(0, 4), running]).findings).toMatchObject([{ rule: "unknown-execution", sequence: 5 }]);
  });

  it.each([
    [{ status: "SUCCEEDED" }, "Step Functions as SUCCEEDED"],
    [{ stoppedAtMs: startMs + minuteMs }, "and Step Functions 2026-11-21T08:02:00.000Z"],
  ])("say what Step Functions says: %j", (change, message) => {
    const findings = against([...executions.slice(0, 4), executionOf(5, change)]).findings;
    expect(findings).toMatchObject([{ rule: "differs", sequence: 5, message: expect.stringContaining(message) }]);
  });
});
