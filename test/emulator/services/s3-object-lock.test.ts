import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allow, type DataServices, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: S3Client;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(S3Client);
});
afterAll(() => aws.stop());

const day = 86_400_000;
const daysFromNow = (days: number) => new Date(aws.clock.now() + days * day);
const isLocked = { name: "AccessDenied", message: "Access Denied because object protected by object lock." };
const isDenied = (action: string) => ({ name: "AccessDenied", message: expect.stringContaining(action) });

let buckets = 0;
/** A new bucket whose versions can be locked; with a mode, each is for 30 days. */
async function lockBucket(mode?: "COMPLIANCE" | "GOVERNANCE"): Promise<string> {
  const Bucket = `locked-${++buckets}`;
  await admin.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  if (mode !== undefined) {
    const Rule = { DefaultRetention: { Mode: mode, Days: 30 } };
    await admin.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule } }));
  }
  return Bucket;
}

const put = async (Bucket: string, more: Partial<PutObjectCommandInput> = {}, client = admin): Promise<string> =>
  (await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", ...more }))).VersionId ?? "";

const erase = (Bucket: string, VersionId: string, of: { bypass?: boolean; client?: S3Client } = {}) =>
  (of.client ?? admin).send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId, BypassGovernanceRetention: of.bypass }));

const retain = (Bucket: string, VersionId: string, of: { mode: "COMPLIANCE" | "GOVERNANCE"; days: number; bypass?: boolean }) =>
  admin.send(
    new PutObjectRetentionCommand({
      Bucket,
      Key: "k",
      VersionId,
      Retention: { Mode: of.mode, RetainUntilDate: daysFromNow(of.days) },
      BypassGovernanceRetention: of.bypass,
    }),
  );

describe("a bucket", () => {
  it("keeps versions from the start, for ever, and locks none by default", async () => {
    const Bucket = await lockBucket();
    const { ObjectLockConfiguration } = await admin.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration).toEqual({ ObjectLockEnabled: "Enabled" });
    const suspend = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
    await expect(admin.send(suspend)).rejects.toMatchObject({ name: "InvalidBucketState" });
    const version = await put(Bucket);
    await expect(admin.send(new GetObjectRetentionCommand({ Bucket, Key: "k" }))).rejects.toMatchObject({
      name: "NoSuchObjectLockConfiguration",
    });
    await erase(Bucket, version);
  });

  it("without object lock takes no lock, and says that it has none", async () => {
    const Bucket = "lockless";
    await admin.send(new CreateBucketCommand({ Bucket }));
    await expect(admin.send(new GetObjectLockConfigurationCommand({ Bucket }))).rejects.toMatchObject({
      name: "ObjectLockConfigurationNotFoundError",
    });
    const locked = put(Bucket, { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: daysFromNow(1) });
    await expect(locked).rejects.toMatchObject({ name: "InvalidRequest" });
    const configuration = new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } });
    await expect(admin.send(configuration)).rejects.toMatchObject({ name: "InvalidBucketState" });
    await admin.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    await admin.send(configuration);
    await put(Bucket, { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: daysFromNow(1) });
  });

  it("is deployed with its default from a template", async () => {
    const { ref: Bucket } = await aws.deploy("AWS::S3::Bucket", {
      BucketName: "records",
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "COMPLIANCE", Years: 1 } } },
    });
    const version = await put(Bucket);
    const { Retention } = await admin.send(new GetObjectRetentionCommand({ Bucket, Key: "k", VersionId: version }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: new Date("2027-03-01T12:00:00Z") });
  });
});

describe("a locked version", () => {
  it.each(["COMPLIANCE", "GOVERNANCE"] as const)(
    "is not deleted under %s until its time by the emulator's clock has come",
    async (mode) => {
      const Bucket = await lockBucket(mode);
      const version = await put(Bucket);
      await expect(erase(Bucket, version)).rejects.toMatchObject(isLocked);
      await aws.clock.advance(30 * day - 1);
      await expect(erase(Bucket, version)).rejects.toMatchObject(isLocked);
      await aws.clock.advance(1);
      await erase(Bucket, version);
    },
  );

  it("is hidden by a delete marker, which is deleted like any other, and covered by a new version with a lock of its own", async () => {
    const Bucket = await lockBucket("COMPLIANCE");
    const first = await put(Bucket);
    const { VersionId: marker = "", DeleteMarker } = await admin.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(DeleteMarker).toBe(true);
    await expect(admin.send(new GetObjectCommand({ Bucket, Key: "k" }))).rejects.toMatchObject({ name: "NoSuchKey" });
    await erase(Bucket, marker);
    const second = await put(Bucket);
    const { Versions = [] } = await admin.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions.map(({ VersionId }) => VersionId)).toEqual([second, first]);
    await expect(erase(Bucket, second)).rejects.toMatchObject(isLocked);
  });

  it("under governance is deleted by those who may bypass and say so; under compliance by nobody", async () => {
    const governed = await lockBucket("GOVERNANCE");
    const version = await put(governed);
    const objects = `arn:aws:s3:::${governed}/*`;
    const deleter = aws.client(S3Client, await aws.user("deleter", allow("s3:DeleteObjectVersion", objects)));
    await expect(erase(governed, version, { client: deleter })).rejects.toMatchObject(isLocked);
    await expect(erase(governed, version, { client: deleter, bypass: true })).rejects.toMatchObject(
      isDenied("s3:BypassGovernanceRetention"),
    );
    await expect(erase(governed, version)).rejects.toMatchObject(isLocked);
    await erase(governed, version, { bypass: true });
    const strict = await lockBucket("COMPLIANCE");
    await expect(erase(strict, await put(strict), { bypass: true })).rejects.toMatchObject(isLocked);
  });

  it.each([
    { from: "COMPLIANCE", to: "COMPLIANCE", days: 31, bypass: false, allowed: true },
    { from: "COMPLIANCE", to: "COMPLIANCE", days: 29, bypass: true, allowed: false },
    { from: "COMPLIANCE", to: "GOVERNANCE", days: 31, bypass: true, allowed: false },
    { from: "GOVERNANCE", to: "GOVERNANCE", days: 31, bypass: false, allowed: true },
    { from: "GOVERNANCE", to: "GOVERNANCE", days: 29, bypass: false, allowed: false },
    { from: "GOVERNANCE", to: "GOVERNANCE", days: 29, bypass: true, allowed: true },
    { from: "GOVERNANCE", to: "COMPLIANCE", days: 31, bypass: false, allowed: false },
    { from: "GOVERNANCE", to: "COMPLIANCE", days: 31, bypass: true, allowed: true },
  ] as const)("goes from 30 days of $from to $days of $to, bypass $bypass: $allowed", async ({ from, to, days, bypass, allowed }) => {
    const Bucket = await lockBucket(from);
    const change = retain(Bucket, await put(Bucket), { mode: to, days, bypass });
    if (allowed) await change;
    else await expect(change).rejects.toMatchObject(isLocked);
  });

  it("with a legal hold stays for as long as that is on", async () => {
    const Bucket = await lockBucket();
    const version = await put(Bucket, { ObjectLockLegalHoldStatus: "ON" });
    await expect(erase(Bucket, version, { bypass: true })).rejects.toMatchObject(isLocked);
    expect((await admin.send(new GetObjectLegalHoldCommand({ Bucket, Key: "k" }))).LegalHold).toEqual({ Status: "ON" });
    await admin.send(new PutObjectLegalHoldCommand({ Bucket, Key: "k", LegalHold: { Status: "OFF" } }));
    await erase(Bucket, version);
  });

  it("is named among the errors where several are deleted at once", async () => {
    const Bucket = await lockBucket("COMPLIANCE");
    const locked = await put(Bucket);
    const { VersionId: marker = "" } = await admin.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    const { Deleted, Errors } = await admin.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [locked, marker].map((VersionId) => ({ Key: "k", VersionId })) } }),
    );
    expect(Deleted?.map(({ VersionId }) => VersionId)).toEqual([marker]);
    expect(Errors).toEqual([{ Key: "k", VersionId: locked, Code: isLocked.name, Message: isLocked.message }]);
  });
});

describe("a request for a lock", () => {
  it("takes the permission to place one, mode and date together, a date to come and a checksum", async () => {
    const Bucket = await lockBucket();
    const objects = `arn:aws:s3:::${Bucket}/*`;
    const writer = aws.client(S3Client, await aws.user("plain-writer", allow("s3:PutObject", objects)));
    const asked = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: daysFromNow(3) } as const;
    await put(Bucket, {}, writer);
    await expect(put(Bucket, asked, writer)).rejects.toMatchObject(isDenied("s3:PutObjectRetention"));
    await expect(put(Bucket, { ObjectLockLegalHoldStatus: "ON" }, writer)).rejects.toMatchObject(isDenied("s3:PutObjectLegalHold"));
    await expect(put(Bucket, { ObjectLockMode: "GOVERNANCE" })).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(put(Bucket, { ...asked, ObjectLockRetainUntilDate: daysFromNow(-1) })).rejects.toMatchObject({ name: "InvalidArgument" });
    const bare = new S3Client({
      ...(aws.gateway.clientOptions(aws.administrator) as object),
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    await expect(put(Bucket, asked, bare)).rejects.toMatchObject({
      name: "InvalidRequest",
      message: expect.stringContaining("Content-MD5"),
    });
  });

  it("is shown to the bucket's policy", async () => {
    const Bucket = await lockBucket();
    const deny = { Effect: "Deny", Principal: "*", Resource: `arn:aws:s3:::${Bucket}/*` };
    const Statement = [
      { ...deny, Action: "s3:PutObject", Condition: { StringNotEquals: { "s3:object-lock-mode": "GOVERNANCE" } } },
      { ...deny, Action: "s3:PutObjectRetention", Condition: { NumericGreaterThan: { "s3:object-lock-remaining-retention-days": "10" } } },
    ];
    await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
    const governed = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: daysFromNow(3) } as const;
    const version = await put(Bucket, governed);
    await expect(put(Bucket)).rejects.toMatchObject(isDenied("s3:PutObject"));
    await retain(Bucket, version, { mode: "GOVERNANCE", days: 10 });
    await expect(retain(Bucket, version, { mode: "GOVERNANCE", days: 12 })).rejects.toMatchObject(isDenied("s3:PutObjectRetention"));
  });

  it("comes back in the headers for those who may read it", async () => {
    const Bucket = await lockBucket();
    const until = daysFromNow(3);
    await put(Bucket, { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: "OFF" });
    const shown = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: until };
    expect(await admin.send(new GetObjectCommand({ Bucket, Key: "k" }))).toMatchObject({ ...shown, ObjectLockLegalHoldStatus: "OFF" });
    const objects = `arn:aws:s3:::${Bucket}/*`;
    const reader = aws.client(S3Client, await aws.user("object-reader", allow("s3:GetObject", objects)));
    const auditor = aws.client(S3Client, await aws.user("lock-reader", allow(["s3:GetObject", "s3:GetObjectRetention"], objects)));
    const head = async (client: S3Client) => client.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(await head(reader)).not.toHaveProperty("ObjectLockMode");
    expect(await head(auditor)).toMatchObject(shown);
    expect(await head(auditor)).not.toHaveProperty("ObjectLockLegalHoldStatus");
  });
});

describe("a conditional write", () => {
  it("lets exactly one of concurrent writers have a key, whatever KMS takes", async () => {
    const key = await aws.key();
    await aws.deploy("AWS::S3::Bucket", {
      BucketName: "contended",
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { KMSMasterKeyID: key, SSEAlgorithm: "aws:kms" } }],
      },
    });
    const writers = Array.from({ length: 20 }, (_, writer) => put("contended", { IfNoneMatch: "*", Body: String(writer) }));
    const outcomes = await Promise.allSettled(writers);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected")
        expect(outcome.reason).toMatchObject({ name: "PreconditionFailed", $metadata: { httpStatusCode: 412 } });
    }
  });

  it("goes through where a delete marker covers what was there, as on AWS", async () => {
    const Bucket = await lockBucket("COMPLIANCE");
    await put(Bucket, { IfNoneMatch: "*" });
    await expect(put(Bucket, { IfNoneMatch: "*" })).rejects.toMatchObject({ name: "PreconditionFailed" });
    await admin.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    await put(Bucket, { IfNoneMatch: "*" });
  });

  it("on a tag of If-None-Match is not implemented by S3; If-Match without an object finds none", async () => {
    const Bucket = await lockBucket();
    await expect(put(Bucket, { IfNoneMatch: '"tag"' })).rejects.toMatchObject({ name: "NotImplemented" });
    await expect(put(Bucket, { IfMatch: '"tag"' })).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("can be demanded by a policy, which sees the header where there is one, also of a copy", async () => {
    const Bucket = await lockBucket();
    const Statement = [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:PutObject",
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { Null: { "s3:if-none-match": "true" } },
      },
    ];
    await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
    await expect(put(Bucket)).rejects.toMatchObject(isDenied("s3:PutObject"));
    await put(Bucket, { IfNoneMatch: "*" });
    const copy = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/k` });
    await expect(admin.send(copy)).rejects.toMatchObject(isDenied("s3:PutObject"));
  });
});
