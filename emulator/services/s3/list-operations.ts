// Listing objects and versions: prefixes, delimiters, pages.

import type {
  ListObjectsCommandInput,
  ListObjectsCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError } from "../../aws-error.ts";
import type { Operation, Permission } from "../../service.ts";
import { bucketPermission } from "./bucket-permission.ts";
import { type Buckets, currentObjects, type ObjectContent, type ObjectVersion } from "./buckets.ts";

const mostKeys = 1000;

interface ListInput {
  readonly Bucket?: string | undefined;
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
}

interface Listing<Entry> {
  readonly entries: readonly Entry[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The last key or common prefix shown. */
  readonly last: string | undefined;
}

/** Rolls keys with the delimiter after the prefix into common prefixes, each of which counts as one entry. */
function list<Entry>(entries: readonly Entry[], of: { keyOf: (entry: Entry) => string; input: ListInput; after: string }): Listing<Entry> {
  const { Prefix: prefix = "", Delimiter: delimiter } = of.input;
  const limit = Math.min(of.input.MaxKeys ?? mostKeys, mostKeys);
  const shown: Entry[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  for (const entry of entries) {
    const key = of.keyOf(entry);
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const rolled = cut < 0 ? undefined : key.slice(0, cut + (delimiter ?? "").length);
    const name = rolled ?? key;
    if (key <= of.after || rolled === of.after || name === commonPrefixes.at(-1)) continue;
    if (shown.length + commonPrefixes.length >= limit) return { entries: shown, commonPrefixes, isTruncated: limit > 0, last };
    if (rolled === undefined) shown.push(entry);
    else commonPrefixes.push(rolled);
    last = name;
  }
  return { entries: shown, commonPrefixes, isTruncated: false, last };
}

/** `encoding-type=url`, which boto and the AWS CLI ask for. */
const encoder = (input: ListInput): ((key: string) => string) =>
  input.EncodingType === "url" ? (key) => encodeURIComponent(key).replaceAll("%2F", "/") : (key) => key;

const summary = (of: { version: ObjectVersion; content: ObjectContent }, encode: (key: string) => string) => ({
  Key: encode(of.version.key),
  LastModified: new Date(of.version.modifiedAtMs),
  ETag: of.content.etag,
  Size: of.content.size,
  StorageClass: "STANDARD" as const,
});

export function listOperations(buckets: Buckets): Record<string, Operation> {
  const listPermission = (action: string, input: ListInput): readonly Permission[] => [
    bucketPermission(action, {
      bucket: buckets.get(input.Bucket),
      context: { "s3:prefix": input.Prefix, "s3:delimiter": input.Delimiter, "s3:max-keys": input.MaxKeys },
    }),
  ];
  const echo = (input: ListInput, encode: (key: string) => string) => ({
    Name: input.Bucket,
    Prefix: encode(input.Prefix ?? ""),
    MaxKeys: Math.min(input.MaxKeys ?? mostKeys, mostKeys),
    ...(input.Delimiter ? { Delimiter: encode(input.Delimiter) } : {}),
    ...(input.EncodingType === "url" ? { EncodingType: "url" as const } : {}),
  });

  const listObjectsV2: Operation<ListObjectsV2CommandInput, Partial<ListObjectsV2CommandOutput>> = {
    permissions: (input) => listPermission("ListBucket", input),
    run(input) {
      const { ContinuationToken: token, StartAfter: startAfter } = input;
      const after = token === undefined ? (startAfter ?? "") : Buffer.from(token, "base64url").toString("utf8");
      if (token !== undefined && after === "") throw new AwsError("InvalidArgument", "The continuation token provided is incorrect");
      const encode = encoder(input);
      const found = list(currentObjects(buckets.get(input.Bucket)), { keyOf: ({ version }) => version.key, input, after });
      return {
        ...echo(input, encode),
        KeyCount: found.entries.length + found.commonPrefixes.length,
        IsTruncated: found.isTruncated,
        Contents: found.entries.map((entry) => summary(entry, encode)),
        CommonPrefixes: found.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(startAfter === undefined ? {} : { StartAfter: encode(startAfter) }),
        ...(found.isTruncated ? { NextContinuationToken: Buffer.from(found.last ?? "").toString("base64url") } : {}),
      };
    },
  };

  const listObjects: Operation<ListObjectsCommandInput, Partial<ListObjectsCommandOutput>> = {
    permissions: (input) => listPermission("ListBucket", input),
    run(input) {
      const encode = encoder(input);
      const after = input.Marker ?? "";
      const found = list(currentObjects(buckets.get(input.Bucket)), { keyOf: ({ version }) => version.key, input, after });
      return {
        ...echo(input, encode),
        Marker: encode(after),
        IsTruncated: found.isTruncated,
        Contents: found.entries.map((entry) => summary(entry, encode)),
        CommonPrefixes: found.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
        ...(found.isTruncated ? { NextMarker: encode(found.last ?? "") } : {}),
      };
    },
  };

  const listObjectVersions: Operation<ListObjectVersionsCommandInput, Partial<ListObjectVersionsCommandOutput>> = {
    permissions: (input) => listPermission("ListBucketVersions", input),
    // A page holds whole keys: every version of a key that is on it.
    run(input) {
      const bucket = buckets.get(input.Bucket);
      const encode = encoder(input);
      const keys = [...bucket.objects.keys()].sort();
      const after = input.KeyMarker ?? "";
      const found = list(keys, { keyOf: (key) => key, input, after });
      const versions = found.entries.flatMap((key) => {
        const all = [...(bucket.objects.get(key) ?? [])].reverse();
        return all.map((version, index) => ({ version, isLatest: index === 0 }));
      });
      return {
        ...echo(input, encode),
        KeyMarker: encode(after),
        IsTruncated: found.isTruncated,
        Versions: versions.flatMap(({ version, isLatest }) =>
          version.content === undefined
            ? []
            : [{ ...summary({ version, content: version.content }, encode), VersionId: version.versionId, IsLatest: isLatest }],
        ),
        DeleteMarkers: versions.flatMap(({ version, isLatest }) =>
          version.content === undefined
            ? [{ Key: encode(version.key), VersionId: version.versionId, IsLatest: isLatest, LastModified: new Date(version.modifiedAtMs) }]
            : [],
        ),
        CommonPrefixes: found.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
        ...(found.isTruncated ? { NextKeyMarker: encode(found.last ?? "") } : {}),
      };
    },
  };

  return { ListObjectsV2: listObjectsV2, ListObjects: listObjects, ListObjectVersions: listObjectVersions };
}
