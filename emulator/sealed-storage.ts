// Data at rest as AWS's services keep it: under a data key that KMS made for the caller, so that reading takes the caller's permission on the key.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { AwsError } from "./aws-error.ts";
import type { Call } from "./service.ts";

export interface SealedData {
  readonly keyArn: string;
  /** The data key as KMS wrapped it. */
  readonly wrappedKey: Uint8Array;
  readonly encryptionContext: Readonly<Record<string, string>>;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** A data key in the clear, for as long as one call lasts. */
export interface DataKey {
  readonly plaintext: Uint8Array;
  readonly wrapped: Uint8Array;
  readonly keyArn: string;
}

type RandomBytes = (size: number) => Uint8Array;

/** Has KMS make a data key with the caller's permission `kms:GenerateDataKey`, asked for through `service` (`s3.amazonaws.com`). */
export async function forwardedDataKey(
  call: Call,
  of: { service: string; keyId: string; encryptionContext: Readonly<Record<string, string>> },
): Promise<DataKey> {
  const input = { KeyId: of.keyId, KeySpec: "AES_256", EncryptionContext: of.encryptionContext };
  const reply = await call.forward(of.service, "kms", "GenerateDataKey", input);
  // The gateway returns the operation's output; these members are always set on it.
  const { Plaintext, CiphertextBlob, KeyId } = reply as { Plaintext: Uint8Array; CiphertextBlob: Uint8Array; KeyId: string };
  return { plaintext: Plaintext, wrapped: CiphertextBlob, keyArn: KeyId };
}

/** Has KMS open a data key with the caller's permission `kms:Decrypt`. */
export async function forwardedDecrypt(
  call: Call,
  of: { service: string; wrappedKey: Uint8Array; encryptionContext: Readonly<Record<string, string>> },
): Promise<Uint8Array> {
  const reply = await call.forward(of.service, "kms", "Decrypt", {
    CiphertextBlob: of.wrappedKey,
    EncryptionContext: of.encryptionContext,
  });
  // As above.
  return (reply as { Plaintext: Uint8Array }).Plaintext;
}

/** Encrypts under a data key (AES-256-GCM). */
export function sealData(
  plaintext: Uint8Array,
  using: { dataKey: DataKey; encryptionContext: Readonly<Record<string, string>>; randomBytes: RandomBytes },
): SealedData {
  const nonce = using.randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", using.dataKey.plaintext, nonce);
  // GCM gives nothing at the end but the tag. Joining with that nothing would copy into Node's shared pool, of which what is stored then keeps 64 kB.
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  const { wrapped: wrappedKey, keyArn } = using.dataKey;
  return { keyArn, wrappedKey, encryptionContext: using.encryptionContext, nonce, ciphertext, tag: cipher.getAuthTag() };
}

/** Decrypts with the data key in the clear. */
export function openData(sealed: SealedData, dataKey: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("aes-256-gcm", dataKey, sealed.nonce);
  decipher.setAuthTag(sealed.tag);
  return Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]);
}

/** Encrypts for the caller, under a data key of its own. */
export async function sealForCaller(
  plaintext: Uint8Array,
  using: {
    call: Call;
    service: string;
    keyId: string;
    encryptionContext: Readonly<Record<string, string>>;
    randomBytes: RandomBytes;
  },
): Promise<SealedData> {
  const dataKey = await forwardedDataKey(using.call, using);
  return sealData(plaintext, { dataKey, encryptionContext: using.encryptionContext, randomBytes: using.randomBytes });
}

/** Decrypts for the caller, who needs `kms:Decrypt` on the key. */
export async function openForCaller(sealed: SealedData, using: { call: Call; service: string }): Promise<Uint8Array> {
  return openData(sealed, await forwardedDecrypt(using.call, { service: using.service, ...sealed }));
}

/** Whether KMS refused for lack of permission, rather than for the state of the key. */
export const isKeyAccessDenied = (error: unknown): boolean =>
  error instanceof AwsError && (error.code === "AccessDeniedException" || error.code === "AccessDenied");
