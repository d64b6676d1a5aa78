// SDK clients for the emulator as anybody outside it would build them: its endpoint, over the socket, with one person's credentials.

import type { Credentials } from "../../emulator/service.ts";

export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

/** A client of the given class; whoever makes it destroys it. */
export const signedIn = <Client>(
  client: new (options: ClientOptions) => Client,
  credentials: Credentials,
  { endpoint, region }: { endpoint: string; region: string },
): Client => new client({ endpoint, region, credentials });
