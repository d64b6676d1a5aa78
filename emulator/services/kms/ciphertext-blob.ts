// What KMS hands out instead of keys: a blob that names its key and opens only under the same encryption context.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { AwsError } from "../../aws-error.ts";

export type EncryptionContext = Readonly<Record<string, string>>;

/**
 * version (1) | key id (16) | padding (107) | nonce (12) | tag (16) | ciphertext. The padding makes a blob as long as AWS's (152 bytes more than
 * its plaintext), so that what travels in size-limited places meets the same limits here.
 */
const layout = { version: 1, keyId: 16, padding: 107, nonce: 12, tag: 16 } as const;
const version = 1;
const authenticatedBytes = layout.version + layout.keyId + layout.padding;
const headerBytes = authenticatedBytes + layout.nonce + layout.tag;

const keyIdBytes = (keyId: string): Buffer => Buffer.from(keyId.replaceAll("-", ""), "hex");

function additionalData(authenticated: Uint8Array, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Buffer.concat([authenticated, Buffer.from(JSON.stringify(pairs), "utf8")]);
}

const invalidCiphertext = (cause?: unknown): AwsError => new AwsError("InvalidCiphertextException", "", { cause });

/** Seals `plaintext` under a key's material (32 bytes). */
export function sealBlob(
  plaintext: Uint8Array,
  using: { keyId: string; material: Uint8Array; context: EncryptionContext; randomBytes: (size: number) => Uint8Array },
): Uint8Array {
  const authenticated = Buffer.concat([Buffer.from([version]), keyIdBytes(using.keyId), using.randomBytes(layout.padding)]);
  const nonce = using.randomBytes(layout.nonce);
  const cipher = createCipheriv("aes-256-gcm", using.material, nonce).setAAD(additionalData(authenticated, using.context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([authenticated, nonce, cipher.getAuthTag(), ciphertext]);
}

/** The id of the key that sealed `blob`; throws `InvalidCiphertextException` on anything that is not such a blob. */
export function keyIdOf(blob: Uint8Array): string {
  if (blob.length <= headerBytes || blob[0] !== version) throw invalidCiphertext();
  const hex = Buffer.from(blob.subarray(layout.version, layout.version + layout.keyId)).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Opens a blob; throws `InvalidCiphertextException` if material or context differ or a bit was changed. */
export function openBlob(blob: Uint8Array, using: { material: Uint8Array; context: EncryptionContext }): Uint8Array {
  const nonce = blob.subarray(authenticatedBytes, authenticatedBytes + layout.nonce);
  const tag = blob.subarray(authenticatedBytes + layout.nonce, headerBytes);
  try {
    const decipher = createDecipheriv("aes-256-gcm", using.material, nonce);
    decipher.setAAD(additionalData(blob.subarray(0, authenticatedBytes), using.context)).setAuthTag(tag);
    return Buffer.concat([decipher.update(blob.subarray(headerBytes)), decipher.final()]);
  } catch (cause) {
    throw invalidCiphertext(cause);
  }
}
