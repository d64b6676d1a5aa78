// AWS Signature Version 4 as the verifying side sees it: what was signed, by whom, and whether the secret matches.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ownMember } from "../own-member.ts";
import { encodeUri, queryPairs, type WireRequest } from "./wire.ts";

export interface Signature {
  readonly accessKeyId: string;
  /** `YYYYMMDD`, region and service of the credential scope. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  readonly signedAtMs: number;
  readonly sessionToken?: string;
  /** Presigned URLs only: seconds that it is valid from `signedAtMs`. */
  readonly expiresSeconds?: number;
}

export type SignatureFault = "none" | "malformed";

const algorithm = "AWS4-HMAC-SHA256";

/** Reads the Authorization header or the presigned query; `none` where the request is not signed at all. */
export function readSignature(request: WireRequest): Signature | SignatureFault {
  const header = request.headers["authorization"];
  if (header !== undefined) return readHeader(header, request);
  const query = new Map(queryPairs(request.query));
  return query.has("X-Amz-Signature") || query.has("X-Amz-Credential") ? readQuery(query) : "none";
}

function readHeader(header: string, request: WireRequest): Signature | SignatureFault {
  const match = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})\s*$/.exec(header);
  if (match === null) return "malformed";
  const timestamp = request.headers["x-amz-date"] ?? "";
  const sessionToken = request.headers["x-amz-security-token"];
  return assemble(match[1] ?? "", match[2] ?? "", match[3] ?? "", timestamp, { ...(sessionToken !== undefined && { sessionToken }) });
}

function readQuery(query: ReadonlyMap<string, string>): Signature | SignatureFault {
  const value = (name: string): string => query.get(name) ?? "";
  const expiresSeconds = Number(value("X-Amz-Expires"));
  if (value("X-Amz-Algorithm") !== algorithm || !/^[0-9a-f]{64}$/.test(value("X-Amz-Signature"))) return "malformed";
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > 604_800) return "malformed";
  const sessionToken = query.get("X-Amz-Security-Token");
  return assemble(value("X-Amz-Credential"), value("X-Amz-SignedHeaders"), value("X-Amz-Signature"), value("X-Amz-Date"), {
    expiresSeconds,
    ...(sessionToken !== undefined && { sessionToken }),
  });
}

function assemble(
  credential: string,
  headers: string,
  signature: string,
  timestamp: string,
  rest: Pick<Signature, "sessionToken" | "expiresSeconds">,
): Signature | SignatureFault {
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split("/");
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (!accessKeyId || !date || !region || !service || terminator !== "aws4_request" || more.length > 0 || time === null) return "malformed";
  if (!timestamp.startsWith(date)) return "malformed";
  const signedAtMs = Date.UTC(Number(time[1]), Number(time[2]) - 1, Number(time[3]), Number(time[4]), Number(time[5]), Number(time[6]));
  return { accessKeyId, date, region, service, signedHeaders: headers.split(";"), signature, timestamp, signedAtMs, ...rest };
}

/** The name of a header that AWS wants signed and that is not: `host` and every `x-amz-*`. */
export function unsignedHeader(request: WireRequest, { signedHeaders }: Signature): string | undefined {
  return Object.keys(request.headers).find((name) => (name === "host" || name.startsWith("x-amz-")) && !signedHeaders.includes(name));
}

/** Whether `secret` made this signature over this request, whose payload hash is `payloadHash`. */
export function signatureMatches(request: WireRequest, claim: Signature, secret: string, payloadHash: string): boolean {
  const stringToSign = [algorithm, claim.timestamp, scopeOf(claim), sha256(canonicalRequest(request, claim, payloadHash))].join("\n");
  return constantTimeEqual(hmac(signingKey(secret, claim), stringToSign).toString("hex"), claim.signature);
}

export const scopeOf = ({ date, region, service }: Signature): string => `${date}/${region}/${service}/aws4_request`;

/** Keys by secret and scope: a caller signs many requests of a day with one. */
const signingKeys = new Map<string, Buffer>();
const mostSigningKeys = 1000;

export function signingKey(secret: string, { date, region, service }: Signature): Buffer {
  const name = `${secret}/${date}/${region}/${service}`;
  const known = signingKeys.get(name);
  if (known !== undefined) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
  // Every run has sessions of its own, whose keys nobody needs after it.
  if (signingKeys.size >= mostSigningKeys) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

export const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac("sha256", key).update(data).digest();

export const constantTimeEqual = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

function canonicalRequest(request: WireRequest, claim: Signature, payloadHash: string): string {
  const headers = claim.signedHeaders.map((name) => `${name}:${(ownMember(request.headers, name) ?? "").trim().replace(/\s+/g, " ")}`);
  return [
    request.method,
    canonicalPath(request.path, claim.service),
    canonicalQuery(request.query),
    ...headers,
    "",
    claim.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** S3 signs the path as sent; all others normalise it and encode it once more. */
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(encodeUri(segment));
  }
  return `/${segments.join("/")}${segments.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

const canonicalQuery = (query: string): string =>
  queryPairs(query)
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encodeUri(name), encodeUri(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
