// A loopback HTTP server per endpoint: which one a call reaches tells where in the network it comes from.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Origin } from "../service.ts";
import { Unreachable, type WireRequest, type WireResponse } from "./wire.ts";

export interface Listener {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export type Handle = (request: WireRequest, origin: Origin) => Promise<WireResponse>;

/** @param of - `port` 0 takes a free one; `host` is a loopback address. Throws a plain Error that says what to do where the port is taken. */
export async function listen(of: { handle: Handle; origin: Origin; now: () => number; port?: number; host?: string }): Promise<Listener> {
  const { handle, origin, now, port = 0, host = "127.0.0.1" } = of;
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      // A caller without a network path sees what it would see on AWS: nothing but a dead connection. One that hung up has nobody to tell.
      if (!(error instanceof Unreachable) && !incoming.readableAborted) console.error("The emulator failed to answer a request:", error);
      incoming.socket.destroy();
    });
  });

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const response = await handle(await readRequest(incoming), origin);
    // The emulator's clock, by which clients correct the time that they sign with.
    outgoing.setHeader("date", new Date(now()).toUTCString());
    outgoing.writeHead(response.statusCode, {
      ...response.headers,
      ...(incoming.method !== "HEAD" && { "content-length": response.body.length }),
    });
    outgoing.end(incoming.method === "HEAD" ? undefined : response.body);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const listenError = (cause: NodeJS.ErrnoException, host: string, port: number): Error => {
  const advice = cause.code === "EADDRINUSE" ? "another process uses it; stop that one or choose another with --port" : cause.message;
  return new Error(`cannot listen on ${host}:${port}: ${advice}`, { cause });
};

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const [path = "/", query = ""] = splitOnce(incoming.url ?? "/", "?");
  const headers = Object.fromEntries(Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(",")]));
  return { method: incoming.method ?? "GET", path, query, headers, body: Buffer.concat(chunks) };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
