// Buckets and the versions of their objects; bodies lie encrypted.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import type { SealedData } from "../../sealed-storage.ts";
import type { Environment } from "../../service.ts";

export interface ObjectVersion {
  readonly key: string;
  /** `null` for objects written while the bucket had no versioning. */
  readonly versionId: string;
  readonly modifiedAtMs: number;
  /** Absent for a delete marker. */
  readonly content?: ObjectContent;
  retention?: Retention | undefined;
  /** Absent where none was ever placed. */
  legalHold?: boolean | undefined;
}

export interface ObjectContent {
  /** Quoted, as it stands in the header. */
  readonly etag: string;
  readonly size: number;
  readonly sealed: SealedData;
  readonly encryption: Encryption;
  /** Headers that come back as they were given (content type, user metadata, checksums), by their names in the SDK. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly checksums: Readonly<Record<string, string>>;
}

export interface Encryption {
  readonly algorithm: "AES256" | "aws:kms";
  /** What the bucket or the request named; absent for S3's own keys. */
  readonly keyId?: string;
  readonly bucketKey: boolean;
}

export type RetentionMode = "COMPLIANCE" | "GOVERNANCE";

export interface Retention {
  readonly mode: RetentionMode;
  readonly untilMs: number;
}

/** What a bucket gives every new version. */
export interface DefaultRetention {
  readonly mode: RetentionMode;
  readonly unit: "Days" | "Years";
  readonly count: number;
}

interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

export interface Bucket {
  readonly name: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly tags: ReadonlyMap<string, string>;
  /** Versions by key, the newest last. */
  readonly objects: Map<string, ObjectVersion[]>;
  encryption: Encryption;
  publicAccessBlock: PublicAccessBlock | undefined;
  versioning: "Enabled" | "Suspended" | undefined;
  /** Absent where versions cannot be locked. */
  objectLock: { readonly defaultRetention?: DefaultRetention } | undefined;
  policy: PolicyDocument | undefined;
  /** Whether EventBridge learns of its objects. */
  tellsEventBridge: boolean;
}

const blockAll: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

const noSuchKey = (key: string): AwsError =>
  new AwsError("NoSuchKey", "The specified key does not exist.", { statusCode: 404, fields: { Key: key } });

const noSuchVersion = (key: string, versionId: string): AwsError =>
  new AwsError("NoSuchVersion", "The specified version does not exist.", { statusCode: 404, fields: { Key: key, VersionId: versionId } });

export class Buckets {
  readonly #environment: Environment;
  readonly #buckets = new Map<string, Bucket>();
  #changes = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get nowMs(): number {
    return this.#environment.clock.now();
  }

  /** Sixteen hexadecimal digits, each time greater: by them, whoever hears of two changes knows which came later. */
  nextSequencer(): string {
    this.#changes += 1;
    return this.nowMs.toString(16).padStart(12, "0") + (this.#changes % 0x10000).toString(16).padStart(4, "0");
  }

  create(name: string, tags: ReadonlyMap<string, string> = new Map()): Bucket {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
      throw new AwsError("InvalidBucketName", `The specified bucket is not valid: ${name}`);
    if (this.#buckets.has(name)) {
      throw new AwsError("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", {
        statusCode: 409,
      });
    }
    // As every new bucket has been since 2023: encrypted, closed to the public, without ACLs.
    const bucket: Bucket = {
      name,
      arn: `arn:aws:s3:::${name}`,
      createdAtMs: this.#environment.clock.now(),
      tags,
      objects: new Map(),
      encryption: { algorithm: "AES256", bucketKey: false },
      publicAccessBlock: blockAll,
      versioning: undefined,
      objectLock: undefined,
      policy: undefined,
      tellsEventBridge: false,
    };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  get(name: string | undefined): Bucket {
    const bucket = this.#buckets.get(name ?? "");
    if (bucket === undefined) {
      throw new AwsError("NoSuchBucket", "The specified bucket does not exist", { statusCode: 404, fields: { BucketName: name } });
    }
    return bucket;
  }

  remove(bucket: Bucket): void {
    if (bucket.objects.size > 0) {
      throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty. You must delete all versions in the bucket.", {
        statusCode: 409,
      });
    }
    this.#buckets.delete(bucket.name);
  }

  list(): readonly Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Writes a version, or a delete marker where there is no content, as the bucket's versioning has it. */
  write(bucket: Bucket, of: Pick<ObjectVersion, "key" | "content" | "retention" | "legalHold">): ObjectVersion {
    const versionId = bucket.versioning === "Enabled" ? Buffer.from(this.#environment.randomBytes(24)).toString("base64url") : "null";
    const version: ObjectVersion = { ...of, versionId, modifiedAtMs: this.#environment.clock.now() };
    const older = (bucket.objects.get(of.key) ?? []).filter((other) => other.versionId !== versionId);
    bucket.objects.set(of.key, [...older, version]);
    return version;
  }

  /** Takes one version away for good. */
  erase(bucket: Bucket, of: { key: string; versionId: string }): ObjectVersion | undefined {
    const versions = bucket.objects.get(of.key) ?? [];
    const rest = versions.filter((version) => version.versionId !== of.versionId);
    if (rest.length === 0) bucket.objects.delete(of.key);
    else bucket.objects.set(of.key, rest);
    return versions.find((version) => version.versionId === of.versionId);
  }
}

/** The version that a request means, if it exists; a delete marker counts as existing only when it is named. */
export function findVersion(bucket: Bucket, key: string, versionId?: string): ObjectVersion | undefined {
  const versions = bucket.objects.get(key) ?? [];
  if (versionId !== undefined) return versions.find((version) => version.versionId === versionId);
  const latest = versions.at(-1);
  return latest?.content === undefined ? undefined : latest;
}

export function getContent(bucket: Bucket, key: string, versionId?: string): { version: ObjectVersion; content: ObjectContent } {
  const version = findVersion(bucket, key, versionId);
  if (version === undefined) throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId);
  if (version.content === undefined) {
    throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", { statusCode: 405 });
  }
  return { version, content: version.content };
}

/** Latest versions that are no delete markers, by key. */
export const currentObjects = (bucket: Bucket): readonly { version: ObjectVersion; content: ObjectContent }[] =>
  [...bucket.objects.values()]
    .flatMap((versions) => {
      const version = versions.at(-1);
      return version?.content === undefined ? [] : [{ version, content: version.content }];
    })
    .sort((a, b) => (a.version.key < b.version.key ? -1 : 1));
