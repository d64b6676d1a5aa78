// How a secret's values are encrypted: by KMS calls that Secrets Manager makes with the caller's own permissions.

import { AwsError } from "../../aws-error.ts";
import {
  forwardedDataKey,
  forwardedDecrypt,
  isKeyAccessDenied,
  openForCaller,
  type SealedData,
  sealForCaller,
} from "../../sealed-storage.ts";
import type { Call } from "../../service.ts";
import type { SealedValue, Secret } from "./secrets.ts";

const service = "secretsmanager.amazonaws.com";
export const managedKey = "alias/aws/secretsmanager";

export const secretContext = (secretArn: string, versionId: string): Readonly<Record<string, string>> => ({
  SecretARN: secretArn,
  SecretVersionId: versionId,
});

/** KMS's refusals as Secrets Manager reports them. */
async function reported<T>(direction: "decrypt" | "encrypt", work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isKeyAccessDenied(cause)) throw new AwsError("AccessDeniedException", "Access to KMS is not allowed", { cause });
    if (!(cause instanceof AwsError)) throw cause;
    throw new AwsError(
      direction === "decrypt" ? "DecryptionFailure" : "EncryptionFailure",
      `Secrets Manager can't ${direction} the protected secret text using the provided KMS key: ${cause.message}`,
      { cause },
    );
  }
}

/** Takes `kms:GenerateDataKey` alone: whoever may write need not be able to read. */
export const sealValue = (
  value: Uint8Array,
  of: { secret: Secret; versionId: string; call: Call; randomBytes: (size: number) => Uint8Array },
): Promise<SealedData> =>
  reported("encrypt", () =>
    sealForCaller(value, {
      call: of.call,
      service,
      keyId: of.secret.kmsKeyId ?? managedKey,
      encryptionContext: secretContext(of.secret.arn, of.versionId),
      randomBytes: of.randomBytes,
    }),
  );

/** Takes `kms:Decrypt`. */
export const openValue = ({ sealed }: SealedValue, call: Call): Promise<Uint8Array> =>
  reported("decrypt", () => openForCaller(sealed, { call, service }));

/**
 * What AWS does whenever a secret is given a customer managed key: both calls, results thrown away, so that nobody ties a secret to a key
 * which they cannot use. Later writes do not repeat it.
 */
export const validateKeyAccess = (secret: Secret, call: Call): Promise<void> =>
  reported("encrypt", async () => {
    if (secret.kmsKeyId === undefined) return;
    const encryptionContext = secretContext(secret.arn, "RequestToValidateKeyAccess");
    const dataKey = await forwardedDataKey(call, { service, keyId: secret.kmsKeyId, encryptionContext });
    await forwardedDecrypt(call, { service, wrappedKey: dataKey.wrapped, encryptionContext });
  });
