// AWS::S3::Bucket and AWS::S3::BucketPolicy as templates write them.

import { z } from "zod";
import { resourcePolicy } from "../../resource-policy.ts";
import type { Environment } from "../../service.ts";
import { putPolicy } from "../../services/s3/bucket-operations.ts";
import type { Buckets, DefaultRetention } from "../../services/s3/buckets.ts";
import { putLockConfiguration } from "../../services/s3/lock-operations.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";
import { truth } from "./scalars.ts";

const encryption = z.strictObject({
  ServerSideEncryptionConfiguration: z.tuple([
    z.strictObject({
      BucketKeyEnabled: z.boolean().default(false),
      ServerSideEncryptionByDefault: z.strictObject({ SSEAlgorithm: z.enum(["AES256", "aws:kms"]), KMSMasterKeyID: z.string().optional() }),
    }),
  ]),
});

// Accepted and remembered by nobody: objects here do not live long enough to expire.
const lifecycle = z.strictObject({
  Rules: z.array(
    z.strictObject({
      Id: z.string().optional(),
      Status: z.enum(["Disabled", "Enabled"]),
      Prefix: z.string().optional(),
      ExpirationInDays: z.number().optional(),
      ExpiredObjectDeleteMarker: z.boolean().optional(),
      AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.number() }).optional(),
      NoncurrentVersionExpiration: z
        .strictObject({ NoncurrentDays: z.number(), NewerNoncurrentVersions: z.number().optional() })
        .optional(),
    }),
  ),
});

const objectLock = z.strictObject({
  ObjectLockEnabled: z.literal("Enabled"),
  Rule: z
    .strictObject({
      DefaultRetention: z.strictObject({
        Mode: z.enum(["COMPLIANCE", "GOVERNANCE"]),
        Days: z.int().positive().optional(),
        Years: z.int().positive().optional(),
      }),
    })
    .optional(),
});

function defaultRetention({ Rule }: z.output<typeof objectLock>): DefaultRetention | undefined {
  if (Rule === undefined) return undefined;
  const { Mode: mode, Days: days, Years: years } = Rule.DefaultRetention;
  return { mode, unit: days === undefined ? "Years" : "Days", count: days ?? years ?? 0 };
}

export const s3ResourceTypes = (buckets: Buckets, environment: Environment): readonly ResourceType[] => [
  resourceType({
    type: "AWS::S3::Bucket",
    properties: z.strictObject({
      BucketName: z.string().optional(),
      BucketEncryption: encryption.optional(),
      PublicAccessBlockConfiguration: z
        .strictObject({
          BlockPublicAcls: z.boolean().default(false),
          BlockPublicPolicy: z.boolean().default(false),
          IgnorePublicAcls: z.boolean().default(false),
          RestrictPublicBuckets: z.boolean().default(false),
        })
        .optional(),
      ObjectLockEnabled: z.boolean().default(false),
      ObjectLockConfiguration: objectLock.optional(),
      VersioningConfiguration: z.strictObject({ Status: z.enum(["Enabled", "Suspended"]) }).optional(),
      OwnershipControls: z
        .strictObject({ Rules: z.tuple([z.strictObject({ ObjectOwnership: z.enum(["BucketOwnerEnforced", "BucketOwnerPreferred"]) })]) })
        .optional(),
      // Access logs are not written.
      LoggingConfiguration: z
        .strictObject({ DestinationBucketName: z.string().optional(), LogFilePrefix: z.string().optional() })
        .optional(),
      LifecycleConfiguration: lifecycle.optional(),
      NotificationConfiguration: z
        .strictObject({ EventBridgeConfiguration: z.strictObject({ EventBridgeEnabled: truth.default(true) }).optional() })
        .optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const name = properties.BucketName ?? context.generatedName(63).toLowerCase();
      const bucket = buckets.create(name, tagMap(context.tags, properties.Tags));
      const [rule] = properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
      if (rule !== undefined) {
        const { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId } = rule.ServerSideEncryptionByDefault;
        bucket.encryption = { algorithm, bucketKey: rule.BucketKeyEnabled, ...(keyId === undefined ? {} : { keyId }) };
      }
      bucket.publicAccessBlock = properties.PublicAccessBlockConfiguration ?? bucket.publicAccessBlock;
      bucket.versioning = properties.VersioningConfiguration?.Status ?? (properties.ObjectLockEnabled ? "Enabled" : undefined);
      if (properties.ObjectLockEnabled) bucket.objectLock = {};
      bucket.tellsEventBridge = properties.NotificationConfiguration?.EventBridgeConfiguration?.EventBridgeEnabled ?? false;
      const { ObjectLockConfiguration: lock } = properties;
      if (lock !== undefined) putLockConfiguration(bucket, defaultRetention(lock));
      const { region } = environment;
      return {
        ref: name,
        attributes: {
          Arn: bucket.arn,
          DomainName: `${name}.s3.amazonaws.com`,
          RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
          DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
          WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
        },
      };
    },
  }),
  resourceType({
    type: "AWS::S3::BucketPolicy",
    properties: z.strictObject({ Bucket: z.string(), PolicyDocument: resourcePolicy }),
    create({ Bucket, PolicyDocument }) {
      putPolicy(buckets.get(Bucket), PolicyDocument);
      return { ref: Bucket, attributes: {} };
    },
  }),
];
