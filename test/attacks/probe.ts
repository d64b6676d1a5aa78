// What an attack on one permission is: something tried for real, and everybody who may do it.

import type { Deployed, Principal } from "./attacked-account.ts";
import type { Specimens } from "./specimens.ts";

/** A client of the given class with the attacker's credentials. */
export type ClientOf = <Client>(client: new (options: object) => Client) => Client;

export interface Probe {
  /** What is tried, as the matrix shows it. */
  readonly what: string;
  /** Everybody who may; all others must be refused. */
  readonly may: readonly Principal[];
  attempt(clientOf: ClientOf, at: Deployed, of: Specimens): Promise<unknown>;
}

/** Each is unique, so that a probe that is allowed twice meets nothing of its own. */
let serial = 0;
export const unique = (): string => `probe-${++serial}`;

/** Several calls that one permission of the matrix stands for: all are made, however the first ones end. */
export async function eachOf(...calls: readonly Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(calls);
  const failed = ended.find((call) => call.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
