// What the records' bucket holds, read as the auditor: the newest records, or every version of everything.

import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { chainPrefix, sequenceOf, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { parseRecord } from "../../core/run-record-form.ts";
import type { Auditor } from "./auditor-session.ts";

/** A version of an object, or a delete marker. */
export interface StoredVersion {
  readonly key: string;
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  /** By S3's clock. */
  readonly writtenAtMs: number;
  /** Of records; absent for everything else. */
  readonly content?: Content;
}

export type Content =
  | {
      readonly bytes: Uint8Array;
      readonly kmsKey: string | undefined;
      readonly lock: { readonly mode: string; readonly untilMs: number } | undefined;
    }
  | { readonly unreadable: string };

export interface ListedRecord {
  readonly sequence: number;
  readonly sha256: string;
  readonly writtenAt: string;
  readonly record: RunRecord;
}

/** Requests under way at a time. */
const width = 16;

/** Every version of every object: of a key the newest first, as S3 lists them. */
export async function readEveryVersion({ s3, bucket: Bucket }: Auditor): Promise<readonly StoredVersion[]> {
  const listed: StoredVersion[] = [];
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (from !== undefined) {
    const page: ListObjectVersionsCommandOutput = await s3.send(new ListObjectVersionsCommand({ Bucket, ...from }));
    for (const isDeleteMarker of [false, true]) {
      for (const { Key: key = "", VersionId: versionId = "", LastModified } of (isDeleteMarker ? page.DeleteMarkers : page.Versions) ??
        []) {
        listed.push({ key, versionId, isDeleteMarker, writtenAtMs: LastModified?.getTime() ?? 0 });
      }
    }
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
  return inTurn(listed, async (version) =>
    version.isDeleteMarker || sequenceOf(version.key) === undefined ? version : { ...version, content: await contentOf(version) },
  );

  async function contentOf({ key: Key, versionId: VersionId }: StoredVersion): Promise<Content> {
    try {
      const reply = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = reply;
      return {
        bytes: (await reply.Body?.transformToByteArray()) ?? new Uint8Array(),
        kmsKey: reply.SSEKMSKeyId,
        lock: mode === undefined || until === undefined ? undefined : { mode, untilMs: until.getTime() },
      };
    } catch (error) {
      // Somebody may have written it under a key that the auditor may not use; that is a finding and no reason to end.
      if (error instanceof Error && ["AccessDenied", "InvalidRequest"].includes(error.name)) return { unreadable: error.message };
      throw error;
    }
  }
}

export interface Wanted {
  readonly limit: number;
  readonly sinceMs: number;
  /** Whether a record is one of those asked for. */
  readonly matches: (record: RunRecord) => boolean;
}

/** The newest first, as far as they are asked for; `skipped` counts what could not be read or is no record. */
export async function readNewest(
  { s3, bucket: Bucket }: Auditor,
  { limit, sinceMs, matches }: Wanted,
): Promise<{ readonly records: readonly ListedRecord[]; readonly skipped: number }> {
  const records: ListedRecord[] = [];
  let skipped = 0;
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: chainPrefix.records })) {
    for (let from = 0; from < Contents.length; from += width) {
      const read = await inTurn(Contents.slice(from, from + width), ({ Key = "" }) => readRecord(Key));
      for (const one of read) {
        if (one === undefined) skipped++;
        else if (Date.parse(one.writtenAt) < sinceMs || records.length === limit) return { records, skipped };
        else if (matches(one.record)) records.push(one);
      }
    }
  }
  return { records, skipped };

  async function readRecord(Key: string): Promise<ListedRecord | undefined> {
    const sequence = sequenceOf(Key);
    if (sequence === undefined) return undefined;
    const { Body, LastModified } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    const record = parseRecord(bytes);
    return record && { sequence, sha256: sha256(bytes), writtenAt: LastModified?.toISOString() ?? "", record };
  }
}

/** All of them, in order, so many at a time. */
async function inTurn<Item, Result>(items: readonly Item[], act: (item: Item) => Promise<Result> | Result): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += width) {
    results.push(...(await Promise.all(items.slice(from, from + width).map(act))));
  }
  return results;
}
