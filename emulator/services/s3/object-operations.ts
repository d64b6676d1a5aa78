// Operations on single objects: writing, reading, copying, deleting.

import { createHash } from "node:crypto";
import type {
  CopyObjectCommandInput,
  CopyObjectCommandOutput,
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Call, Operation, Permission } from "../../service.ts";
import { bucketPermission } from "./bucket-permission.ts";
import { type Bucket, type Buckets, findVersion, getContent, type ObjectContent, type ObjectVersion } from "./buckets.ts";
import { type EncryptionInput, encryptionOf, type ObjectEncryption } from "./object-encryption.ts";
import { assertConditions, assertWritable, byteRange } from "./request-conditions.ts";

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
  const encryptionContext = (input: EncryptionInput) => ({
    "s3:x-amz-server-side-encryption": input.ServerSideEncryption,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": input.SSEKMSKeyId,
  });

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
    input: EncryptionInput;
    headers: Readonly<Record<string, unknown>>;
    checksums: Readonly<Record<string, string>>;
    call: Call;
  }): Promise<{ version: ObjectVersion; content: ObjectContent }> {
    const { bucket, key, body, headers, checksums, call } = of;
    const encryption = encryptionOf(of.input, bucket);
    const sealed = await objects.seal(body, { bucket, key, encryption, call });
    // The MD5 of what is stored, but for KMS, where AWS's ETag is no MD5 of the object either.
    const digest = createHash("md5")
      .update(encryption.algorithm === "AES256" ? body : sealed.ciphertext)
      .digest("hex");
    const content = { etag: `"${digest}"`, size: body.length, sealed, encryption, headers, checksums };
    return { version: buckets.write(bucket, { key, content }), content };
  }

  const putObject: Operation<PutObjectCommandInput & { Body?: Uint8Array }, Partial<PutObjectCommandOutput>> = {
    permissions: (input) => [
      bucketPermission("PutObject", {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: { ...encryptionContext(input), "s3:x-amz-acl": input.ACL, "s3:x-amz-storage-class": input.StorageClass },
      }),
    ],
    async run(input, call) {
      assertWritable(input);
      const bucket = buckets.get(input.Bucket);
      const key = required(input.Key, "key");
      assertConditions(input, findVersion(bucket, key));
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

  function describe(
    bucket: Bucket,
    of: { version: ObjectVersion; content: ObjectContent; input: Reading },
  ): Partial<GetObjectCommandOutput> {
    const { version, content, input } = of;
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
      const description = describe(bucket, { version, content, input });
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
      const { Body: _, ...description } = describe(bucket, { version, content, input });
      return description;
    },
  };

  /** A delete marker where versions are kept, the end of the one version otherwise. */
  function remove(bucket: Bucket, of: { key: string; versionId?: string | undefined }): Partial<DeleteObjectCommandOutput> {
    const { key, versionId } = of;
    if (versionId !== undefined) {
      const erased = buckets.erase(bucket, { key, versionId });
      return { VersionId: versionId, ...(erased !== undefined && erased.content === undefined ? { DeleteMarker: true } : {}) };
    }
    if (bucket.versioning === undefined) {
      buckets.erase(bucket, { key, versionId: "null" });
      return {};
    }
    return { DeleteMarker: true, VersionId: buckets.write(bucket, { key }).versionId };
  }

  const deletePermission = (bucket: Bucket, of: { key: string; versionId?: string | undefined }): Permission =>
    bucketPermission(of.versionId === undefined ? "DeleteObject" : "DeleteObjectVersion", {
      bucket,
      key: of.key,
      context: { "s3:VersionId": of.versionId },
    });

  const deleteObject: Operation<DeleteObjectCommandInput, Partial<DeleteObjectCommandOutput>> = {
    permissions: (input) => [deletePermission(buckets.get(input.Bucket), { key: required(input.Key, "key"), versionId: input.VersionId })],
    run: (input) => remove(buckets.get(input.Bucket), { key: required(input.Key, "key"), versionId: input.VersionId }),
  };

  const deleteObjects: Operation<DeleteObjectsCommandInput, Partial<DeleteObjectsCommandOutput>> = {
    // AWS decides object by object and answers 200 with the refused ones; here one refused object refuses the call, and nothing is deleted.
    permissions: (input) =>
      (input.Delete?.Objects ?? []).map((object) =>
        deletePermission(buckets.get(input.Bucket), { key: required(object.Key, "key"), versionId: object.VersionId }),
      ),
    run(input) {
      const bucket = buckets.get(input.Bucket);
      const deleted = (input.Delete?.Objects ?? []).map((object) => {
        const key = required(object.Key, "key");
        const { DeleteMarker, VersionId } = remove(bucket, { key, versionId: object.VersionId });
        const marker = DeleteMarker ? { DeleteMarker, DeleteMarkerVersionId: VersionId } : {};
        return { Key: key, ...marker, ...(object.VersionId === undefined ? {} : { VersionId: object.VersionId }) };
      });
      return input.Delete?.Quiet ? {} : { Deleted: deleted };
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
          ...encryptionContext(input),
          "s3:x-amz-copy-source": input.CopySource,
          "s3:x-amz-metadata-directive": input.MetadataDirective,
        },
      }),
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
    DeleteObject: deleteObject,
    DeleteObjects: deleteObjects,
    CopyObject: copyObject,
  };
}
