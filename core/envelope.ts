// The sealed envelope: AES-256-GCM under a KMS data key, bound to one run and one order whichever KMS key wraps that data key.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { KeyturnError } from "./errors.ts";

export type EncryptionContext = Readonly<Record<string, string>>;

/** The exact KMS encryption context of each hop (DESIGN section 2). Logged by CloudTrail: nothing secret in it. */
export const encryptionContext = {
  code: (of: { run: string; admin: string }): EncryptionContext => ({ hop: "code", run: of.run, admin: of.admin }),
  mfaSession: (of: { run: string; digest: string }): EncryptionContext => ({ hop: "mfa-session", run: of.run, order: of.digest }),
  /** `until`: when the credentials end, ISO 8601; so that nobody can say otherwise to the step that asks whether they outlive the job. */
  jobCredentials: (of: { run: string; digest: string; until: string }): EncryptionContext => ({
    hop: "job-credentials",
    run: of.run,
    order: of.digest,
    until: of.until,
  }),
  launch: (of: { run: string; job: string; digest: string }): EncryptionContext => ({
    hop: "launch",
    run: of.run,
    job: of.job,
    order: of.digest,
  }),
} as const;

/** An envelope's parts; on the wire one ASCII string, `kt1.<wrapped key>.<nonce>.<ciphertext and tag>`, each part base64url. */
export interface Envelope {
  /** The data key as KMS wrapped it (CiphertextBlob). */
  readonly wrappedKey: Uint8Array;
  readonly nonce: Uint8Array;
  /** Ciphertext followed by the 16-byte GCM tag. */
  readonly ciphertext: Uint8Array;
}

/** What an envelope is bound to for its whole life: GCM additional data, unchanged when KMS re-wraps the data key. */
export interface Binding {
  readonly run: string;
  readonly digest: string;
}

const version = "kt1";
const tagBytes = 16;
const nonceBytes = 12;

const additionalData = ({ run, digest }: Binding): Buffer => Buffer.from(`${version}\n${run}\n${digest}`, "utf8");

/**
 * Seals `plaintext` with a 32-byte data key. `nonce` (12 bytes) comes in; a data key seals one envelope only.
 */
export function seal(
  plaintext: Uint8Array,
  using: { dataKey: Uint8Array; wrappedKey: Uint8Array; nonce: Uint8Array; binding: Binding },
): Envelope {
  if (using.nonce.length !== nonceBytes) throw new RangeError(`an envelope's nonce has ${nonceBytes} bytes, not ${using.nonce.length}`);
  const cipher = createCipheriv("aes-256-gcm", using.dataKey, using.nonce).setAAD(additionalData(using.binding));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { wrappedKey: using.wrappedKey, nonce: using.nonce, ciphertext };
}

/** Opens an envelope with its unwrapped data key; throws `EnvelopeUnopenable` if key, binding or ciphertext differ. */
export function open(envelope: Envelope, using: { dataKey: Uint8Array; binding: Binding }): Uint8Array {
  const { nonce, ciphertext } = envelope;
  try {
    const decipher = createDecipheriv("aes-256-gcm", using.dataKey, nonce).setAAD(additionalData(using.binding));
    decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, ciphertext.length - tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new KeyturnError("EnvelopeUnopenable", `Run ${using.binding.run}: the envelope does not belong to this run and order.`, {
      cause,
    });
  }
}

/** The one-string form that travels in payloads and in the container's environment. */
export const formatEnvelope = ({ wrappedKey, nonce, ciphertext }: Envelope): string =>
  [version, ...[wrappedKey, nonce, ciphertext].map((part) => Buffer.from(part).toString("base64url"))].join(".");

/** Parses the one-string form; throws `EnvelopeUnopenable` on anything else. Checks form only. */
export function parseEnvelope(text: string): Envelope {
  const [mark, ...parts] = text.split(".");
  const [wrappedKey, nonce, ciphertext] = parts.map((part) => Buffer.from(part, "base64url"));
  if (
    mark !== version ||
    parts.length !== 3 ||
    !wrappedKey?.length ||
    nonce?.length !== nonceBytes ||
    !ciphertext ||
    ciphertext.length <= tagBytes
  ) {
    throw new KeyturnError("EnvelopeUnopenable", `Not a sealed envelope: expected ${version}.<wrapped key>.<nonce>.<ciphertext>.`);
  }
  return { wrappedKey, nonce, ciphertext };
}

/** The same envelope with its data key wrapped anew (after KMS ReEncrypt); the sealed content is untouched. */
export const rewrap = (envelope: Envelope, wrappedKey: Uint8Array): Envelope => ({ ...envelope, wrappedKey });
