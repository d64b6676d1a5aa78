// What a bucket's policy says of encryption: its own key, whoever writes.

import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";

/**
 * Denies writes that ask for any encryption but the bucket's own key; one that asks for none gets the bucket's.
 * A negated condition is true where its key is missing: `aws:kms` without a key would mean AWS's own.
 */
export function otherEncryptions(objects: string, dataKey: string): PolicyStatement[] {
  const asked = "s3:x-amz-server-side-encryption";
  const denied = {
    OtherEncryption: { Null: { [asked]: "false" }, StringNotEquals: { [asked]: "aws:kms" } },
    NotTheDataKey: { Null: { [asked]: "false" }, StringNotEquals: { [`${asked}-aws-kms-key-id`]: dataKey } },
    AnotherKey: { Null: { [`${asked}-aws-kms-key-id`]: "false" }, StringNotEquals: { [`${asked}-aws-kms-key-id`]: dataKey } },
    KeyOfTheCaller: { Null: { [`${asked}-customer-algorithm`]: "false" } },
  };
  return Object.entries(denied).map(
    ([sid, conditions]) =>
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ["s3:PutObject"],
        resources: [objects],
        conditions,
      }),
  );
}
