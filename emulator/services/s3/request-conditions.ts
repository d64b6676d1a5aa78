// The headers that make a request conditional or partial, and those that ask for what is not modelled.

import { AwsError, notImplemented } from "../../aws-error.ts";
import type { ObjectVersion } from "./buckets.ts";

/** What a write may be conditional on. */
export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

interface Conditions extends WriteConditions {
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

const bare = (etag: string): string => etag.replace(/^(W\/)?"(.*)"$/, "$2");
const preconditionFailed = (): AwsError =>
  new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", { statusCode: 412 });

/** Throws `PreconditionFailed` (412) or, for reads of what the client already has, 304. `version` is what the key holds now, if anything. */
export function assertConditions(input: Conditions, version: ObjectVersion | undefined): void {
  const etag = version?.content?.etag;
  const isHeld = (text: string): boolean => etag !== undefined && (text === "*" || bare(text) === bare(etag));
  // HTTP dates have whole seconds.
  const modifiedAtMs = version === undefined ? undefined : Math.floor(version.modifiedAtMs / 1000) * 1000;
  if (input.IfMatch !== undefined && !isHeld(input.IfMatch)) throw preconditionFailed();
  if (input.IfUnmodifiedSince !== undefined && modifiedAtMs !== undefined && modifiedAtMs > input.IfUnmodifiedSince.getTime())
    throw preconditionFailed();
  const notModified =
    input.IfNoneMatch === undefined
      ? input.IfModifiedSince !== undefined && modifiedAtMs !== undefined && modifiedAtMs <= input.IfModifiedSince.getTime()
      : isHeld(input.IfNoneMatch);
  if (!notModified) return;
  throw new AwsError("NotModified", "Not Modified", { statusCode: 304 });
}

/**
 * Throws `PreconditionFailed` unless what a write is conditional on holds of what the key holds now; a delete marker is nothing.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function assertWriteConditions(
  { IfMatch: ifMatch, IfNoneMatch: ifNoneMatch }: WriteConditions,
  version: ObjectVersion | undefined,
): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new AwsError("NotImplemented", "A header you provided implies functionality that is not implemented", { statusCode: 501 });
  }
  if (ifNoneMatch === "*" && version !== undefined) throw preconditionFailed();
  if (ifMatch === undefined) return;
  if (version === undefined) throw new AwsError("NoSuchKey", "The specified key does not exist.", { statusCode: 404 });
  if (bare(ifMatch) !== bare(version.content?.etag ?? "")) throw preconditionFailed();
}

/** First and last byte of a range that the object has; undefined without a range. */
export function byteRange(range: string | undefined, size: number): { start: number; end: number } | undefined {
  if (range === undefined) return undefined;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  // S3 answers the whole object to a range that it cannot read.
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) throw new AwsError("InvalidRange", "The requested range is not satisfiable", { statusCode: 416 });
  return { start, end };
}

/** Refuses by name what writing an object may ask for beyond what is modelled. */
export function assertWritable(input: object): void {
  const members: Readonly<Record<string, unknown>> = { ...input };
  const { ACL: acl, StorageClass: storageClass = "STANDARD" } = members;
  if (acl !== undefined && acl !== "bucket-owner-full-control") {
    throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
  if (storageClass !== "STANDARD") throw notImplemented(`S3 storage class ${storageClass}`);
  for (const name of ["Tagging", "ObjectLockEventHold", "WebsiteRedirectLocation", "WriteOffsetBytes"]) {
    if (members[name] !== undefined) throw notImplemented(`S3 objects with ${name}`);
  }
}
