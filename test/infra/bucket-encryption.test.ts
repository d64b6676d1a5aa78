// Claim 12 for what jobs write: the bucket's policy takes no encryption but the job's own data key.

import { expect, it } from "vitest";
import type { Statement } from "../../policy/document.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();
const [bucket] = synthesised.ofType("AWS::S3::Bucket");
const [bucketPolicy] = synthesised.ofType("AWS::S3::BucketPolicy");
const statements = bucketPolicy?.Properties.PolicyDocument.Statement as readonly Statement[];
const dataKey: string =
  bucket?.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID;
const encryption = "s3:x-amz-server-side-encryption";
const keyId = `${encryption}-aws-kms-key-id`;

it.each<[string, Record<string, string>, string]>([
  ["no encryption, and gets the bucket's", {}, "allowed"],
  ["the job's data key", { [encryption]: "aws:kms", [keyId]: dataKey }, "allowed"],
  ["S3's own keys", { [encryption]: "AES256" }, "explicit-deny"],
  ["double encryption", { [encryption]: "aws:kms:dsse", [keyId]: dataKey }, "explicit-deny"],
  ["KMS, and means AWS's own key by naming none", { [encryption]: "aws:kms" }, "explicit-deny"],
  ["another key", { [encryption]: "aws:kms", [keyId]: "arn:aws:kms:us-east-1:444455556666:key/7" }, "explicit-deny"],
  ["another key and no algorithm", { [keyId]: "alias/other" }, "explicit-deny"],
  ["a key that it brings along", { [`${encryption}-customer-algorithm`]: "AES256" }, "explicit-deny"],
])("a write asks for %s", (_what, headers, expected) => {
  const { reason } = evaluate({
    principal: { arn: `arn:aws:iam::${account}:role/BatchRoleKeyReport`, accountId: account },
    action: "s3:PutObject",
    resource: `${bucketPolicy?.Properties.Bucket}.Arn/report`,
    resourceAccountId: account,
    context: { "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", ...headers },
    identityPolicies: [{ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "s3:PutObject", Resource: "*" } }],
    // References stand where ARNs will; the bucket's are this policy's own.
    resourcePolicy: { Version: "2012-10-17", Statement: statements.map((statement) => ({ ...statement, Resource: "*" })) },
  });
  expect(reason).toBe(expected);
});

it("is about every object of the bucket", () => {
  const puts = statements.filter(({ Action }) => Action === "s3:PutObject");
  expect(puts.map(({ Effect, Principal, Resource }) => ({ Effect, Principal, Resource }))).toEqual(
    [1, 2, 3, 4].map(() => ({ Effect: "Deny", Principal: { AWS: "*" }, Resource: `${bucketPolicy?.Properties.Bucket}.Arn/*` })),
  );
});
