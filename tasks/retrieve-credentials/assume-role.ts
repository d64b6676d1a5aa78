// AssumeRole on the job's role, with the MFA session's credentials, and its refusals in our words.

import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { ShortLivedCredentials } from "../../core/short-lived-credentials.ts";

export interface AssumeRoleRequest {
  readonly session: ShortLivedCredentials;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sourceIdentity: string;
  readonly durationSeconds: number;
  /** JSON text of a session policy. */
  readonly policy?: string | undefined;
}

export type AssumeRoleVerdict =
  | { readonly assumed: true; readonly credentials: ShortLivedCredentials }
  /** The MFA session's own credentials have ended. */
  | { readonly assumed: false; readonly because: "session-expired"; readonly cause: Error }
  /** The role's trust or the admin's policies said no; AWS does not say which condition. */
  | { readonly assumed: false; readonly because: "refused"; readonly cause: Error }
  /** The role's MaxSessionDuration is shorter than what was asked for. */
  | { readonly assumed: false; readonly because: "too-long"; readonly cause: Error };

export type AssumeRole = (request: AssumeRoleRequest) => Promise<AssumeRoleVerdict>;

export const assumeRole: AssumeRole = async ({ session, roleArn, sessionName, sourceIdentity, durationSeconds, policy }) => {
  const { accessKeyId, secretAccessKey, sessionToken } = session;
  const sts = new STSClient({ credentials: { accessKeyId, secretAccessKey, sessionToken } });
  try {
    const { Credentials: given } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        SourceIdentity: sourceIdentity,
        DurationSeconds: durationSeconds,
        ...(policy === undefined ? {} : { Policy: policy }),
      }),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration) {
      throw new Error("STS AssumeRole answered without credentials.");
    }
    return {
      assumed: true,
      credentials: {
        accessKeyId: given.AccessKeyId,
        secretAccessKey: given.SecretAccessKey,
        sessionToken: given.SessionToken,
        expiration: given.Expiration.toISOString(),
      },
    };
  } catch (error) {
    const because = error instanceof Error ? reasonOf(error) : undefined;
    if (because === undefined || !(error instanceof Error)) throw error;
    return { assumed: false, because, cause: error };
  } finally {
    sts.destroy();
  }
};

function reasonOf({ name, message }: Error): "session-expired" | "refused" | "too-long" | undefined {
  if (name === "ExpiredToken" || name === "ExpiredTokenException") return "session-expired";
  if (name === "AccessDenied" || name === "AccessDeniedException") return "refused";
  if (name === "ValidationError" && message.includes("MaxSessionDuration")) return "too-long";
  return undefined;
}
