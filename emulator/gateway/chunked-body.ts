// S3's aws-chunked bodies: takes the frames off, verifies each chunk's signature where it has one, and hands back the trailers.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html

import { AwsError } from "../aws-error.ts";
import { constantTimeEqual, hmac, type Signature, scopeOf, sha256, signingKey } from "./signature.ts";

export interface UnframedBody {
  readonly body: Uint8Array;
  readonly trailers: Readonly<Record<string, string>>;
}

const emptyHash = sha256("");

/** @param signed - the claim whose signature seeds the chunks' chain and the caller's secret; absent for unsigned chunks. */
export function unframe(framed: Uint8Array, signed?: { claim: Signature; secret: string }): UnframedBody {
  const bytes = Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength);
  const chunks: Buffer[] = [];
  const key = signed && signingKey(signed.secret, signed.claim);
  let previous = signed?.claim.signature ?? "";
  let at = 0;
  const verify = (kind: "PAYLOAD" | "TRAILER", given: string | undefined, ...hashes: string[]): void => {
    if (signed === undefined || key === undefined) return;
    const stringToSign = [`AWS4-HMAC-SHA256-${kind}`, signed.claim.timestamp, scopeOf(signed.claim), previous, ...hashes].join("\n");
    previous = hmac(key, stringToSign).toString("hex");
    if (given === undefined || !constantTimeEqual(previous, given))
      throw new AwsError("SignatureDoesNotMatch", "The signature of a chunk of the body does not match.", { statusCode: 403 });
  };
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const header = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(bytes.toString("latin1", at, lineEnd < 0 ? at : lineEnd));
    if (header === null) throw incomplete();
    const size = Number.parseInt(header[1] ?? "", 16);
    const chunk = bytes.subarray(lineEnd + 2, lineEnd + 2 + size);
    if (chunk.length !== size) throw incomplete();
    verify("PAYLOAD", header[2], emptyHash, sha256(chunk));
    at = lineEnd + 2 + size;
    if (size === 0) break;
    chunks.push(chunk);
    at += 2;
  }
  const { trailers, signature } = readTrailers(bytes.toString("latin1", at));
  const names = Object.keys(trailers);
  if (names.length > 0) verify("TRAILER", signature, sha256(names.map((name) => `${name}:${trailers[name]}\n`).join("")));
  return { body: Buffer.concat(chunks), trailers };
}

function readTrailers(text: string): { trailers: Record<string, string>; signature?: string } {
  const trailers: Record<string, string> = {};
  let signature: string | undefined;
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const [name, value] = [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    if (name === "x-amz-trailer-signature") signature = value;
    else trailers[name] = value;
  }
  return signature === undefined ? { trailers } : { trailers, signature };
}

const incomplete = (): AwsError => new AwsError("IncompleteBody", "The request body terminated unexpectedly");
