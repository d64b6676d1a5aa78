// What calls on buckets and objects must be allowed to do, with S3's own condition keys.

import type { Permission } from "../../service.ts";
import type { Bucket } from "./buckets.ts";
import type { LockInput } from "./object-lock.ts";

type Context = Readonly<Record<string, string | number | undefined>>;

/** A permission on a bucket, or on one of its objects; undefined values are keys that the request does not have. */
export function bucketPermission(action: string, of: { bucket: Bucket; key?: string | undefined; context?: Context }): Permission {
  const { bucket, key } = of;
  const present = Object.entries(of.context ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return {
    action: `s3:${action}`,
    resource: key === undefined ? bucket.arn : `${bucket.arn}/${key}`,
    context: {
      "s3:authType": "REST-HEADER",
      "s3:signatureversion": "AWS4-HMAC-SHA256",
      // The loopback listener stands for AWS's TLS endpoints.
      "s3:TlsVersion": "1.3",
      ...Object.fromEntries(present),
    },
    ...(bucket.policy === undefined ? {} : { resourcePolicy: bucket.policy }),
  };
}

/** Condition keys of a lock that is asked for. */
export const lockContext = (input: LockInput, nowMs: number): Context => ({
  "s3:object-lock-mode": input.ObjectLockMode,
  "s3:object-lock-retain-until-date": input.ObjectLockRetainUntilDate?.toISOString(),
  "s3:object-lock-remaining-retention-days":
    input.ObjectLockRetainUntilDate && Math.floor((input.ObjectLockRetainUntilDate.getTime() - nowMs) / 86_400_000),
  "s3:object-lock-legal-hold": input.ObjectLockLegalHoldStatus,
});
