// Operations on locks: a bucket's default, a version's retention and its legal hold.

import type {
  GetObjectLegalHoldCommandInput,
  GetObjectLegalHoldCommandOutput,
  GetObjectLockConfigurationCommandInput,
  GetObjectLockConfigurationCommandOutput,
  GetObjectRetentionCommandInput,
  GetObjectRetentionCommandOutput,
  PutObjectLegalHoldCommandInput,
  PutObjectLockConfigurationCommandInput,
  PutObjectRetentionCommandInput,
} from "@aws-sdk/client-s3";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Operation, Permission } from "../../service.ts";
import { bucketPermission, lockContext } from "./bucket-permission.ts";
import { type Bucket, type Buckets, type DefaultRetention, getContent, type ObjectVersion, type Retention } from "./buckets.ts";
import { assertRetentionChangeable, isRetentionMode, parseRetention } from "./object-lock.ts";

interface NamedVersion {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

const malformed = (): AwsError =>
  new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");

/** Throws `InvalidBucketState` where versions are not kept, and `InvalidArgument` for a default that is none. */
export function putLockConfiguration(bucket: Bucket, rule: DefaultRetention | undefined): void {
  if (bucket.versioning !== "Enabled") {
    throw new AwsError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", {
      statusCode: 409,
    });
  }
  if (rule !== undefined && !(Number.isInteger(rule.count) && rule.count > 0)) {
    throw new AwsError("InvalidArgument", "Default retention period must be a positive integer value.");
  }
  bucket.objectLock = rule === undefined ? {} : { defaultRetention: rule };
}

export function lockOperations(buckets: Buckets): Record<string, Operation> {
  const on = (action: string) => ({
    permissions: (input: { Bucket?: string | undefined }): readonly Permission[] => [
      bucketPermission(action, { bucket: buckets.get(input.Bucket) }),
    ],
  });

  const onVersion = (action: string) => ({
    permissions: (input: NamedVersion): readonly Permission[] => [
      bucketPermission(action, {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: { "s3:VersionId": input.VersionId },
      }),
    ],
  });

  function lockable(input: NamedVersion): ObjectVersion {
    const bucket = buckets.get(input.Bucket);
    if (bucket.objectLock === undefined) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration");
    return getContent(bucket, required(input.Key, "key"), input.VersionId).version;
  }

  const getObjectLockConfiguration: Operation<GetObjectLockConfigurationCommandInput, Partial<GetObjectLockConfigurationCommandOutput>> = {
    ...on("GetBucketObjectLockConfiguration"),
    run(input) {
      const { objectLock } = buckets.get(input.Bucket);
      if (objectLock === undefined) {
        throw new AwsError("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", {
          statusCode: 404,
        });
      }
      const rule = objectLock.defaultRetention;
      return {
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          ...(rule && { Rule: { DefaultRetention: { Mode: rule.mode, [rule.unit]: rule.count } } }),
        },
      };
    },
  };

  const putObjectLockConfiguration: Operation<PutObjectLockConfigurationCommandInput> = {
    ...on("PutBucketObjectLockConfiguration"),
    run(input) {
      const wanted = required(input.ObjectLockConfiguration, "objectLockConfiguration");
      if (wanted.ObjectLockEnabled !== "Enabled") throw malformed();
      const byDefault = wanted.Rule?.DefaultRetention;
      const { Mode: mode, Days: days, Years: years } = byDefault ?? {};
      if (byDefault !== undefined && (!isRetentionMode(mode) || (days === undefined) === (years === undefined))) throw malformed();
      putLockConfiguration(
        buckets.get(input.Bucket),
        isRetentionMode(mode) ? { mode, unit: days === undefined ? "Years" : "Days", count: days ?? years ?? 0 } : undefined,
      );
      return {};
    },
  };

  const getObjectRetention: Operation<GetObjectRetentionCommandInput, Partial<GetObjectRetentionCommandOutput>> = {
    ...onVersion("GetObjectRetention"),
    run(input) {
      const { retention } = lockable(input);
      if (retention === undefined) throw noLockOfItsOwn();
      return { Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.untilMs) } };
    },
  };

  const putObjectRetention: Operation<PutObjectRetentionCommandInput> = {
    permissions: (input) => {
      const of = {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: { "s3:VersionId": input.VersionId },
      };
      const { Mode, RetainUntilDate } = input.Retention ?? {};
      return [
        bucketPermission("PutObjectRetention", {
          ...of,
          context: {
            ...of.context,
            ...lockContext({ ObjectLockMode: Mode, ObjectLockRetainUntilDate: RetainUntilDate }, buckets.nowMs),
          },
        }),
        ...(input.BypassGovernanceRetention ? [bucketPermission("BypassGovernanceRetention", of)] : []),
      ];
    },
    run(input) {
      const version = lockable(input);
      const { Mode: mode, RetainUntilDate: until, ...more } = input.Retention ?? {};
      for (const [name, value] of Object.entries(more)) if (value !== undefined) throw notImplemented(`S3 object retention with ${name}`);
      const wanted: Retention | undefined =
        mode === undefined && until === undefined ? undefined : parseRetention({ mode, until }, buckets.nowMs);
      assertRetentionChangeable(version, wanted, { nowMs: buckets.nowMs, bypass: input.BypassGovernanceRetention ?? false });
      version.retention = wanted;
      return {};
    },
  };

  const getObjectLegalHold: Operation<GetObjectLegalHoldCommandInput, Partial<GetObjectLegalHoldCommandOutput>> = {
    ...onVersion("GetObjectLegalHold"),
    run(input) {
      const { legalHold } = lockable(input);
      if (legalHold === undefined) throw noLockOfItsOwn();
      return { LegalHold: { Status: legalHold ? "ON" : "OFF" } };
    },
  };

  const putObjectLegalHold: Operation<PutObjectLegalHoldCommandInput> = {
    permissions: (input) => [
      bucketPermission("PutObjectLegalHold", {
        bucket: buckets.get(input.Bucket),
        key: required(input.Key, "key"),
        context: { "s3:VersionId": input.VersionId, "s3:object-lock-legal-hold": input.LegalHold?.Status },
      }),
    ],
    run(input) {
      const version = lockable(input);
      const status = input.LegalHold?.Status;
      if (status !== "ON" && status !== "OFF") throw malformed();
      version.legalHold = status === "ON";
      return {};
    },
  };

  return {
    GetObjectLockConfiguration: getObjectLockConfiguration,
    PutObjectLockConfiguration: putObjectLockConfiguration,
    GetObjectRetention: getObjectRetention,
    PutObjectRetention: putObjectRetention,
    GetObjectLegalHold: getObjectLegalHold,
    PutObjectLegalHold: putObjectLegalHold,
  };
}

const noLockOfItsOwn = (): AwsError =>
  new AwsError("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", { statusCode: 404 });
