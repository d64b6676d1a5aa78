import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
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

const put = (Bucket: string, Key: string, Body: string, client = admin) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = async (Bucket: string, Key: string, client = admin) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
};
const bucket = (Bucket: string) => admin.send(new CreateBucketCommand({ Bucket }));

async function sealedBucket(Bucket: string, options: { bucketKey?: boolean } = {}): Promise<string> {
  const key = await aws.key();
  await aws.deploy("AWS::S3::Bucket", {
    BucketName: Bucket,
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: options.bucketKey ?? false, ServerSideEncryptionByDefault: { KMSMasterKeyID: key, SSEAlgorithm: "aws:kms" } },
      ],
    },
  });
  return key;
}

describe("objects", () => {
  beforeAll(() => bucket("objects"));
  const Bucket = "objects";

  it("keeps body, headers, metadata and checksum", async () => {
    const Body = Buffer.from([0, 255, 10]);
    const written = await admin.send(
      new PutObjectCommand({
        Bucket,
        Key: "a/ü b.csv",
        Body,
        ContentType: "text/csv",
        Metadata: { job: "report" },
        ChecksumAlgorithm: "SHA256",
      }),
    );
    expect(written).toMatchObject({ ETag: '"daabad9de4c13765beb6e0a4ea14f25f"', ServerSideEncryption: "AES256" });
    const read = await admin.send(new GetObjectCommand({ Bucket, Key: "a/ü b.csv", ChecksumMode: "ENABLED" }));
    expect(read).toMatchObject({
      ContentType: "text/csv",
      Metadata: { job: "report" },
      ContentLength: 3,
      ETag: written.ETag,
      ChecksumSHA256: written.ChecksumSHA256,
    });
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? [])).toEqual(Body);
    expect(await admin.send(new HeadObjectCommand({ Bucket, Key: "a/ü b.csv" }))).toMatchObject({
      ContentLength: 3,
      ContentType: "text/csv",
    });
  });

  it.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
  ])("gives the range %s", async (Range, expected, ContentRange) => {
    await put(Bucket, "range", "0123456789");
    const read = await admin.send(new GetObjectCommand({ Bucket, Key: "range", Range }));
    expect(await read.Body?.transformToString()).toBe(expected);
    expect(read.ContentRange).toBe(ContentRange);
    expect(read.$metadata.httpStatusCode).toBe(206);
  });

  it("refuses a range beyond the end, and writes that a condition forbids", async () => {
    const { ETag } = await put(Bucket, "condition", "1");
    await expect(admin.send(new GetObjectCommand({ Bucket, Key: "condition", Range: "bytes=5-" }))).rejects.toMatchObject({
      name: "InvalidRange",
    });
    const write = (of: { IfNoneMatch?: string; IfMatch?: string }) =>
      admin.send(new PutObjectCommand({ Bucket, Key: "condition", Body: "2", ...of }));
    await expect(write({ IfNoneMatch: "*" })).rejects.toMatchObject({ name: "PreconditionFailed" });
    await expect(write({ IfMatch: '"other"' })).rejects.toMatchObject({ name: "PreconditionFailed" });
    await write({ IfMatch: ETag ?? "" });
    expect(await get(Bucket, "condition")).toBe("2");
  });

  it("copies, deletes one and deletes several", async () => {
    await put(Bucket, "from here", "body");
    const copied = await admin.send(
      new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/${encodeURIComponent("from here")}` }),
    );
    expect(copied.CopyObjectResult?.ETag).toBeDefined();
    expect(await get(Bucket, "to")).toBe("body");
    await admin.send(new DeleteObjectCommand({ Bucket, Key: "from here" }));
    await expect(get(Bucket, "from here")).rejects.toMatchObject({ name: "NoSuchKey" });
    const several = await admin.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "to" }, { Key: "never was" }] } }));
    expect(several.Deleted?.map((object) => object.Key)).toEqual(["to", "never was"]);
  });

  it("names what it does not model", async () => {
    await expect(admin.send(new PutObjectCommand({ Bucket, Key: "x", Body: "x", StorageClass: "GLACIER" }))).rejects.toThrow(
      /GLACIER is not modelled/,
    );
    await expect(admin.send(new PutObjectCommand({ Bucket, Key: "x", Body: "x", ACL: "public-read" }))).rejects.toMatchObject({
      name: "AccessControlListNotSupported",
    });
    await expect(admin.send(new PutBucketAclCommand({ Bucket, ACL: "private" }))).rejects.toMatchObject({ name: "NotImplemented" });
  });
});

describe("listing", () => {
  const Bucket = "listing";
  beforeAll(async () => {
    await bucket(Bucket);
    for (const key of ["a", "b/1", "b/2", "c/1", "d"]) await put(Bucket, key, key);
  });

  it("lists by prefix and delimiter", async () => {
    const listed = await admin.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
    expect(listed.Contents?.map((object) => object.Key)).toEqual(["a", "d"]);
    expect(listed.CommonPrefixes?.map((common) => common.Prefix)).toEqual(["b/", "c/"]);
    expect(listed).toMatchObject({ KeyCount: 4, IsTruncated: false });
    const below = await admin.send(new ListObjectsCommand({ Bucket, Prefix: "b/" }));
    expect(below.Contents?.map((object) => [object.Key, object.Size])).toEqual([
      ["b/1", 3],
      ["b/2", 3],
    ]);
  });

  it("lists in pages that neither repeat nor skip, rolled up or not", async () => {
    const pages = async (Delimiter?: string) => {
      const seen: (string | undefined)[][] = [];
      let ContinuationToken: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof list>> = await list({ Delimiter, ContinuationToken });
        seen.push([...(page.Contents ?? []).map((object) => object.Key), ...(page.CommonPrefixes ?? []).map((common) => common.Prefix)]);
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return seen;
    };
    const list = (of: { Delimiter: string | undefined; ContinuationToken: string | undefined }) =>
      admin.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ...of }));
    expect(await pages()).toEqual([["a", "b/1"], ["b/2", "c/1"], ["d"]]);
    expect(await pages("/")).toEqual([
      ["a", "b/"],
      ["d", "c/"],
    ]);
    const after = await admin.send(new ListObjectsV2Command({ Bucket, StartAfter: "b/1" }));
    expect(after.Contents?.map((object) => object.Key)).toEqual(["b/2", "c/1", "d"]);
  });
});

describe("versions", () => {
  it("keeps every version, hides behind delete markers, and erases what is named", async () => {
    const Bucket = "versions";
    await bucket(Bucket);
    await put(Bucket, "k", "unversioned");
    await admin.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    expect((await admin.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
    const one = await put(Bucket, "k", "one");
    const marker = await admin.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(marker.DeleteMarker).toBe(true);
    await expect(get(Bucket, "k")).rejects.toMatchObject({ name: "NoSuchKey" });
    const listed = await admin.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.Versions?.map((version) => version.VersionId)).toEqual([one.VersionId, "null"]);
    expect(listed.DeleteMarkers).toMatchObject([{ VersionId: marker.VersionId, IsLatest: true }]);
    const old = await admin.send(new GetObjectCommand({ Bucket, Key: "k", VersionId: "null" }));
    expect(await old.Body?.transformToString()).toBe("unversioned");
    await admin.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: marker.VersionId }));
    expect(await get(Bucket, "k")).toBe("one");
    await expect(admin.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: "BucketNotEmpty" });
  });
});

describe("buckets", () => {
  it("answers for buckets as new accounts have them: encrypted, closed, without a policy", async () => {
    const Bucket = "fresh-bucket";
    await bucket(Bucket);
    expect((await admin.send(new ListBucketsCommand({}))).Buckets?.map((listed) => listed.Name)).toContain(Bucket);
    await admin.send(new HeadBucketCommand({ Bucket }));
    expect((await admin.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    const encryption = await admin.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(encryption.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe("AES256");
    expect((await admin.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration?.BlockPublicPolicy).toBe(true);
    await expect(admin.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: "NoSuchBucketPolicy" });
    await expect(bucket(Bucket)).rejects.toMatchObject({ name: "BucketAlreadyOwnedByYou" });
    await admin.send(new DeleteBucketCommand({ Bucket }));
    await expect(put(Bucket, "k", "x")).rejects.toMatchObject({ name: "NoSuchBucket" });
  });

  it("refuses a public policy while it is blocked, and one about another bucket always", async () => {
    const Bucket = "policies";
    await bucket(Bucket);
    const policy = (Resource: string, Principal: object | string) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ ...allow("s3:GetObject", Resource), Principal }] });
    const write = (Policy: string) => admin.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const open = policy(`arn:aws:s3:::${Bucket}/*`, "*");
    await expect(write(open)).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(write(policy("arn:aws:s3:::other/*", { AWS: "111122223333" }))).rejects.toMatchObject({ name: "MalformedPolicy" });
    await admin.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicPolicy: false } }));
    await write(open);
    expect((await admin.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(open);
    await admin.send(new DeleteBucketPolicyCommand({ Bucket }));
    await expect(admin.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: "NoSuchBucketPolicy" });
  });
});

describe("permissions", () => {
  it("tells that a key is missing only to those who may list the bucket", async () => {
    await bucket("hidden");
    const may = allow("s3:GetObject", "arn:aws:s3:::hidden/*");
    const blind = aws.client(S3Client, await aws.user("blind", may));
    const seeing = aws.client(S3Client, await aws.user("seeing", may, allow("s3:ListBucket", "arn:aws:s3:::hidden")));
    await expect(get("hidden", "none", blind)).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(get("hidden", "none", seeing)).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("lets a reader list its prefix and read, and neither write nor delete nor read old versions", async () => {
    await bucket("shared");
    await put("shared", "mine/1", "x");
    const reader = aws.client(
      S3Client,
      await aws.user(
        "prefix-reader",
        allow("s3:GetObject", "arn:aws:s3:::shared/mine/*"),
        allow("s3:ListBucket", "arn:aws:s3:::shared", {
          StringLike: { "s3:prefix": "mine/*" },
          NumericLessThanEquals: { "s3:max-keys": "10" },
        }),
      ),
    );
    const list = (of: { Prefix?: string; MaxKeys?: number }) => reader.send(new ListObjectsV2Command({ Bucket: "shared", ...of }));
    expect((await list({ Prefix: "mine/", MaxKeys: 10 })).KeyCount).toBe(1);
    expect(await get("shared", "mine/1", reader)).toBe("x");
    const denied = { name: "AccessDenied" };
    await expect(list({ MaxKeys: 10 })).rejects.toMatchObject(denied);
    await expect(list({ Prefix: "mine/", MaxKeys: 11 })).rejects.toMatchObject(denied);
    await expect(put("shared", "mine/1", "y", reader)).rejects.toMatchObject(denied);
    await expect(reader.send(new DeleteObjectCommand({ Bucket: "shared", Key: "mine/1" }))).rejects.toMatchObject(denied);
    const versioned = new GetObjectCommand({ Bucket: "shared", Key: "mine/1", VersionId: "null" });
    await expect(reader.send(versioned)).rejects.toMatchObject(denied);
  });

  it("takes two permissions to read or write an object under a KMS key: the object's and the key's, bound to that object", async () => {
    const Bucket = "sealed-objects";
    const key = await sealedBucket(Bucket);
    await put(Bucket, "k", "secret");
    await put(Bucket, "other", "secret");
    const objects = allow(["s3:GetObject", "s3:PutObject"], `arn:aws:s3:::${Bucket}/*`);
    const through = {
      StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}/k` },
    };
    const objectOnly = aws.client(S3Client, await aws.user("object-only", objects));
    const keyOnly = aws.client(S3Client, await aws.user("s3-key-only", allow("kms:*", key)));
    const both = aws.client(
      S3Client,
      await aws.user("object-and-key", objects, allow(["kms:Decrypt", "kms:GenerateDataKey"], key, through)),
    );
    await put(Bucket, "k", "again", both);
    expect(await get(Bucket, "k", both)).toBe("again");
    const lacksKey = { name: "AccessDenied", message: expect.stringContaining("kms:Decrypt") };
    await expect(get(Bucket, "other", both)).rejects.toMatchObject(lacksKey);
    await expect(get(Bucket, "k", objectOnly)).rejects.toMatchObject(lacksKey);
    await expect(put(Bucket, "k", "x", objectOnly)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("kms:GenerateDataKey"),
    });
    await expect(get(Bucket, "k", keyOnly)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("s3:GetObject"),
    });
    expect(await objectOnly.send(new HeadObjectCommand({ Bucket, Key: "k" }))).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: key,
    });
  });

  it("names the bucket in the encryption context where bucket keys are on", async () => {
    const Bucket = "bucket-keyed";
    const key = await sealedBucket(Bucket, { bucketKey: true });
    const through = { StringEquals: { "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}` } };
    const user = await aws.user("bucket-keyed", allow("s3:*"), allow(["kms:Decrypt", "kms:GenerateDataKey"], key, through));
    const client = aws.client(S3Client, user);
    await put(Bucket, "k", "x", client);
    expect(await get(Bucket, "k", client)).toBe("x");
    const off = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: key }, BucketKeyEnabled: false };
    await admin.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [off] } }));
    await expect(put(Bucket, "k", "x", client)).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("shows the encryption that a request asks for to the bucket's policy", async () => {
    const Bucket = "demanding";
    await bucket(Bucket);
    const key = await aws.key();
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:PutObject",
          Resource: `arn:aws:s3:::${Bucket}/*`,
          Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": key } },
        },
      ],
    });
    await admin.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await expect(put(Bucket, "k", "x")).rejects.toMatchObject({ name: "AccessDenied" });
    const sealed = { Bucket, Key: "k", Body: "x", ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: key };
    expect((await admin.send(new PutObjectCommand(sealed))).SSEKMSKeyId).toBe(key);
  });
});

describe("templates", () => {
  it("deploys the bucket and policy that the CDK writes for an encrypted, versioned, closed bucket", async () => {
    const key = await aws.key();
    const { ref, attributes } = await aws.deploy("AWS::S3::Bucket", {
      BucketName: "keyturn-x-111122223333-us-east-1",
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { KMSMasterKeyID: key, SSEAlgorithm: "aws:kms" } },
        ],
      },
      LifecycleConfiguration: {
        Rules: [
          {
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            ExpirationInDays: 90,
            NoncurrentVersionExpiration: { NoncurrentDays: 30 },
            Status: "Enabled",
          },
        ],
      },
      LoggingConfiguration: { DestinationBucketName: "logs", LogFilePrefix: "access/" },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      Tags: [{ Key: "project", Value: "keyturn" }],
      VersioningConfiguration: { Status: "Enabled" },
    });
    const Resource = [attributes["Arn"], `${attributes["Arn"]}/*`];
    const deny = { Action: "s3:*", Effect: "Deny", Principal: { AWS: "*" }, Resource };
    await aws.deploy("AWS::S3::BucketPolicy", {
      Bucket: ref,
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { ...deny, Condition: { Bool: { "aws:SecureTransport": "false" } } },
          { ...deny, Condition: { NumericLessThan: { "s3:TlsVersion": 1.2 } } },
        ],
      },
    });
    const written = await put(ref, "k", "x");
    expect(written).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: key, BucketKeyEnabled: true });
    expect(written.VersionId).toBeDefined();
    await expect(aws.deploy("AWS::S3::Bucket", { WebsiteConfiguration: {} })).rejects.toThrow(/WebsiteConfiguration/);
  });
});
