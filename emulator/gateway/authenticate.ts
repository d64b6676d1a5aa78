// From a signed request to its caller, or to the very error that AWS gives: each family of services has its own codes and words.

import { AwsError } from "../aws-error.ts";
import type { Service } from "../service.ts";
import { intactRequest, payloadHash } from "./body-integrity.ts";
import type { Identities, Identity } from "./identities.ts";
import { constantTimeEqual, readSignature, type Signature, type SignatureFault, signatureMatches, unsignedHeader } from "./signature.ts";
import type { WireRequest } from "./wire.ts";

export type Dialect = "query" | "json" | "restJson" | "s3";

export const dialectOf = (protocol: Service["protocol"]): Dialect => {
  switch (protocol) {
    case "awsJson1_0":
    case "awsJson1_1":
      return "json";
    case "awsQuery":
      return "query";
    case "restJson1":
      return "restJson";
    case "restXml":
      return "s3";
    default:
      return protocol satisfies never;
  }
};

const skewMs = 15 * 60_000;

/** Services whose control plane is in one region; clients elsewhere sign for it. */
const globalServices = new Set(["iam", "sts"]);

export interface Authentication {
  readonly identity: Identity;
  readonly region: string;
  /** The request as the service may read it: S3's chunk framing taken off. */
  readonly request: WireRequest;
}

/** @param claim - the signature as the request states it. */
export function authenticate(
  request: WireRequest,
  claim: Signature,
  with_: { identities: Identities; nowMs: number; region: string; dialect: Dialect },
): Authentication {
  const { identities, nowMs, region, dialect } = with_;
  const identity = identities.find(claim.accessKeyId);
  if (identity === undefined || !tokenMatches(identity, claim)) throw unknownKey(dialect);
  const unsigned = unsignedHeader(request, claim);
  if (unsigned !== undefined) throw signatureError(dialect, `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  if (claim.region !== region && !(globalServices.has(claim.service) && claim.region === "us-east-1"))
    throw wrongRegion(dialect, claim.region, region);
  if (!signatureMatches(request, claim, identity.secretAccessKey, payloadHash(request, claim)))
    throw signatureError(dialect, mismatch[dialect]);
  checkTime(claim, nowMs, dialect);
  if (identity.expiresAtMs !== undefined && identity.expiresAtMs <= nowMs) throw expired(dialect);
  return { identity, region: claim.region, request: intactRequest(request, claim, identity.secretAccessKey) };
}

/** The signature that a request states; throws for those that state none or an unreadable one. */
export function claimOf(request: WireRequest, dialect: Dialect): Signature {
  const claim = readSignature(request);
  if (typeof claim === "string") throw signatureFault(claim, dialect);
  return claim;
}

export const signatureFault = (fault: SignatureFault, dialect: Dialect): AwsError =>
  fault === "none" ? missing(dialect) : malformed(dialect);

const tokenMatches = (identity: Identity, claim: Signature): boolean =>
  identity.sessionToken === undefined
    ? claim.sessionToken === undefined
    : claim.sessionToken !== undefined && constantTimeEqual(identity.sessionToken, claim.sessionToken);

function checkTime(claim: Signature, nowMs: number, dialect: Dialect): void {
  const iso = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
  if (claim.expiresSeconds !== undefined) {
    if (nowMs > claim.signedAtMs + claim.expiresSeconds * 1000) {
      if (dialect === "s3") throw new AwsError("AccessDenied", "Request has expired", { statusCode: 403 });
      throw signatureError(dialect, `Signature expired: ${claim.timestamp} is now earlier than ${iso(nowMs)}`);
    }
    if (claim.signedAtMs <= nowMs + skewMs) return;
  }
  if (Math.abs(nowMs - claim.signedAtMs) <= skewMs) return;
  if (dialect === "s3")
    throw new AwsError("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", {
      statusCode: 403,
    });
  const early = claim.signedAtMs < nowMs;
  throw signatureError(
    dialect,
    early
      ? `Signature expired: ${claim.timestamp} is now earlier than ${iso(nowMs - skewMs)} (${iso(nowMs)} - 15 min.)`
      : `Signature not yet current: ${claim.timestamp} is still later than ${iso(nowMs + skewMs)} (${iso(nowMs)} + 15 min.)`,
  );
}

const mismatchWords = "The request signature we calculated does not match the signature you provided.";
const mismatch: Readonly<Record<Dialect, string>> = {
  s3: `${mismatchWords} Check your key and signing method.`,
  query: `${mismatchWords} Check your AWS Secret Access Key and signing method. Consult the service documentation for details.`,
  json: `${mismatchWords} Check your AWS Secret Access Key and signing method. Consult the service documentation for details.`,
  restJson: `${mismatchWords} Check your AWS Secret Access Key and signing method. Consult the service documentation for details.`,
};

const forbidden = (code: string, message: string): AwsError => new AwsError(code, message, { statusCode: 403 });

/** Picks by family: JSON services name their exceptions, S3 has words of its own. */
const signatureError = (dialect: Dialect, message: string): AwsError =>
  forbidden(dialect === "query" || dialect === "s3" ? "SignatureDoesNotMatch" : "InvalidSignatureException", message);

const unknownKey = (dialect: Dialect): AwsError => {
  if (dialect === "s3") return forbidden("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
  const code = dialect === "query" ? "InvalidClientTokenId" : "UnrecognizedClientException";
  return forbidden(code, "The security token included in the request is invalid.");
};

const expired = (dialect: Dialect): AwsError => {
  if (dialect === "s3") return new AwsError("ExpiredToken", "The provided token has expired.");
  return forbidden(dialect === "query" ? "ExpiredToken" : "ExpiredTokenException", "The security token included in the request is expired");
};

const missing = (dialect: Dialect): AwsError => {
  if (dialect === "s3") return forbidden("AccessDenied", "Access Denied");
  if (dialect === "query") return forbidden("MissingAuthenticationToken", "Request is missing Authentication Token");
  return forbidden("MissingAuthenticationTokenException", "Missing Authentication Token");
};

const malformed = (dialect: Dialect): AwsError => {
  if (dialect === "s3") return new AwsError("AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.");
  const code = dialect === "query" ? "IncompleteSignature" : "IncompleteSignatureException";
  return new AwsError(
    code,
    "The Authorization header is not a complete AWS4-HMAC-SHA256 signature: Credential, SignedHeaders, Signature and X-Amz-Date.",
  );
};

const wrongRegion = (dialect: Dialect, given: string, region: string): AwsError =>
  dialect === "s3"
    ? new AwsError(
        "AuthorizationHeaderMalformed",
        `The authorization header is malformed; the region '${given}' is wrong; expecting '${region}'`,
        {
          fields: { Region: region },
        },
      )
    : signatureError(dialect, `Credential should be scoped to a valid region, not '${given}'.`);
