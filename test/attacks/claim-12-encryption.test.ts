// Claim 12 by attack: data that goes in comes out encrypted with our key, and neither plain HTTP nor the public gets at it.

import {
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetTopicAttributesCommand, SNSClient } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { jobBucketName, keyAlias, notificationTopicName } from "../../core/naming.ts";
import type { PolicyDocument } from "../../policy/document.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { type Deployed, outcomeOf, type Principal, startAttackedAccount, stolen } from "./attacked-account.ts";

let at: Deployed;
let Bucket: string;

beforeAll(async () => {
  at = await startAttackedAccount();
  Bucket = jobBucketName("credential-report", at);
});

afterAll(() => at?.emulator.stop());

describe("a job's data", () => {
  it("is encrypted with the job's own key without its asking", async () => {
    const s3 = new S3Client(at.emulator.gateway.clientOptions(await stolen("BatchRoleCredentialReport" as Principal, at)));
    await s3.send(new PutObjectCommand({ Bucket, Key: "report", Body: "findings" }));
    const administrator = signedIn(S3Client, at.administrator, at);
    const { SSEKMSKeyId } = await administrator.send(new HeadObjectCommand({ Bucket, Key: "report" }));
    expect(SSEKMSKeyId).toBe(at.emulator.kms.keyArn(keyAlias.jobData("credential-report")));
    // The administrator may do everything to buckets and nothing with the key: object and key are both needed.
    expect(await outcomeOf(administrator.send(new GetObjectCommand({ Bucket, Key: "report" })))).toBe("AccessDenied");
  });

  it.each([
    ["without a key of ours", { ServerSideEncryption: "AES256" }],
    ["with another key of the account", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyAlias.jobData("announce") }],
  ] as const)("is refused %s", async (_what, encryption) => {
    const s3 = new S3Client(at.emulator.gateway.clientOptions(await stolen("BatchRoleCredentialReport" as Principal, at)));
    expect(await outcomeOf(s3.send(new PutObjectCommand({ Bucket, Key: "plain", Body: "findings", ...encryption })))).toBe("AccessDenied");
  });

  it("is not opened to the public, not even by the administrator", async () => {
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` }],
    });
    const administrator = signedIn(S3Client, at.administrator, at);
    expect(await outcomeOf(administrator.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toBe("AccessDenied");
  });
});

describe("plain HTTP", () => {
  // The emulator's loopback stands for TLS, so the deployed policies themselves are asked.
  const overPlainHttp = (resourcePolicy: PolicyDocument, of: { action: string; resource: string }) =>
    evaluate({
      principal: { arn: `arn:aws:iam::${at.account}:user/administrator`, accountId: at.account },
      ...of,
      resourceAccountId: at.account,
      context: { "aws:SecureTransport": "false" },
      identityPolicies: [{ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } }],
      resourcePolicy,
    }).reason;

  it("is denied by the bucket's policy", async () => {
    const { Policy = "" } = await signedIn(S3Client, at.administrator, at).send(new GetBucketPolicyCommand({ Bucket }));
    const resource = `arn:aws:s3:::${Bucket}/report`;
    expect(overPlainHttp(JSON.parse(Policy) as PolicyDocument, { action: "s3:GetObject", resource })).toBe("explicit-deny");
  });

  it("is denied by the topic's policy", async () => {
    const resource = at.arn("sns", notificationTopicName);
    const { Attributes = {} } = await signedIn(SNSClient, at.administrator, at).send(new GetTopicAttributesCommand({ TopicArn: resource }));
    expect(overPlainHttp(JSON.parse(Attributes["Policy"] ?? "") as PolicyDocument, { action: "sns:Publish", resource })).toBe(
      "explicit-deny",
    );
  });
});
