// The container credentials endpoint: a job's own way to the credentials of its role, which never stand in its environment.

import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RoleSession } from "../service.ts";
import { type LoopbackListener, listenOnLoopback } from "./loopback-listener.ts";

export interface CredentialsEndpoint {
  /** What the SDKs read. */
  readonly variables: { readonly AWS_CONTAINER_CREDENTIALS_FULL_URI: string; readonly AWS_CONTAINER_AUTHORIZATION_TOKEN: string };
  close(): void;
}

interface Registration {
  readonly token: string;
  readonly roleArn: string;
  session(): Promise<RoleSession>;
}

/** One listener on loopback; each job has a path and a token that no other can guess. */
export class ContainerCredentials {
  readonly #registrations = new Map<string, Registration>();
  #listener: Promise<LoopbackListener> | undefined;

  async open(of: { roleArn: string; session: () => Promise<RoleSession> }): Promise<CredentialsEndpoint> {
    this.#listener ??= listenOnLoopback((request, response) => this.#answer(request, response));
    const { address } = await this.#listener;
    const path = `/v2/credentials/${randomBytes(24).toString("hex")}`;
    const token = randomBytes(32).toString("base64url");
    this.#registrations.set(path, { ...of, token });
    return {
      variables: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${address}${path}`, AWS_CONTAINER_AUTHORIZATION_TOKEN: token },
      close: () => void this.#registrations.delete(path),
    };
  }

  async stop(): Promise<void> {
    await (await this.#listener)?.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const registration = this.#registrations.get(request.url ?? "");
    const given = Buffer.from(request.headers.authorization ?? "");
    const expected = Buffer.from(registration?.token ?? "");
    if (registration === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return send(response, 403, { code: "AccessDenied", message: "No such container, or not its authorization token." });
    }
    try {
      const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = await registration.session();
      send(response, 200, {
        RoleArn: registration.roleArn,
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: new Date(expiresAtMs).toISOString(),
      });
    } catch (error) {
      send(response, 500, { code: (error as Error).name, message: (error as Error).message });
    }
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(JSON.stringify(body));
}
