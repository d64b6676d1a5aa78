// Operations on buckets: making and finding them, their policies, encryption, versioning and public access block.

import type {
  CreateBucketCommandInput,
  CreateBucketCommandOutput,
  DeleteBucketCommandInput,
  DeleteBucketPolicyCommandInput,
  GetBucketEncryptionCommandInput,
  GetBucketEncryptionCommandOutput,
  GetBucketLocationCommandInput,
  GetBucketLocationCommandOutput,
  GetBucketPolicyCommandInput,
  GetBucketPolicyCommandOutput,
  GetBucketVersioningCommandInput,
  GetBucketVersioningCommandOutput,
  GetPublicAccessBlockCommandInput,
  GetPublicAccessBlockCommandOutput,
  HeadBucketCommandInput,
  HeadBucketCommandOutput,
  ListBucketsCommandInput,
  ListBucketsCommandOutput,
  PutBucketEncryptionCommandInput,
  PutBucketPolicyCommandInput,
  PutBucketVersioningCommandInput,
  PutPublicAccessBlockCommandInput,
} from "@aws-sdk/client-s3";
import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { isPublicPolicy, parseResourcePolicy } from "../../resource-policy.ts";
import type { Environment, Operation, Permission } from "../../service.ts";
import { bucketPermission } from "./bucket-permission.ts";
import type { Bucket, Buckets } from "./buckets.ts";

const notConfigured = (code: string, message: string): AwsError => new AwsError(code, message, { statusCode: 404 });

/** Puts a policy on a bucket, as the API and a template do; throws `MalformedPolicy`, or `AccessDenied` for a public one that is blocked. */
export function putPolicy(bucket: Bucket, policy: PolicyDocument): void {
  const resources = [policy.Statement].flat().flatMap((statement) => [statement.Resource ?? statement.NotResource ?? []].flat());
  const foreign = resources.find(
    (resource) => resource !== bucket.arn && !resource.startsWith(`${bucket.arn}/`) && !resource.startsWith(`${bucket.arn}*`),
  );
  if (foreign !== undefined)
    throw new AwsError("MalformedPolicy", `Policy has invalid resource: ${foreign} is not in bucket ${bucket.name}`);
  if (bucket.publicAccessBlock?.BlockPublicPolicy && isPublicPolicy(policy)) {
    throw new AwsError(
      "AccessDenied",
      `s3:PutBucketPolicy on ${bucket.arn} is refused because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      { statusCode: 403 },
    );
  }
  bucket.policy = policy;
}

export function bucketOperations(buckets: Buckets, environment: Environment): Record<string, Operation> {
  const on = (action: string) => ({
    permissions: (input: { Bucket?: string | undefined }): readonly Permission[] => [
      bucketPermission(action, { bucket: buckets.get(input.Bucket) }),
    ],
  });

  const listBuckets: Operation<ListBucketsCommandInput, Partial<ListBucketsCommandOutput>> = {
    permissions: () => [{ action: "s3:ListAllMyBuckets", resource: "*" }],
    run(input) {
      const listed = buckets.list().filter((bucket) => bucket.name.startsWith(input.Prefix ?? ""));
      return { Buckets: listed.map((bucket) => ({ Name: bucket.name, CreationDate: new Date(bucket.createdAtMs) })) };
    },
  };

  const createBucket: Operation<CreateBucketCommandInput, Partial<CreateBucketCommandOutput>> = {
    permissions(input) {
      const location = input.CreateBucketConfiguration?.LocationConstraint;
      const resource = `arn:aws:s3:::${required(input.Bucket, "bucket")}`;
      return [
        { action: "s3:CreateBucket", resource, ...(location === undefined ? {} : { context: { "s3:locationconstraint": location } }) },
        ...(input.ObjectLockEnabledForBucket
          ? [
              { action: "s3:PutBucketObjectLockConfiguration", resource },
              { action: "s3:PutBucketVersioning", resource },
            ]
          : []),
      ];
    },
    run(input) {
      const location = input.CreateBucketConfiguration?.LocationConstraint ?? "us-east-1";
      if (location !== environment.region) {
        throw new AwsError(
          "IllegalLocationConstraintException",
          `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
        );
      }
      if (input.ACL !== undefined && input.ACL !== "private") throw notImplemented("S3 bucket ACLs");
      const bucket = buckets.create(required(input.Bucket, "bucket"));
      if (input.ObjectLockEnabledForBucket) Object.assign(bucket, { versioning: "Enabled", objectLock: {} });
      return { Location: `/${bucket.name}` };
    },
  };

  const deleteBucket: Operation<DeleteBucketCommandInput> = {
    ...on("DeleteBucket"),
    run(input) {
      buckets.remove(buckets.get(input.Bucket));
      return {};
    },
  };

  const headBucket: Operation<HeadBucketCommandInput, Partial<HeadBucketCommandOutput>> = {
    ...on("ListBucket"),
    run: () => ({ BucketRegion: environment.region }),
  };

  const getBucketLocation: Operation<GetBucketLocationCommandInput, object> = {
    ...on("GetBucketLocation"),
    // us-east-1 is the region that has no name here.
    run: (): Partial<GetBucketLocationCommandOutput> | { LocationConstraint: string } =>
      environment.region === "us-east-1" ? {} : { LocationConstraint: environment.region },
  };

  const getBucketPolicy: Operation<GetBucketPolicyCommandInput, Partial<GetBucketPolicyCommandOutput>> = {
    ...on("GetBucketPolicy"),
    run(input) {
      const { policy } = buckets.get(input.Bucket);
      if (policy === undefined) throw notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist");
      return { Policy: JSON.stringify(policy) };
    },
  };

  const putBucketPolicy: Operation<PutBucketPolicyCommandInput> = {
    ...on("PutBucketPolicy"),
    run(input) {
      const malformed = (why: string): AwsError => new AwsError("MalformedPolicy", `Policies must be valid JSON of AWS's form: ${why}`);
      putPolicy(buckets.get(input.Bucket), parseResourcePolicy(required(input.Policy, "policy"), malformed));
      return {};
    },
  };

  const deleteBucketPolicy: Operation<DeleteBucketPolicyCommandInput> = {
    ...on("DeleteBucketPolicy"),
    run(input) {
      buckets.get(input.Bucket).policy = undefined;
      return {};
    },
  };

  const getPublicAccessBlock: Operation<GetPublicAccessBlockCommandInput, Partial<GetPublicAccessBlockCommandOutput>> = {
    ...on("GetBucketPublicAccessBlock"),
    run(input) {
      const { publicAccessBlock } = buckets.get(input.Bucket);
      if (publicAccessBlock === undefined) {
        throw notConfigured("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
      }
      return { PublicAccessBlockConfiguration: publicAccessBlock };
    },
  };

  const putPublicAccessBlock: Operation<PutPublicAccessBlockCommandInput> = {
    ...on("PutBucketPublicAccessBlock"),
    run(input) {
      const wanted = required(input.PublicAccessBlockConfiguration, "publicAccessBlockConfiguration");
      buckets.get(input.Bucket).publicAccessBlock = {
        BlockPublicAcls: wanted.BlockPublicAcls ?? false,
        IgnorePublicAcls: wanted.IgnorePublicAcls ?? false,
        BlockPublicPolicy: wanted.BlockPublicPolicy ?? false,
        RestrictPublicBuckets: wanted.RestrictPublicBuckets ?? false,
      };
      return {};
    },
  };

  const getBucketEncryption: Operation<GetBucketEncryptionCommandInput, Partial<GetBucketEncryptionCommandOutput>> = {
    ...on("GetEncryptionConfiguration"),
    run(input) {
      const { algorithm, keyId, bucketKey } = buckets.get(input.Bucket).encryption;
      const byDefault = { SSEAlgorithm: algorithm, ...(keyId === undefined ? {} : { KMSMasterKeyID: keyId }) };
      return {
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: bucketKey }] },
      };
    },
  };

  const putBucketEncryption: Operation<PutBucketEncryptionCommandInput> = {
    ...on("PutEncryptionConfiguration"),
    run(input) {
      const [rule] = required(input.ServerSideEncryptionConfiguration?.Rules, "rules");
      const { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId } = required(
        rule?.ApplyServerSideEncryptionByDefault,
        "applyServerSideEncryptionByDefault",
      );
      if (algorithm !== "AES256" && algorithm !== "aws:kms") throw notImplemented(`S3 encryption ${algorithm}`);
      buckets.get(input.Bucket).encryption = {
        algorithm,
        bucketKey: rule?.BucketKeyEnabled ?? false,
        ...(keyId === undefined ? {} : { keyId }),
      };
      return {};
    },
  };

  const getBucketVersioning: Operation<GetBucketVersioningCommandInput, Partial<GetBucketVersioningCommandOutput>> = {
    ...on("GetBucketVersioning"),
    run(input) {
      const { versioning } = buckets.get(input.Bucket);
      return versioning === undefined ? {} : { Status: versioning };
    },
  };

  const putBucketVersioning: Operation<PutBucketVersioningCommandInput> = {
    ...on("PutBucketVersioning"),
    run(input) {
      if (input.VersioningConfiguration?.MFADelete === "Enabled") throw notImplemented("S3 MFA delete");
      const bucket = buckets.get(input.Bucket);
      const status = required(input.VersioningConfiguration?.Status, "versioningConfiguration.status");
      if (bucket.objectLock !== undefined && status !== "Enabled") {
        throw new AwsError(
          "InvalidBucketState",
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
          { statusCode: 409 },
        );
      }
      bucket.versioning = status;
      return {};
    },
  };

  return {
    ListBuckets: listBuckets,
    CreateBucket: createBucket,
    DeleteBucket: deleteBucket,
    HeadBucket: headBucket,
    GetBucketLocation: getBucketLocation,
    GetBucketPolicy: getBucketPolicy,
    PutBucketPolicy: putBucketPolicy,
    DeleteBucketPolicy: deleteBucketPolicy,
    GetPublicAccessBlock: getPublicAccessBlock,
    PutPublicAccessBlock: putPublicAccessBlock,
    GetBucketEncryption: getBucketEncryption,
    PutBucketEncryption: putBucketEncryption,
    GetBucketVersioning: getBucketVersioning,
    PutBucketVersioning: putBucketVersioning,
  };
}
