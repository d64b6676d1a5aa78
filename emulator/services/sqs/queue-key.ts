// Messages at rest: under the queue's KMS key, with the sender's and the receiver's own permissions.

import { AwsError } from "../../aws-error.ts";
import { forwardedDataKey, forwardedDecrypt, openForCaller, type SealedData, sealData } from "../../sealed-storage.ts";
import type { Call } from "../../service.ts";
import type { Message, Queue } from "./queues.ts";

const service = "sqs.amazonaws.com";

export const queueKeyContext = (queue: Queue): Readonly<Record<string, string>> => ({ "aws:sqs:arn": queue.arn });

const codes: Readonly<Record<string, string>> = {
  AccessDeniedException: "KmsAccessDenied",
  DisabledException: "KmsDisabled",
  KMSInvalidStateException: "KmsInvalidState",
  NotFoundException: "KmsNotFound",
};

async function reported<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = cause instanceof AwsError ? codes[cause.code] : undefined;
    throw code === undefined || !(cause instanceof AwsError) ? cause : new AwsError(code, cause.message, { cause });
  }
}

/** Takes `kms:GenerateDataKey` and, because SQS checks the new key, `kms:Decrypt`. SQS reuses data keys for minutes; here every message asks. */
export async function sealMessage(
  text: string,
  of: { queue: Queue; call: Call; randomBytes: (size: number) => Uint8Array },
): Promise<SealedData | string> {
  const { queue, call, randomBytes } = of;
  const keyId = queue.settings.kmsKeyId;
  if (keyId === undefined) return text;
  const encryptionContext = queueKeyContext(queue);
  return reported(async () => {
    const dataKey = await forwardedDataKey(call, { service, keyId, encryptionContext });
    await forwardedDecrypt(call, { service, wrappedKey: dataKey.wrapped, encryptionContext });
    return sealData(Buffer.from(text, "utf8"), { dataKey, encryptionContext, randomBytes });
  });
}

/** Takes `kms:Decrypt`. */
export async function openMessage(message: Message, call: Call): Promise<string> {
  const { body } = message;
  if (typeof body === "string") return body;
  return Buffer.from(await reported(() => openForCaller(body, { call, service }))).toString("utf8");
}
