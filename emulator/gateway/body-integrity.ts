// Which bytes a request's signature covers, and whether the body is the one that was meant: payload hashes, chunk framing, S3's checksums.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError, notImplemented } from "../aws-error.ts";
import { unframe } from "./chunked-body.ts";
import { type Signature, sha256 } from "./signature.ts";
import type { WireRequest } from "./wire.ts";

/** The payload hash that the canonical request holds. Throws where a header names a hash that the body does not have. */
export function payloadHash(request: WireRequest, claim: Signature): string {
  if (claim.service !== "s3") return sha256(request.body);
  if (claim.expiresSeconds !== undefined) return "UNSIGNED-PAYLOAD";
  const declared = request.headers["x-amz-content-sha256"];
  if (declared === undefined) throw new AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  if (declared === "UNSIGNED-PAYLOAD" || declared.startsWith("STREAMING-")) return declared;
  if (declared !== sha256(request.body))
    throw new AwsError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
  return declared;
}

/** The request with its body as the service stores it: frames removed, checksums compared. For requests whose signature holds. */
export function intactRequest(request: WireRequest, claim: Signature, secret: string): WireRequest {
  if (claim.service !== "s3") return request;
  const { body, trailers } = unframedBody(request, claim, secret);
  const headers = { ...request.headers, ...trailers };
  checkChecksums(headers, body);
  const encodings = (headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "aws-chunked");
  const { "content-encoding": _, ...others } = headers;
  return {
    ...request,
    body,
    headers: { ...others, "content-length": String(body.length), ...(encodings.length > 0 && { "content-encoding": encodings.join(",") }) },
  };
}

function unframedBody(request: WireRequest, claim: Signature, secret: string): ReturnType<typeof unframe> {
  const declared = request.headers["x-amz-content-sha256"] ?? "";
  switch (declared) {
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return unframe(request.body);
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return unframe(request.body, { claim, secret });
    default:
      if (declared.startsWith("STREAMING-")) throw notImplemented(`The payload form ${declared}`);
      return { body: request.body, trailers: {} };
  }
}

function checkChecksums(headers: Readonly<Record<string, string>>, body: Uint8Array): void {
  const md5 = headers["content-md5"];
  if (md5 !== undefined && md5 !== createHash("md5").update(body).digest("base64"))
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.");
  for (const [name, declared] of Object.entries(headers)) {
    const algorithm = /^x-amz-checksum-((?:crc|sha|xxhash|md5).*)$/.exec(name)?.[1];
    if (algorithm !== undefined && checksum(algorithm, body) !== declared)
      throw new AwsError("BadDigest", `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`);
  }
}

function checksum(algorithm: string, body: Uint8Array): string {
  switch (algorithm) {
    case "crc32": {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(body));
      return bytes.toString("base64");
    }
    case "sha1":
    case "sha256":
      return createHash(algorithm).update(body).digest("base64");
    default:
      throw notImplemented(`The checksum algorithm ${algorithm.toUpperCase()}`);
  }
}
