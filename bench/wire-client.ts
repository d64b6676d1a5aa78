// A client that does nothing but sign and send: what it measures is the emulator, and not an SDK's way from a command to bytes.

import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "../emulator/service.ts";

export interface WireCall {
  /** In the credential scope. */
  readonly service: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the signer wants of a hash: SHA-256, keyed where it is given a key. */
class Sha256 {
  readonly #hash: { update(data: string | Uint8Array): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", keyOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(keyOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error("a hash is used once");
  }
}

function keyOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === "string") return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export class WireClient {
  readonly #endpoint: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #signers = new Map<string, SignatureV4>();
  readonly #of: { credentials: Credentials; region: string };

  constructor(of: { endpoint: string; credentials: Credentials; region: string }) {
    this.#endpoint = new URL(of.endpoint);
    this.#of = of;
  }

  /** Signs and sends; throws for any answer but 200. */
  async send({ service, path, headers, body }: WireCall): Promise<void> {
    const { host, hostname, port } = this.#endpoint;
    const signed = await this.#signer(service).sign({
      method: "POST",
      protocol: "http:",
      hostname,
      port: Number(port),
      path,
      headers: { ...headers, host, "content-length": String(Buffer.byteLength(body)) },
      body,
    });
    const { status, text } = await this.#exchange(path, signed.headers, body);
    if (status !== 200) throw new Error(`${service} answered ${status}: ${text}`);
  }

  destroy(): void {
    this.#agent.destroy();
  }

  #signer(service: string): SignatureV4 {
    const known = this.#signers.get(service) ?? new SignatureV4({ ...this.#of, service, sha256: Sha256 });
    this.#signers.set(service, known);
    return known;
  }

  #exchange(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<{ status: number; text: string }> {
    const { hostname, port } = this.#endpoint;
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path, method: "POST", agent: this.#agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString("utf8") }));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
