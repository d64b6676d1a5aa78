// Opens the MFA session, turns it into the credentials of exactly one job role, and seals those for the next step.

import { type Binding, encryptionContext, formatEnvelope, open, parseEnvelope, seal } from "../../core/envelope.ts";
import { KeyturnError } from "../../core/errors.ts";
import { jobRoleName, roleSessionName } from "../../core/naming.ts";
import { assertOrderIntact, credentialSecondsFor, type Order } from "../../core/order.ts";
import { decodeCredentials, encodeCredentials, type ShortLivedCredentials } from "../../core/short-lived-credentials.ts";
import type { JobDefinition, JobPlace } from "../../jobs/definition.ts";
import { sessionPolicyFor } from "../../jobs/session-policy.ts";
import type { Generate, Unwrap } from "../relay.ts";
import type { AssumeRole } from "./assume-role.ts";

export interface RetrieveCredentialsInput {
  readonly order: Order;
  /** The envelope that `ValidateMfa` sealed. */
  readonly session: unknown;
}

export interface JobCredentials {
  /** An envelope that nobody can open, only `AuthorizeSubmission` re-address. */
  readonly credentials: string;
  /** In the envelope's encryption context too. */
  readonly expiresAt: string;
}

export interface RetrieveCredentialsDependencies {
  readonly catalogue: readonly JobDefinition[];
  readonly places: Readonly<Record<string, JobPlace>>;
  readonly assumeRole: AssumeRole;
  readonly generate: Generate;
  readonly unwrap: Unwrap;
  readonly keys: { readonly session: string; readonly credentials: string };
  readonly nowMs: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** The job roles' trust policies take no MFA older than this; from then on the session is of no use, however long it lives. */
const mfaMaxAgeSeconds = 900;

/** Throws `MfaSessionExpired` (ask for a new code), `JobRoleRefused`, `EnvelopeUnopenable`, `OrderMismatch`. */
export async function retrieveCredentials(
  { order, session: sealed }: RetrieveCredentialsInput,
  dependencies: RetrieveCredentialsDependencies,
): Promise<JobCredentials> {
  assertOrderIntact(order);
  const { job, place } = checkOrder(order, dependencies);
  const { run, admin, digest } = order;
  const binding: Binding = { run, digest };
  const session = await openSession({ sealed, order, binding }, dependencies);
  assertFresh(session, order, dependencies.nowMs());
  const policy = sessionPolicyFor(job, { parameters: order.parameters, place: { ...place, run } });
  // Before the role is assumed: credentials that could not be sealed would have been issued for nobody.
  // Not later than AWS will say, since it counts from later on.
  const expiresAt = new Date(dependencies.nowMs() + order.credentialSeconds * 1000).toISOString();
  const context = encryptionContext.jobCredentials({ run, digest, until: expiresAt });
  const dataKey = await dependencies.generate({ keyArn: dependencies.keys.credentials, context });
  try {
    const verdict = await dependencies.assumeRole({
      session,
      roleArn: order.jobRole,
      sessionName: roleSessionName(run),
      sourceIdentity: admin,
      durationSeconds: order.credentialSeconds,
      policy: policy === undefined ? undefined : JSON.stringify(policy),
    });
    if (!verdict.assumed) {
      if (verdict.because === "session-expired") throw expired(order, verdict.cause);
      throw refused(order, verdict);
    }
    const envelope = seal(encodeCredentials(verdict.credentials), {
      dataKey: dataKey.plaintext,
      wrappedKey: dataKey.wrapped,
      nonce: dependencies.randomBytes(12),
      binding,
    });
    return { credentials: formatEnvelope(envelope), expiresAt };
  } finally {
    dataKey.plaintext.fill(0);
  }
}

/** The digest does not cover role and durations, so they are derived again from what is trusted here. */
function checkOrder(order: Order, { catalogue, places }: RetrieveCredentialsDependencies): { job: JobDefinition; place: JobPlace } {
  const job = catalogue.find(({ name }) => name === order.job);
  const place = Object.hasOwn(places, order.job) ? places[order.job] : undefined;
  if (job === undefined || place === undefined) {
    throw new KeyturnError(
      "OrderMismatch",
      `Run ${order.run}: job ${order.job} is not in the catalogue that is deployed. Start a new run.`,
    );
  }
  const expectedRole = `arn:${place.partition}:iam::${place.account}:role/${jobRoleName(job.name)}`;
  const { attempts, timeoutSeconds, queueSeconds } = order;
  const differing = [
    ...(order.jobRole === expectedRole ? [] : ["jobRole"]),
    ...(attempts === job.attempts ? [] : ["attempts"]),
    ...(timeoutSeconds === job.timeoutSeconds ? [] : ["timeoutSeconds"]),
    ...(order.credentialSeconds === credentialSecondsFor({ queueSeconds, attempts, timeoutSeconds }) ? [] : ["credentialSeconds"]),
  ];
  if (differing.length > 0) {
    throw new KeyturnError(
      "OrderMismatch",
      `Run ${order.run}: ${differing.join(", ")} of the order differ from the catalogue's for ${job.name}. Start a new run.`,
      { facts: { differing } },
    );
  }
  return { job, place };
}

async function openSession(
  { sealed, order, binding }: { sealed: unknown; order: Order; binding: Binding },
  { unwrap, keys }: RetrieveCredentialsDependencies,
): Promise<ShortLivedCredentials> {
  const envelope = parseEnvelope(typeof sealed === "string" ? sealed : "");
  const dataKey = await unwrap(envelope.wrappedKey, { keyArn: keys.session, context: encryptionContext.mfaSession(order) });
  try {
    return decodeCredentials(open(envelope, { dataKey, binding }), order.run);
  } finally {
    dataKey.fill(0);
  }
}

function assertFresh({ expiration, mfaAt }: ShortLivedCredentials, order: Order, nowMs: number): void {
  const endsAtMs = Math.min(Date.parse(expiration), mfaAt === undefined ? Infinity : Date.parse(mfaAt) + mfaMaxAgeSeconds * 1000);
  if (nowMs >= endsAtMs) throw expired(order);
}

const expired = ({ run, admin }: Order, cause?: unknown): KeyturnError =>
  new KeyturnError(
    "MfaSessionExpired",
    `Run ${run}: the MFA session has ended; it lasts 15 minutes. A fresh code of ${admin} opens a new one.`,
    {
      cause,
    },
  );

function refused(order: Order, { because, cause }: { because: "refused" | "too-long"; cause: Error }): KeyturnError {
  const role = jobRoleName(order.job);
  const what =
    because === "too-long"
      ? `its MaxSessionDuration is below the ${order.credentialSeconds} s that the job needs. Deploy the jobs stack again.`
      : `AWS does not say why. Check that ${order.admin} is in the group BatchJobAdmins and among the admins of job ${order.job}, that the code is less than 15 minutes old, and that retrieve-credentials still runs in its own subnets with the STS endpoint that ${role} trusts.`;
  return new KeyturnError("JobRoleRefused", `Run ${order.run}: ${order.admin} may not assume ${role}: ${what}`, {
    cause,
    facts: { admin: order.admin, role, because },
  });
}
