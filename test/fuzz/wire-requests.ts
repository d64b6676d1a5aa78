// Requests as bytes: caught from the SDK before they are sent, and signed again after they were changed.

import { Sha256 } from "@smithy/core/checksum";
import { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { inProcessOptions } from "../../emulator/gateway/in-process.ts";
import { queryPairs, type WireRequest } from "../../emulator/gateway/wire.ts";
import type { Credentials, Service } from "../../emulator/service.ts";

const region = "us-east-1";

class Caught extends Error {}

interface SdkClient {
  send(command: object): Promise<unknown>;
}

/** What the SDK would send for one operation, unsent. Undefined where the SDK itself refuses the input. */
export type Catcher = (input: object) => Promise<WireRequest | undefined>;

/** @param credentials - anybody's; the signature is made anew anyway */
export function catcherFor(clientPackage: object, operation: string, credentials: Credentials): Catcher {
  const exported = clientPackage as Readonly<Record<string, unknown>>;
  const clientName = Object.keys(exported).find((name) => /^[A-Z]\w*Client$/.test(name));
  const Client = exported[clientName ?? ""] as new (options: object) => SdkClient;
  const Command = exported[`${operation}Command`] as new (input: object) => object;
  return async (input) => {
    let caught: WireRequest | undefined;
    const options = inProcessOptions({
      handle: async (request) => {
        caught = request;
        throw new Caught();
      },
      credentials,
      origin: { sourceIp: "127.0.0.1" },
      region,
      now: () => Date.now(),
    });
    // The SDK refuses empty path members, binary headers and the like by itself; there is nothing to send then.
    await new Client({ ...options, maxAttempts: 1, requestChecksumCalculation: "WHEN_REQUIRED", logger: silent })
      .send(new Command(input))
      .catch(() => undefined);
    return caught;
  };
}

const ignore = (): void => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore };

const madeByTheSigner = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/** The same request with a good signature over what it now is. */
export async function signed(
  request: WireRequest,
  of: { service: Service; credentials: Credentials; nowMs: number },
): Promise<WireRequest> {
  const { service, credentials, nowMs } = of;
  const signer = new SignatureV4({
    credentials,
    region,
    service: service.signingName,
    sha256: Sha256,
    uriEscapePath: service.signingName !== "s3",
  });
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !madeByTheSigner.includes(name)));
  const unsigned = new HttpRequest({
    method: request.method,
    path: request.path,
    query: queryOf(request),
    headers: { ...headers, host: "192.0.2.1" },
    body: request.body,
  });
  // The signer types its result by a package that is no dependency of ours.
  const result = (await signer.sign(unsigned, { signingDate: new Date(nowMs) })) as unknown as HttpRequest;
  return { ...request, headers: lowerCased(result.headers) };
}

function queryOf(request: WireRequest): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  try {
    for (const [name, value] of queryPairs(request.query))
      query[name] = [...(Object.hasOwn(query, name) ? (query[name] ?? []) : []), value];
  } catch (error) {
    // Not well encoded: whatever is signed, the emulator has to refuse it.
    if (!(error instanceof URIError)) throw error;
  }
  return query;
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
