// Object lock: what keeps a version from being deleted, who may lift it, and when it ends by the emulator's clock.

import { AwsError } from "../../aws-error.ts";
import type { Bucket, DefaultRetention, ObjectVersion, Retention, RetentionMode } from "./buckets.ts";

/** Of requests that write an object, or read what a lock is. */
export interface LockInput {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

const protectedByLock = (): AwsError =>
  new AwsError("AccessDenied", "Access Denied because object protected by object lock.", { statusCode: 403 });

const dayMs = 86_400_000;

export const isRetentionMode = (mode: string | undefined): mode is RetentionMode => mode === "COMPLIANCE" || mode === "GOVERNANCE";

/** Throws the `MalformedXML` or `InvalidArgument` that AWS gives for a mode without a date, an unknown mode, or a date that has passed. */
export function parseRetention(of: { mode: string | undefined; until: Date | undefined }, nowMs: number): Retention {
  if (!isRetentionMode(of.mode) || of.until === undefined) {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");
  }
  if (of.until.getTime() <= nowMs) throw new AwsError("InvalidArgument", "The retain until date must be in the future!");
  return { mode: of.mode, untilMs: of.until.getTime() };
}

/** What a new version is locked by: what the request says, else what the bucket gives. */
export function lockOfNewVersion(
  input: LockInput,
  of: { bucket: Bucket; nowMs: number; hasChecksum: boolean },
): Pick<ObjectVersion, "retention" | "legalHold"> {
  const { bucket, nowMs, hasChecksum } = of;
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  const isAsked = mode !== undefined || until !== undefined || hold !== undefined;
  if (bucket.objectLock === undefined) {
    if (isAsked) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration");
    return {};
  }
  if ((mode === undefined) !== (until === undefined)) {
    throw new AwsError("InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
  }
  const byDefault = bucket.objectLock.defaultRetention;
  if ((isAsked || byDefault !== undefined) && !hasChecksum) {
    throw new AwsError(
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  }
  const retention =
    mode !== undefined ? parseRetention({ mode, until }, nowMs) : byDefault && { mode: byDefault.mode, untilMs: endOf(byDefault, nowMs) };
  return { ...(retention && { retention }), ...(hold !== undefined && { legalHold: hold === "ON" }) };
}

function endOf({ unit, count }: DefaultRetention, nowMs: number): number {
  if (unit === "Days") return nowMs + count * dayMs;
  const end = new Date(nowMs);
  end.setUTCFullYear(end.getUTCFullYear() + count);
  return end.getTime();
}

const isRetained = ({ retention }: ObjectVersion, nowMs: number): boolean => retention !== undefined && retention.untilMs > nowMs;

/** Throws AWS's refusal where the version is locked; `bypass` lifts governance, which the caller was allowed, and nothing else. */
export function assertErasable(version: ObjectVersion, of: { nowMs: number; bypass: boolean }): void {
  if (version.legalHold === true) throw protectedByLock();
  if (isRetained(version, of.nowMs) && !(version.retention?.mode === "GOVERNANCE" && of.bypass)) throw protectedByLock();
}

/** The same for a change of the lock itself: it may become longer, or stronger with the right to bypass; shorter with that right, and only under governance. */
export function assertRetentionChangeable(
  version: ObjectVersion,
  wanted: Retention | undefined,
  of: { nowMs: number; bypass: boolean },
): void {
  const { retention } = version;
  if (retention === undefined || !isRetained(version, of.nowMs)) return;
  const isExtended = wanted?.mode === retention.mode && wanted.untilMs >= retention.untilMs;
  if (isExtended || (retention.mode === "GOVERNANCE" && of.bypass)) return;
  throw protectedByLock();
}
