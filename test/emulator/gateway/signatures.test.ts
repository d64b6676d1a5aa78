import { createHash } from "node:crypto";
import { Sha256 } from "@smithy/core/checksum";
import { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import { createKms } from "../../../emulator/services/kms.ts";
import { createS3 } from "../../../emulator/services/s3.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const now = Date.UTC(2026, 2, 1, 9);
let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({
    clock: new MovableClock({ frozenAtMs: now }),
    services: ({ environment }) => [createKms(environment), createS3(environment)],
  });
});
afterAll(() => emulator.stop());

interface Attempt {
  readonly service?: "sts" | "kms" | "s3";
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly signedAtMs?: number;
  /** Changes the request after it was signed. */
  readonly tamper?: (request: HttpRequest) => void;
}

const wires = {
  sts: {
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    method: "POST",
    body: "Action=GetCallerIdentity&Version=2011-06-15",
  },
  kms: {
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.ListKeys" },
    method: "POST",
    body: "{}",
  },
  s3: { path: "/", headers: {}, method: "GET", body: "" },
} as const;

/** Signs with the library that the SDK uses, tampers, and sends it over the socket. */
async function attempt(of: Attempt): Promise<{ status: number; text: string }> {
  const { service = "sts", tamper } = of;
  const wire = wires[service];
  const { host, hostname, port } = new URL(emulator.endpoint);
  const request = new HttpRequest({
    method: wire.method,
    protocol: "http:",
    hostname,
    port: Number(port),
    path: wire.path,
    body: wire.body,
    headers: { host, ...wire.headers, "x-amz-content-sha256": createHash("sha256").update(wire.body).digest("hex") },
  });
  const credentials = {
    ...emulator.administrator,
    ...(of.accessKeyId && { accessKeyId: of.accessKeyId }),
    ...(of.secretAccessKey && { secretAccessKey: of.secretAccessKey }),
    ...(of.sessionToken && { sessionToken: of.sessionToken }),
  };
  const signer = new SignatureV4({
    credentials,
    region: of.region ?? "us-east-1",
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
  // The signer types its result by a package that is no dependency of ours.
  const signed = (await signer.sign(request, { signingDate: new Date(of.signedAtMs ?? now) })) as unknown as HttpRequest;
  tamper?.(signed);
  const query = new URLSearchParams(signed.query as Record<string, string>).toString();
  const { host: _, ...headers } = signed.headers;
  const response = await fetch(`${emulator.endpoint}${signed.path}${query && `?${query}`}`, {
    method: signed.method,
    headers,
    ...(signed.method === "POST" && { body: String(signed.body) }),
  });
  return { status: response.status, text: await response.text() };
}

const minute = 60_000;
const attacks: readonly (readonly [string, Attempt, Record<"sts" | "kms" | "s3", string>])[] = [
  [
    "no signature",
    { tamper: ({ headers }) => delete headers["authorization"] },
    { sts: "MissingAuthenticationToken", kms: "MissingAuthenticationTokenException", s3: "AccessDenied" },
  ],
  [
    "half a signature",
    { tamper: ({ headers }) => (headers["authorization"] = "AWS4-HMAC-SHA256 Credential=x") },
    { sts: "IncompleteSignature", kms: "IncompleteSignatureException", s3: "AuthorizationHeaderMalformed" },
  ],
  [
    "an unknown key",
    { accessKeyId: "AKIAAAAAAAAAAAAAAAAA" },
    { sts: "InvalidClientTokenId", kms: "UnrecognizedClientException", s3: "InvalidAccessKeyId" },
  ],
  [
    "a wrong secret",
    { secretAccessKey: "wrong" },
    { sts: "SignatureDoesNotMatch", kms: "InvalidSignatureException", s3: "SignatureDoesNotMatch" },
  ],
  [
    "a long-term key with a session token",
    { sessionToken: "x" },
    { sts: "InvalidClientTokenId", kms: "UnrecognizedClientException", s3: "InvalidAccessKeyId" },
  ],
  [
    "a signature of 16 minutes ago",
    { signedAtMs: now - 16 * minute },
    { sts: "Signature expired", kms: "Signature expired", s3: "RequestTimeTooSkewed" },
  ],
  [
    "a signature of 16 minutes ahead",
    { signedAtMs: now + 16 * minute },
    { sts: "Signature not yet current", kms: "Signature not yet current", s3: "RequestTimeTooSkewed" },
  ],
  [
    "a scope of another region",
    { region: "eu-west-1" },
    {
      sts: "Credential should be scoped to a valid region",
      kms: "Credential should be scoped to a valid region",
      s3: "AuthorizationHeaderMalformed",
    },
  ],
  [
    "an x-amz header added",
    { tamper: ({ headers }) => (headers["x-amz-meta-more"] = "1") },
    { sts: "must be a 'SignedHeader'", kms: "must be a 'SignedHeader'", s3: "must be a 'SignedHeader'" },
  ],
  [
    "a query added",
    { tamper: (request) => (request.query = { more: "1" }) },
    { sts: "SignatureDoesNotMatch", kms: "InvalidSignatureException", s3: "SignatureDoesNotMatch" },
  ],
  [
    "another path",
    { tamper: (request) => (request.path = "/other") },
    { sts: "SignatureDoesNotMatch", kms: "InvalidSignatureException", s3: "SignatureDoesNotMatch" },
  ],
  [
    "a signed header changed",
    { tamper: ({ headers }) => (headers["x-amz-date"] = "20260301T090001Z") },
    { sts: "SignatureDoesNotMatch", kms: "InvalidSignatureException", s3: "SignatureDoesNotMatch" },
  ],
];

describe.each(["sts", "kms", "s3"] as const)("%s", (service) => {
  test("takes what was signed well", async () => {
    expect((await attempt({ service })).status).toBe(200);
  });
  test.each(attacks)("refuses %s", async (_, attack, codes) => {
    const { status, text } = await attempt({ ...attack, service });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain(codes[service]);
  });
});

test.each(["sts", "kms"] as const)("%s refuses another body under the same signature", async (service) => {
  const tamper = (request: HttpRequest): void => {
    request.body = `${request.body} `;
  };
  expect((await attempt({ service, tamper })).text).toMatch(/SignatureDoesNotMatch|InvalidSignatureException/);
});

test("takes signatures that are a little early or late", async () => {
  for (const signedAtMs of [now - 14 * minute, now + 14 * minute]) expect((await attempt({ signedAtMs })).status).toBe(200);
});

test("names a service that it does not have", async () => {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIA/20260301/us-east-1/rds/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`;
  const response = await fetch(emulator.endpoint, { headers: { authorization, "x-amz-date": "20260301T090000Z" } });
  expect([response.status, await response.text()]).toEqual([501, expect.stringContaining("The service rds is not modelled")]);
});

test("says which port is taken and what to do", async () => {
  const port = Number(new URL(emulator.endpoint).port);
  await expect(emulator.gateway.listen({ port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: another process uses it; stop that one or choose another with --port`,
  );
});

test("records who was refused what", async () => {
  await attempt({ secretAccessKey: "wrong" });
  expect(emulator.calls.at(-1)).toMatchObject({
    service: "sts",
    outcome: "denied",
    error: { code: "SignatureDoesNotMatch" },
    origin: { sourceIp: "127.0.0.1" },
  });
});
