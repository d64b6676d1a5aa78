// Computes the whole chain again from what lies in the bucket, and finds whatever record-run did not leave there so.

import { attemptKey, attemptOf, attemptOfRecord, sequenceOf, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { parseRecord } from "../../core/run-record-form.ts";
import { moment } from "../terminal.ts";
import type { Finding } from "./finding.ts";
import type { Content, ListedRecord, StoredVersion } from "./records-bucket.ts";

export interface AuditedChain {
  /** In order; of a key with several versions the first that was written. */
  readonly records: readonly ListedRecord[];
  readonly findings: readonly Finding[];
}

type Readable = Extract<Content, { bytes: Uint8Array }>;

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** A record is written moments after it is composed. */
const composedMs = 10 * minuteMs;
/** Step Functions keeps what a record is made from for 90 days. */
const keptMs = 90 * dayMs;

/** @param versions - all of the bucket's, of a key the newest first; those of records with their content */
export function auditChain(versions: readonly StoredVersion[], { kmsKey }: { kmsKey: string }): AuditedChain {
  const findings: Finding[] = objectFindings(versions);
  const records: ListedRecord[] = [];
  const originals = new Map<number, StoredVersion & { readonly content: Readable }>();
  for (const version of versions) {
    const sequence = sequenceOf(version.key);
    if (sequence === undefined || version.content === undefined) continue;
    if ("unreadable" in version.content) {
      findings.push(about("unreadable", sequence, `cannot be read: ${version.content.unreadable}`));
      continue;
    }
    findings.push(...versionFindings(sequence, version.content, { version, kmsKey }));
    // The last that is listed was the first to be written.
    originals.set(sequence, { ...version, content: version.content });
  }
  const sequences = [...originals.keys()].sort((a, b) => a - b);
  findings.push(...gaps(versions));
  for (const sequence of sequences) {
    const original = originals.get(sequence);
    if (original === undefined) continue;
    const { bytes } = original.content;
    const record = parseRecord(bytes);
    if (record === undefined || record.sequence !== sequence) {
      const what = record === undefined ? "is no record of Keyturn's" : `says that it is record ${record.sequence}`;
      findings.push(about("malformed", sequence, `${what}: somebody else wrote it.`));
      continue;
    }
    const before = originals.get(sequence - 1);
    findings.push(...linkFindings(record, before), ...timeFindings(record, { original, before }));
    records.push({ sequence, sha256: sha256(bytes), writtenAt: new Date(original.writtenAtMs).toISOString(), record });
  }
  findings.push(...attemptFindings(records, versions));
  return { records, findings: findings.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)) };
}

const about = (rule: Finding["rule"], sequence: number | null, message: string): Finding => ({
  rule,
  sequence,
  message: sequence === null ? message : `Record ${sequence} ${message}`,
});

/** Of every object, whatever it is: it is one of ours, it is there once, and nothing hides it. */
function objectFindings(versions: readonly StoredVersion[]): Finding[] {
  const byKey = Map.groupBy(versions, ({ key }) => key);
  return [...byKey].flatMap(([key, all]): Finding[] => {
    const sequence = sequenceOf(key) ?? null;
    const named = sequence === null ? `The object ${key} ` : "";
    if (sequence === null && attemptOf(key) === undefined) {
      return [about("foreign-object", null, `${named}is none that Keyturn writes: somebody else put it there.`)];
    }
    const contents = all.filter(({ isDeleteMarker }) => !isDeleteMarker);
    const markers = all.filter(({ isDeleteMarker }) => isDeleteMarker);
    return [
      ...(contents.length > 1
        ? [
            about(
              "second-version",
              sequence,
              `${named}has ${contents.length} versions, and Keyturn writes one: somebody wrote over it. The first, ${contents.at(-1)?.versionId}, is the one to believe.`,
            ),
          ]
        : []),
      ...(markers.length > 0
        ? [
            about(
              "hidden",
              sequence,
              contents.length > 0
                ? `${named}was hidden by a delete marker, ${moment(markers[0]?.writtenAtMs ?? 0)}; it is still there, as version ${contents.at(-1)?.versionId}.`
                : `${named}was deleted, and only a delete marker of ${moment(markers[0]?.writtenAtMs ?? 0)} is left.`,
            ),
          ]
        : []),
    ];
  });
}

/** Numbers below the newest that no version is left of. */
function gaps(versions: readonly StoredVersion[]): Finding[] {
  const there = new Set(versions.flatMap(({ key, isDeleteMarker }) => (isDeleteMarker ? [] : (sequenceOf(key) ?? []))));
  const newest = Math.max(0, ...there);
  const missing: Finding[] = [];
  for (let sequence = 1; sequence < newest; sequence++) {
    if (there.has(sequence)) continue;
    const from = sequence;
    while (!there.has(sequence + 1)) sequence++;
    const which = from === sequence ? `Record ${from} is` : `Records ${from} to ${sequence} are`;
    missing.push({
      rule: "missing",
      sequence: from,
      message: `${which} missing: whoever may bypass the lock removed ${from === sequence ? "it" : "them"}.`,
    });
  }
  return missing;
}

/** Of each version by itself: its lock, and the key that only record-run can write with. */
function versionFindings(sequence: number, content: Readable, { version, kmsKey }: { version: StoredVersion; kmsKey: string }): Finding[] {
  const record = parseRecord(content.bytes);
  const found: Finding[] = [];
  if (content.kmsKey !== kmsKey) {
    const under = content.kmsKey === undefined ? "under no key of ours" : `under ${content.kmsKey}`;
    found.push(
      about(
        "other-key",
        sequence,
        `is encrypted ${under}, not under the records' key: record-run did not write version ${version.versionId}.`,
      ),
    );
  }
  const { lock } = content;
  if (lock === undefined) {
    found.push(about("unlocked", sequence, `has no lock (version ${version.versionId}): it was taken off, or the bucket gave none.`));
  } else if (record !== undefined) {
    const untilMs = version.writtenAtMs + record.lock.days * dayMs;
    const isWeaker = record.lock.mode === "COMPLIANCE" && lock.mode !== "COMPLIANCE";
    // S3 reckons in its own seconds.
    if (isWeaker || lock.untilMs < untilMs - minuteMs) {
      found.push(
        about(
          "unlocked",
          sequence,
          `is locked by ${lock.mode} until ${moment(lock.untilMs)}, but was written with ${record.lock.mode} until ${moment(untilMs)}: the lock was weakened.`,
        ),
      );
    }
  }
  return found;
}

const unreadBefore = (sequence: number): string => `holds no hash of record ${sequence - 1}: that could not be read when it was written.`;

function linkFindings({ sequence, previous }: RunRecord, before: { readonly content: Readable } | undefined): Finding[] {
  if (before === undefined) {
    if (sequence === 1)
      return previous === null ? [] : [about("broken-link", 1, "holds the hash of a record before it, and is the first.")];
    // A gap is told of by itself; that a link was never made is not.
    return previous === null ? [about("broken-link", sequence, unreadBefore(sequence))] : [];
  }
  if (previous === sha256(before.content.bytes)) return [];
  return [
    about(
      "broken-link",
      sequence,
      previous === null
        ? unreadBefore(sequence)
        : `holds the hash of another record ${sequence - 1} than the one that lies there: one of the two was changed, or written by somebody else.`,
    ),
  ];
}

function timeFindings(
  { sequence, recordedAt, outcome }: RunRecord,
  { original, before }: { original: StoredVersion; before: StoredVersion | undefined },
): Finding[] {
  const { writtenAtMs } = original;
  const written = moment(writtenAtMs);
  if (Math.abs(writtenAtMs - Date.parse(recordedAt)) > composedMs) {
    return [
      about(
        "other-time",
        sequence,
        `was written ${written}, but says ${moment(Date.parse(recordedAt))}: it was put there again, or by somebody else.`,
      ),
    ];
  }
  if (writtenAtMs - Date.parse(outcome.endedAt) > keptMs || writtenAtMs < Date.parse(outcome.endedAt) - composedMs) {
    return [
      about(
        "other-time",
        sequence,
        `was written ${written}, of a run that ended ${moment(Date.parse(outcome.endedAt))}: record-run cannot have done so.`,
      ),
    ];
  }
  if (before !== undefined && before.writtenAtMs > writtenAtMs + minuteMs) {
    return [
      about(
        "other-time",
        sequence,
        `was written ${written}, before record ${sequence - 1}, which it follows: that one was put there again.`,
      ),
    ];
  }
  return [];
}

/** Each attempt has one record, and each note that an attempt has its record is true. */
function attemptFindings(records: readonly ListedRecord[], versions: readonly StoredVersion[]): Finding[] {
  const byAttempt = Map.groupBy(records, ({ record }) => attemptKey(attemptOfRecord(record)));
  const twice = [...byAttempt.values()].flatMap(([first, ...others]) =>
    others.map(({ sequence }) =>
      about(
        "recorded-twice",
        sequence,
        `is of the same attempt as record ${first?.sequence}; record-run writes one: somebody added the other.`,
      ),
    ),
  );
  const marks = new Set(versions.flatMap(({ key }) => (attemptOf(key) === undefined ? [] : [key])));
  const without = [...marks].filter((key) => !byAttempt.has(key));
  return [
    ...twice,
    ...without.map((key) => {
      const { name = "", attempt = 0 } = attemptOf(key) ?? {};
      const which = `attempt ${attempt + 1} of execution ${name}`;
      return about(
        "mark-without-record",
        null,
        `The bucket notes that ${which} has its record, and there is none: it was removed, or somebody else wrote the note.`,
      );
    }),
  ];
}
