// What the envelopes of the relay carry: AWS credentials that end by themselves, as JSON text.

import * as z from "zod/mini";
import { KeyturnError } from "./errors.ts";

const ShortLivedCredentials = z.object({
  accessKeyId: z.string().check(z.minLength(1)),
  secretAccessKey: z.string().check(z.minLength(1)),
  sessionToken: z.string().check(z.minLength(1)),
  /** ISO 8601. */
  expiration: z.iso.datetime(),
  /** When the MFA code was given, ISO 8601; in an MFA session only. */
  mfaAt: z.optional(z.iso.datetime()),
});

export type ShortLivedCredentials = Readonly<z.infer<typeof ShortLivedCredentials>>;

export const encodeCredentials = (credentials: ShortLivedCredentials): Buffer => Buffer.from(JSON.stringify(credentials), "utf8");

/** Parses an opened envelope; throws `EnvelopeUnopenable`, without the cause: a JSON error quotes the text that it could not read. */
export function decodeCredentials(plaintext: Uint8Array, run: string): ShortLivedCredentials {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(plaintext).toString("utf8"));
  } catch {
    json = undefined;
  }
  const parsed = ShortLivedCredentials.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new KeyturnError("EnvelopeUnopenable", `Run ${run}: the envelope opened, but holds no credentials. Start a new run.`);
}
