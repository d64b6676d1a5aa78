// SDK clients inside the emulator's process: the same bytes as over a socket, signed at the emulator's time, without the socket.

import { Readable } from "node:stream";
import { buildQueryString } from "@smithy/core/protocols";
import { HttpResponse } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials, Origin } from "../service.ts";
import type { Handle } from "./listener.ts";
import { utf8 } from "./wire.ts";

/** What the SDK hands to a request handler; its own type lives in a package that is no dependency of ours. */
interface SdkRequest {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query?: Parameters<typeof buildQueryString>[0];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type SignerOptions = ConstructorParameters<typeof SignatureV4>[0];
type SignRequest = Parameters<SignatureV4["sign"]>;

/** Options for any SDK client; addresses are of a TEST-NET host, so a client that escaped this handler would reach nobody. */
export function inProcessOptions(of: {
  handle: Handle;
  credentials: Credentials;
  origin: Origin;
  region: string;
  now: () => number;
}): object {
  const { handle, credentials, origin, region, now } = of;
  return {
    region,
    credentials,
    endpoint: "http://192.0.2.1",
    // Only names that the emulator resolves itself.
    disableHostPrefix: true,
    useQueueUrlAsEndpoint: false,
    signerConstructor: class {
      readonly #signer: SignatureV4;
      constructor(options: SignerOptions) {
        this.#signer = new SignatureV4(options);
      }
      sign(request: SignRequest[0], options: object): Promise<unknown> {
        return this.#signer.sign(request, { ...options, signingDate: new Date(now()) });
      }
    },
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      async handle(request: SdkRequest) {
        const { statusCode, headers, body } = await handle(
          {
            method: request.method,
            path: request.path,
            query: buildQueryString(request.query ?? {}),
            headers: lowerCaseNames(request.headers),
            body: await bytesOf(request.body),
          },
          origin,
        );
        return { response: new HttpResponse({ statusCode, headers: { ...headers }, body: Readable.from([body]) }) };
      },
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
      destroy: () => undefined,
    },
  };
}

const lowerCaseNames = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === "string") return utf8(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof Readable) return Buffer.concat(await body.map((chunk: Uint8Array | string) => Buffer.from(chunk)).toArray());
  throw new TypeError(`an SDK client sent a body of a kind that the emulator cannot read: ${Object.prototype.toString.call(body)}`);
}
