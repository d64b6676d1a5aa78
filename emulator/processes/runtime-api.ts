// Lambda's Runtime API on loopback: the only way in and out of a function's process.

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type LoopbackListener, listenOnLoopback } from "./loopback-listener.ts";

/** One event for a function, as `GET /invocation/next` hands it out. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly functionArn: string;
  /** Milliseconds since the epoch, on the emulator's clock. */
  readonly nowMs: number;
  readonly deadlineMs: number;
  readonly payload: Uint8Array;
  readonly traceId: string;
  /** JSON text. */
  readonly clientContext?: string;
}

/** What a function's process says; each part comes from one request of its. */
export interface RuntimeListener {
  /** The process asks for an event; `give` answers it. */
  onReady(give: (event: RuntimeEvent) => void): void;
  onInitError(body: Buffer): void;
  onResponse(requestId: string, body: Buffer): void;
  onError(requestId: string, body: Buffer): void;
}

export interface RuntimeEndpoint {
  /** The value of `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  close(): void;
}

const version = "/2018-06-01/runtime";

/**
 * One listener for all processes; each has a path of its own that no other can guess, so that a function reaches its own events only.
 *
 * Source: "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide.
 */
export class RuntimeApi {
  readonly #listeners = new Map<string, RuntimeListener>();
  #listener: Promise<LoopbackListener> | undefined;

  async open(listener: RuntimeListener): Promise<RuntimeEndpoint> {
    this.#listener ??= listenOnLoopback((request, response) => this.#answer(request, response));
    const { address } = await this.#listener;
    const secret = randomBytes(16).toString("hex");
    this.#listeners.set(secret, listener);
    return { address: `${address}/${secret}`, close: () => void this.#listeners.delete(secret) };
  }

  async stop(): Promise<void> {
    await (await this.#listener)?.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, secret = "", path = ""] = /^\/([0-9a-f]{32})(\/.*)$/.exec(request.url ?? "") ?? [];
    const listener = this.#listeners.get(secret);
    if (listener === undefined || !path.startsWith(`${version}/`)) return refuse(response, 403, "InvalidRuntime");
    const route = `${request.method} ${path.slice(version.length)}`;
    if (route === "GET /invocation/next") return listener.onReady((event) => sendEvent(response, event));
    const body = await readBody(request);
    const [, requestId, kind] = /^POST \/invocation\/([^/]+)\/(response|error)$/.exec(route) ?? [];
    if (route === "POST /init/error") listener.onInitError(body);
    else if (requestId !== undefined && kind === "response") listener.onResponse(requestId, body);
    else if (requestId !== undefined) listener.onError(requestId, body);
    else return refuse(response, 404, "UnknownRoute");
    response.writeHead(202, { "content-type": "application/json" }).end('{"status":"OK"}');
  }
}

function sendEvent(response: ServerResponse, event: RuntimeEvent): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": event.payload.byteLength,
    // Not AWS's: the function's process sets its clock by it.
    "emulator-now-ms": String(event.nowMs),
    "lambda-runtime-aws-request-id": event.requestId,
    "lambda-runtime-deadline-ms": String(event.deadlineMs),
    "lambda-runtime-invoked-function-arn": event.functionArn,
    "lambda-runtime-trace-id": event.traceId,
    ...(event.clientContext === undefined ? {} : { "lambda-runtime-client-context": event.clientContext }),
  });
  response.end(event.payload);
}

function refuse(response: ServerResponse, status: number, errorType: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errorType, errorMessage: "The Runtime API has no such resource for this process." }));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
