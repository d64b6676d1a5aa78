// Reads the code out of what somebody answered: six digits, or the same sealed for this run and admin.

import { type EncryptionContext, encryptionContext } from "../../core/envelope.ts";
import { isKeyturnError, KeyturnError } from "../../core/errors.ts";
import type { Unwrap } from "../relay.ts";

const sixDigits = /^[0-9]{6}$/;
const longestSealed = 8_192;

/**
 * Throws `MfaRejected`, not a form error: an answer that holds no code sends the run back to asking, like a wrong one. A message never quotes
 * the answer.
 */
export async function readCode(mfaCode: unknown, of: { run: string; admin: string; codeKey: string; unwrap: Unwrap }): Promise<string> {
  if (typeof mfaCode === "string" && sixDigits.test(mfaCode)) return mfaCode;
  const sealed = sealedText(mfaCode);
  if (sealed === undefined) throw rejected(of, "The answer holds no six-digit code.");
  const plaintext = await openSealed(Buffer.from(sealed, "base64"), encryptionContext.code(of), of);
  const code = Buffer.from(plaintext).toString("utf8");
  plaintext.fill(0);
  if (!sixDigits.test(code)) throw rejected(of, "What was sealed is no six-digit code.");
  return code;
}

async function openSealed(
  ciphertext: Uint8Array,
  context: EncryptionContext,
  of: { run: string; admin: string; codeKey: string; unwrap: Unwrap },
): Promise<Uint8Array> {
  try {
    return await of.unwrap(ciphertext, { keyArn: of.codeKey, context });
  } catch (cause) {
    if (!isKeyturnError(cause, "EnvelopeUnopenable")) throw cause;
    throw rejected(of, "The sealed code was made for another run or another admin.", cause);
  }
}

function sealedText(mfaCode: unknown): string | undefined {
  if (typeof mfaCode !== "object" || mfaCode === null || !("sealed" in mfaCode)) return undefined;
  const { sealed } = mfaCode;
  return typeof sealed === "string" && sealed.length > 0 && sealed.length <= longestSealed ? sealed : undefined;
}

const rejected = ({ run, admin }: { run: string; admin: string }, what: string, cause?: unknown): KeyturnError =>
  new KeyturnError("MfaRejected", `Run ${run}: ${what} Give the six digits that ${admin}'s authenticator shows now.`, {
    cause,
    facts: { refusal: "unreadable" },
  });
