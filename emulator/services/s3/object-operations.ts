// Operations on single objects: writing, reading, copying.

import { createHash } from "node:crypto";
import type {
  CopyObjectCommandInput,
  CopyObjectCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Call, Operation, Permission } from "../../service.ts";
import { bucketPermission, lockContext } from "./bucket-permission.ts";
import { type Bucket, type Buckets, findVersion, getContent, type ObjectContent, type ObjectVersion } from "./buckets.ts";
import { type EncryptionInput, encryptionOf, type ObjectEncryption } from "./object-encryption.ts";
import { type LockInput, lockOfNewVersion } from "./object-lock.ts";
import { assertConditions, assertWritable, assertWriteConditions, byteRange, type WriteConditions } from "./request-conditions.ts";

const keptHeaders = [
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
  "Metadata",
] as const;
const checksumHeaders = ["ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"] as const;

type Reading = GetObjectCommandInput | HeadObjectCommandInput;

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name, value]) => names.includes(name) && value !== undefined));
}

// Values are the checksum texts that the gateway parsed.
const checksumsOf = (input: object): Record<string, string> => pick(input, checksumHeaders) as Record<string, string>;

const encryptionHeaders = (content: ObjectContent) => ({
  ServerSideEncryption: content.encryption.algorithm,
  ...(content.encryption.algorithm === "aws:kms" ? { SSEKMSKeyId: content.sealed.keyArn } : {}),
  ...(content.encryption.bucketKey ? { BucketKeyEnabled: true } : {}),
});

const versionHeader = (bucket: Bucket, version: ObjectVersion) => (bucket.versioning === undefined ? {} : { VersionId: version.versionId });

export function objectOperations(buckets: Buckets, objects: ObjectEncryption): Record<string, Operation> {
  const writeContext = (input: EncryptionInput & LockInput & WriteConditions) => ({
    "s3:x-amz-server-side-encryption": input.ServerSideEncryption,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": input.SSEKMSKeyId,
    "s3:if-match": input.IfMatch,
    "s3:if-none-match": input.IfNoneMatch,
    ...lockContext(input, buckets.nowMs),
  });

  /** A lock that the request itself asks for takes the permission to place it. */
  const lockPermissions = (input: LockInput & Pick<PutObjectCommandInput, "Bucket" | "Key">): readonly Permission[] => {
    const of = { bucket: buckets.get(input.Bucket), key: required(input.Key, "key"), context: lockContext(input, buckets.nowMs) };
    return [
      ...(input.ObjectLockMode === undefined ? [] : [bucketPermission("PutObjectRetention", of)]),
      ...(input.ObjectLockLegalHoldStatus === undefined ? [] : [bucketPermission("PutObjectLegalHold", of)]),
    ];
  };

  /** An object that is not there is a secret as well, but for those who may list the bucket. */
  const readPermissions = (action: string, of: { bucket: Bucket; key: string; versionId?: string | undefined }): readonly Permission[] => {
    const { bucket, key, versionId } = of;
    const read = bucketPermission(versionId === undefined ? action : `${action}Version`, {
      bucket,
      key,
      context: { "s3:VersionId": versionId },
    });
    return findVersion(bucket, key, versionId) === undefined ? [read, bucketPermission("ListBucket", { bucket })] : [read];
  };

  async function write(of: {
    bucket: Bucket;
    key: string;
    body: Uint8Array;
    input: EncryptionInput & LockInput & WriteConditions & { readonly ContentMD5?: string | undefined };
    headers: Readonly<Record<string, unknown>>;
    checksums: Readonly<Record<string, string>>;
    call: Call;
  }): Promise<{ version: ObjectVersion; content: ObjectContent }> {
    const { bucket, key, body, input, headers, checksums, call } = of;
    const encryption = encryptionOf(input, bucket);
    const hasChecksum = input.ContentMD5 !== undefined || Object.keys(checksums).length > 0;
    const lock = lockOfNewVersion(input, { bucket, nowMs: buckets.nowMs, hasChecksum });
    const sealed = await objects.seal(body, { bucket, key, encryption, call });
    // The MD5 of what is stored, but for KMS, where AWS's ETag is no MD5 of the object either.
    const digest = createHash("md5")
      .update(encryption.algorithm === "AES256" ? body : sealed.ciphertext)
      .digest("hex");
    const content = { etag: `"${digest}"`, size: body.length, sealed, encryption, headers, checksums };
    // KMS has been asked meanwhile: of writers with one condition, whoever comes here first is the one for whom it held.
    assertWriteConditions(input, findVersion(bucket, key));
    return { version: buckets.write(bucket, { key, content, ...lock }), content };
  }

  const putObject: Operation<PutObjectCommandInput & { Body?: Uint8Array }, Partial<PutObjectCommandOutput>> = {
    permissions: (input) => [
      bucketPermission("PutObject", {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: { ...writeContext(input), "s3:x-amz-acl": input.ACL, "s3:x-amz-storage-class": input.StorageClass },
      }),
      ...lockPermissions(input),
    ],
    async run(input, call) {
      assertWritable(input);
      const bucket = buckets.get(input.Bucket);
      const key = required(input.Key, "key");
      assertWriteConditions(input, findVersion(bucket, key));
      const checksums = checksumsOf(input);
      const headers = pick(input, keptHeaders);
      const { version, content } = await write({ bucket, key, body: input.Body ?? new Uint8Array(), input, headers, checksums, call });
      return {
        ETag: content.etag,
        ...encryptionHeaders(content),
        ...versionHeader(bucket, version),
        ...checksums,
        ...(Object.keys(checksums).length > 0 ? { ChecksumType: "FULL_OBJECT" } : {}),
      };
    },
  };

  /** Only those who may ask for a lock are told of it. */
  function lockHeaders(bucket: Bucket, { version, call }: { version: ObjectVersion; call: Call }): Partial<GetObjectCommandOutput> {
    const { key, retention, legalHold } = version;
    const mayGet = (action: string): boolean => call.allows(bucketPermission(action, { bucket, key }));
    return {
      ...(retention !== undefined &&
        mayGet("GetObjectRetention") && { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: new Date(retention.untilMs) }),
      ...(legalHold !== undefined && mayGet("GetObjectLegalHold") && { ObjectLockLegalHoldStatus: legalHold ? "ON" : "OFF" }),
    };
  }

  function describe(
    bucket: Bucket,
    of: { version: ObjectVersion; content: ObjectContent; input: Reading; call: Call },
  ): Partial<GetObjectCommandOutput> {
    const { version, content, input, call } = of;
    const showChecksums = input.ChecksumMode === "ENABLED" && input.Range === undefined && Object.keys(content.checksums).length > 0;
    return {
      AcceptRanges: "bytes",
      ContentType: "binary/octet-stream",
      ...content.headers,
      ContentLength: content.size,
      ETag: content.etag,
      LastModified: new Date(version.modifiedAtMs),
      ...encryptionHeaders(content),
      ...versionHeader(bucket, version),
      ...lockHeaders(bucket, { version, call }),
      ...(showChecksums ? { ...content.checksums, ChecksumType: "FULL_OBJECT" } : {}),
      ...Object.fromEntries(
        keptHeaders.flatMap((name) => {
          const override = Object.entries(input).find(([member]) => member === `Response${name}`)?.[1];
          return override === undefined ? [] : [[name, override]];
        }),
      ),
    };
  }

  const getObject: Operation<GetObjectCommandInput, object> = {
    permissions: (input) =>
      readPermissions("GetObject", { bucket: buckets.get(input.Bucket), key: required(input.Key, "key"), versionId: input.VersionId }),
    async run(input, call) {
      const bucket = buckets.get(input.Bucket);
      const { version, content } = getContent(bucket, required(input.Key, "key"), input.VersionId);
      if (input.PartNumber !== undefined) throw notImplemented("S3 multipart objects (partNumber)");
      assertConditions(input, version);
      const body = await objects.open(content.sealed, { encryption: content.encryption, call });
      const description = describe(bucket, { version, content, input, call });
      const range = byteRange(input.Range, body.length);
      if (range === undefined) return { ...description, Body: body };
      const part = body.subarray(range.start, range.end + 1);
      return { ...description, ContentLength: part.length, ContentRange: `bytes ${range.start}-${range.end}/${body.length}`, Body: part };
    },
  };

  const headObject: Operation<HeadObjectCommandInput, Partial<HeadObjectCommandOutput>> = {
    permissions: (input) =>
      readPermissions("GetObject", { bucket: buckets.get(input.Bucket), key: required(input.Key, "key"), versionId: input.VersionId }),
    // Only the checksums lie under the object's KMS key: a plain HeadObject takes no permission on it.
    async run(input, call) {
      const bucket = buckets.get(input.Bucket);
      const { version, content } = getContent(bucket, required(input.Key, "key"), input.VersionId);
      assertConditions(input, version);
      if (input.ChecksumMode === "ENABLED") await objects.open(content.sealed, { encryption: content.encryption, call });
      const { Body: _, ...description } = describe(bucket, { version, content, input, call });
      return description;
    },
  };

  function copySource(input: CopyObjectCommandInput): { bucket: Bucket; key: string; versionId: string | undefined } {
    const [path = "", query] = required(input.CopySource, "copySource").split("?versionId=");
    const [, name, key] = /^\/?([^/]+)\/(.+)$/.exec(decodeURIComponent(path)) ?? [];
    if (name === undefined || key === undefined || name.startsWith("arn:")) {
      throw new AwsError("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    }
    return { bucket: buckets.get(name), key, versionId: query };
  }

  const copyObject: Operation<CopyObjectCommandInput, Partial<CopyObjectCommandOutput>> = {
    permissions: (input) => [
      ...readPermissions("GetObject", copySource(input)),
      bucketPermission("PutObject", {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: {
          ...writeContext(input),
          "s3:x-amz-copy-source": input.CopySource,
          "s3:x-amz-metadata-directive": input.MetadataDirective,
        },
      }),
      ...lockPermissions(input),
    ],
    async run(input, call) {
      assertWritable(input);
      const source = copySource(input);
      const { version: from, content: original } = getContent(source.bucket, source.key, source.versionId);
      assertConditions({ IfMatch: input.CopySourceIfMatch, IfNoneMatch: input.CopySourceIfNoneMatch }, from);
      const body = await objects.open(original.sealed, { encryption: original.encryption, call });
      const bucket = buckets.get(input.Bucket);
      const headers = input.MetadataDirective === "REPLACE" ? pick(input, keptHeaders) : original.headers;
      const { checksums } = original;
      const { version, content } = await write({ bucket, key: required(input.Key, "key"), body, input, headers, checksums, call });
      return {
        CopyObjectResult: { ETag: content.etag, LastModified: new Date(version.modifiedAtMs), ...checksums },
        ...encryptionHeaders(content),
        ...versionHeader(bucket, version),
        ...(source.bucket.versioning === undefined ? {} : { CopySourceVersionId: from.versionId }),
      };
    },
  };

  return {
    PutObject: putObject,
    GetObject: getObject,
    HeadObject: headObject,
    CopyObject: copyObject,
  };
}
