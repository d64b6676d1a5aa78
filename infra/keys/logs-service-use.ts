// How CloudWatch Logs uses a key: for the log groups that are named, and no other.

import type { Stack } from "aws-cdk-lib";
import { arnsOf } from "../arns.ts";
import type { KeyUse } from "../constructs/key.ts";

/** `groups`: log group names; a final `*` covers those that begin so. */
export const logsServiceUse = (stack: Stack, groups: readonly string[]): KeyUse => ({
  sid: "EncryptLogGroups",
  principal: { Service: `logs.${stack.region}.amazonaws.com` },
  actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
  conditions: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": groups.map((group) => arnsOf(stack).logGroup(group)) } },
});
