// Who made a call, as CloudTrail tells it. Source: "CloudTrail userIdentity element", CloudTrail User Guide.

import type { Caller } from "../../service.ts";
import { secondsInstant } from "../events/event.ts";

/** @param invokedBy - the service that made the call for the caller */
export function userIdentity(caller: Caller, invokedBy: string | undefined): object {
  const sessionContext = sessionOf(caller);
  return {
    type: caller.type === "User" ? "IAMUser" : caller.type,
    principalId: caller.userId,
    arn: caller.arn,
    accountId: caller.accountId,
    accessKeyId: caller.accessKeyId,
    ...(caller.userName !== undefined && { userName: caller.userName }),
    ...(sessionContext && { sessionContext }),
    ...(invokedBy !== undefined && { invokedBy }),
  };
}

function sessionOf({ session, roleArn, userId, accountId }: Caller): object | undefined {
  if (session === undefined) return undefined;
  return {
    ...(roleArn !== undefined && {
      sessionIssuer: { type: "Role", principalId: userId.split(":")[0], arn: roleArn, accountId, userName: roleArn.split("/").at(-1) },
    }),
    attributes: { mfaAuthenticated: String(session.mfaAtMs !== undefined), creationDate: secondsInstant(session.issuedAtMs) },
    ...(session.sourceIdentity !== undefined && { sourceIdentity: session.sourceIdentity }),
  };
}

/** By which name the event history lists a caller: a role's sessions by the session's. */
export function userNameOf(caller: Caller): string {
  if (caller.type === "Root") return "root";
  return caller.userName ?? caller.arn.split("/").at(-1) ?? caller.arn;
}
