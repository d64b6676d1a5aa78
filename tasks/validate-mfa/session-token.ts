// Asks STS, the only judge of a code, and puts its answer into our words.

import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import type { AdminCredential } from "./admin-credential.ts";

export interface StsSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export type Verdict =
  | { readonly accepted: true; readonly session: StsSession }
  /** The code is wrong, too old or was used with STS before; STS does not say which. */
  | { readonly accepted: false; readonly because: "code"; readonly cause: Error }
  /** The MFA serial is not this user's device; says nothing about the code. */
  | { readonly accepted: false; readonly because: "serial"; readonly cause: Error }
  /** The access key is disabled, deleted or not the one that the secret half belongs to. */
  | { readonly accepted: false; readonly because: "access-key"; readonly cause: Error };

export type AskSts = (of: { credential: AdminCredential; code: string; durationSeconds: number }) => Promise<Verdict>;

/** A client per call, for it signs with the admin's key. One attempt: a repeated request would bring a code that STS has just taken. */
export const askSts: AskSts = async ({ credential, code, durationSeconds }) => {
  const { accessKeyId, secretAccessKey, mfaSerial } = credential;
  const sts = new STSClient({ credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  try {
    const command = new GetSessionTokenCommand({ SerialNumber: mfaSerial, TokenCode: code, DurationSeconds: durationSeconds });
    const { Credentials: session } = await sts.send(command);
    if (!session?.AccessKeyId || !session.SecretAccessKey || !session.SessionToken || !session.Expiration) {
      throw new Error("STS GetSessionToken answered without credentials.");
    }
    return {
      accepted: true,
      session: {
        accessKeyId: session.AccessKeyId,
        secretAccessKey: session.SecretAccessKey,
        sessionToken: session.SessionToken,
        expiration: session.Expiration,
      },
    };
  } catch (error) {
    const because = error instanceof Error ? reasonOf(error) : undefined;
    if (because === undefined || !(error instanceof Error)) throw error;
    return { accepted: false, because, cause: error };
  } finally {
    sts.destroy();
  }
};

/** Source: STS's messages as users report them; `AccessDenied` is also what a policy's refusal is called, so the text decides. */
function reasonOf({ name, message }: Error): "code" | "serial" | "access-key" | undefined {
  if (name === "InvalidClientTokenId" || name === "SignatureDoesNotMatch") return "access-key";
  if (name !== "AccessDenied" || !message.startsWith("MultiFactorAuthentication failed")) return undefined;
  return message.includes("invalid MFA one time pass code") ? "code" : "serial";
}
