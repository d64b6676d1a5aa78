// The relay's use of KMS: each hop wraps, unwraps or re-addresses a data key under its exact encryption context.

import { DecryptCommand, GenerateDataKeyCommand, type KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms";
import type { EncryptionContext } from "../core/envelope.ts";
import { KeyturnError } from "../core/errors.ts";

export interface DataKey {
  /** 32 bytes; whoever asked for it wipes it. */
  readonly plaintext: Uint8Array;
  readonly wrapped: Uint8Array;
}

/** A key and the context that binds its use to one run, and from admission on to one order. */
export interface Address {
  readonly keyArn: string;
  readonly context: EncryptionContext;
}

export type Generate = (to: Address) => Promise<DataKey>;
/** Throws `EnvelopeUnopenable` where KMS says that key or context are not those it was sealed with. */
export type Unwrap = (ciphertext: Uint8Array, from: Address) => Promise<Uint8Array>;
/** Throws `EnvelopeUnopenable` likewise. */
export type Rewrap = (ciphertext: Uint8Array, from: Address, to: Address) => Promise<Uint8Array>;

export const generateWith =
  (kms: KMSClient): Generate =>
  async ({ keyArn, context }) => {
    const reply = await kms.send(new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: "AES_256", EncryptionContext: context }));
    return { plaintext: present(reply.Plaintext, "GenerateDataKey"), wrapped: present(reply.CiphertextBlob, "GenerateDataKey") };
  };

export const unwrapWith =
  (kms: KMSClient): Unwrap =>
  async (ciphertext, { keyArn, context }) => {
    const command = new DecryptCommand({ KeyId: keyArn, CiphertextBlob: ciphertext, EncryptionContext: context });
    const reply = await kms.send(command).catch((error: unknown) => refuse(error, context));
    return present(reply.Plaintext, "Decrypt");
  };

export const rewrapWith =
  (kms: KMSClient): Rewrap =>
  async (ciphertext, from, to) => {
    const command = new ReEncryptCommand({
      CiphertextBlob: ciphertext,
      SourceKeyId: from.keyArn,
      SourceEncryptionContext: from.context,
      DestinationKeyId: to.keyArn,
      DestinationEncryptionContext: to.context,
    });
    const reply = await kms.send(command).catch((error: unknown) => refuse(error, from.context));
    return present(reply.CiphertextBlob, "ReEncrypt");
  };

/** Sealed for something else is an answer about the envelope; everything else (throttling, access) is KMS's own failure and stays it. */
function refuse(cause: unknown, context: EncryptionContext): never {
  if (!(cause instanceof Error) || !["InvalidCiphertextException", "IncorrectKeyException"].includes(cause.name)) throw cause;
  throw new KeyturnError(
    "EnvelopeUnopenable",
    `Run ${context["run"]}: KMS does not open what hop ${context["hop"]} was given (${cause.name}): it was sealed for another run, order or step. Start a new run.`,
    { cause, facts: { hop: context["hop"] } },
  );
}

function present(bytes: Uint8Array | undefined, operation: string): Uint8Array {
  if (bytes === undefined) throw new Error(`KMS ${operation} answered without the bytes asked for.`);
  return bytes;
}
