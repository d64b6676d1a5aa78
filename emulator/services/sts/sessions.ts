// Issues temporary credentials and remembers whom they stand for.

import type { Caller, Environment } from "../../service.ts";
import type { IamStore, Session } from "../iam/store.ts";

/** Every token starts like AWS's own, and is about as long: programs that keep it in an environment variable should meet the real size. */
const tokenPrefix = "IQoJb3JpZ2luX2Vj";
const tokenBytes = 600;

export interface SessionRequest {
  readonly caller: Omit<Caller, "accessKeyId" | "session">;
  readonly session: Omit<NonNullable<Caller["session"]>, "issuedAtMs" | "expiresAtMs">;
  readonly principalId: string;
  readonly durationSeconds: number;
  readonly chained?: boolean;
}

export function issueSession(request: SessionRequest, { store, environment }: { store: IamStore; environment: Environment }): Session {
  const issuedAtMs = environment.clock.now();
  // Whole seconds, as STS gives them.
  const expiresAtMs = Math.floor(issuedAtMs / 1000) * 1000 + request.durationSeconds * 1000;
  const accessKeyId = environment.uniqueId("ASIA");
  const session: Session = {
    accessKeyId,
    secretAccessKey: Buffer.from(environment.randomBytes(30)).toString("base64"),
    sessionToken: tokenPrefix + Buffer.from(environment.randomBytes(tokenBytes)).toString("base64"),
    expiresAtMs,
    caller: { ...request.caller, accessKeyId, session: { ...request.session, issuedAtMs, expiresAtMs } },
    principalId: request.principalId,
    chained: request.chained ?? false,
  };
  store.sessions.set(accessKeyId, session);
  return session;
}

/** The `Credentials` member of STS's answers. */
export const credentialsOf = ({ accessKeyId, secretAccessKey, sessionToken, expiresAtMs }: Session) => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  SessionToken: sessionToken,
  Expiration: new Date(expiresAtMs),
});
