// Server-side encryption: under S3's own key, or under KMS keys with the permissions of whoever writes or reads.

import { AwsError, notImplemented } from "../../aws-error.ts";
import {
  type DataKey,
  isKeyAccessDenied,
  openData,
  openForCaller,
  type SealedData,
  sealData,
  sealForCaller,
} from "../../sealed-storage.ts";
import type { Call, Environment } from "../../service.ts";
import type { Bucket, Encryption } from "./buckets.ts";

const service = "s3.amazonaws.com";

export interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** What the request asks for, else what the bucket does by default. */
export function encryptionOf(input: EncryptionInput, bucket: Bucket): Encryption {
  if (input.SSECustomerAlgorithm !== undefined) throw notImplemented("S3 encryption with customer-provided keys (SSE-C)");
  if (input.SSEKMSEncryptionContext !== undefined)
    throw notImplemented("An encryption context of the caller's own (x-amz-server-side-encryption-context)");
  const { ServerSideEncryption: algorithm, SSEKMSKeyId: keyId, BucketKeyEnabled: bucketKey } = input;
  if (algorithm === undefined) {
    if (keyId !== undefined)
      throw new AwsError(
        "InvalidArgument",
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      );
    return bucket.encryption;
  }
  if (algorithm === "AES256") return { algorithm, bucketKey: false };
  if (algorithm !== "aws:kms") throw notImplemented(`S3 encryption ${algorithm}`);
  const key = keyId ?? bucket.encryption.keyId;
  return { algorithm, bucketKey: bucketKey ?? bucket.encryption.bucketKey, ...(key === undefined ? {} : { keyId: key }) };
}

async function reported<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause;
    if (isKeyAccessDenied(cause)) throw new AwsError("AccessDenied", cause.message, { statusCode: 403, cause });
    throw new AwsError(`KMS.${cause.code}`, cause.message, { statusCode: 400, cause });
  }
}

export class ObjectEncryption {
  readonly #randomBytes: (size: number) => Uint8Array;
  /** S3's own key (SSE-S3), which no policy guards. */
  readonly #ownKey: DataKey;

  constructor(environment: Environment) {
    this.#randomBytes = (size) => environment.randomBytes(size);
    this.#ownKey = { plaintext: environment.randomBytes(32), wrapped: new Uint8Array(), keyArn: "" };
  }

  /**
   * Takes the caller's `kms:GenerateDataKey` for KMS keys. With a bucket key the context names the bucket, else the object; S3 would reuse
   * a bucket key for a while, here every call asks KMS.
   */
  seal(body: Uint8Array, of: { bucket: Bucket; key: string; encryption: Encryption; call: Call }): Promise<SealedData> {
    const { bucket, encryption, call } = of;
    const encryptionContext = { "aws:s3:arn": encryption.bucketKey ? bucket.arn : `${bucket.arn}/${of.key}` };
    const randomBytes = this.#randomBytes;
    if (encryption.algorithm === "AES256")
      return Promise.resolve(sealData(body, { dataKey: this.#ownKey, encryptionContext: {}, randomBytes }));
    const keyId = encryption.keyId ?? "alias/aws/s3";
    return reported(() => sealForCaller(body, { call, service, keyId, encryptionContext, randomBytes }));
  }

  /** Takes the caller's `kms:Decrypt` for KMS keys. */
  open(sealed: SealedData, of: { encryption: Encryption; call: Call }): Promise<Uint8Array> {
    if (of.encryption.algorithm === "AES256") return Promise.resolve(openData(sealed, this.#ownKey.plaintext));
    return reported(() => openForCaller(sealed, { call: of.call, service }));
  }
}
