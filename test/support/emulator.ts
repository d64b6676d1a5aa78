// The emulator as tests start it: a moving or frozen clock, a real socket, and an administrator.

import { MovableClock } from "../../emulator/clock.ts";
import { createFoundation, type Foundation } from "../../emulator/foundation.ts";
import type { CallRecord } from "../../emulator/gateway/call-record.ts";
import type { Credentials, Service } from "../../emulator/service.ts";

export interface TestEmulator extends Foundation {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Every call so far, refused ones included. */
  readonly calls: readonly CallRecord[];
  /** A real SDK client over the socket, as the administrator or as `credentials`. Destroyed on `stop`. */
  client<Client extends { destroy(): void }>(ctor: new (options: ClientOptions) => Client, credentials?: Credentials): Client;
  stop(): Promise<void>;
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
}

export interface TestEmulatorOptions {
  /** Builds the services under test on the foundation; STS is always there. */
  readonly services?: (foundation: Foundation) => readonly { readonly service: Service; stop?(): Promise<void> }[];
  /** Runs at real speed where left out. */
  readonly clock?: MovableClock;
  readonly account?: string;
  readonly region?: string;
}

export async function startTestEmulator(options: TestEmulatorOptions = {}): Promise<TestEmulator> {
  const { clock = new MovableClock(), account = "111122223333", region = "us-east-1" } = options;
  const calls: CallRecord[] = [];
  const foundation = createFoundation({ account, region, clock, onCall: (record) => calls.push(record) });
  const services = options.services?.(foundation) ?? [];
  for (const { service } of services) foundation.gateway.mount(service);
  const listener = await foundation.gateway.listen({});
  const clients: { destroy(): void }[] = [];
  return {
    ...foundation,
    endpoint: listener.url,
    calls,
    client(ctor, credentials = foundation.administrator) {
      // Two attempts: the second is the SDK's own answer to a clock that a test has moved.
      const client = new ctor({ endpoint: listener.url, region, credentials, maxAttempts: 2 });
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.destroy();
      for (const service of services) await service.stop?.();
      await foundation.gateway.stop();
      clock.stop();
    },
  };
}
