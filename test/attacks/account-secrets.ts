// Every secret that the account has held so far, by name: what a leak would be a leak of.

import type { Deployed } from "./attacked-account.ts";

/** Keeps what has been seen: sessions come and go while runs are played. */
export class AccountSecrets {
  readonly #at: Deployed;
  readonly #seen = new Map<string, string>();

  constructor(at: Deployed) {
    this.#at = at;
  }

  plant(name: string, secret: string): void {
    this.#seen.set(name, secret);
  }

  /** Access keys, sessions and seeds, as many as there have been. */
  all(): ReadonlyMap<string, string> {
    const { accessKeys, sessions, mfaDevices } = this.#at.emulator.store;
    for (const { userName, accessKeyId, secretAccessKey } of accessKeys.values())
      this.#seen.set(`access key ${accessKeyId} of ${userName}`, secretAccessKey);
    for (const { caller, accessKeyId, secretAccessKey, sessionToken } of sessions.values()) {
      this.#seen.set(`secret of the session ${accessKeyId} of ${caller.arn}`, secretAccessKey);
      this.#seen.set(`token of the session ${accessKeyId} of ${caller.arn}`, sessionToken);
    }
    for (const { name, seed } of mfaDevices.values()) this.#seen.set(`seed of ${name}`, Buffer.from(seed).toString("ascii"));
    return this.#seen;
  }

  /** Without what one session consists of: its holder may have it. */
  allBut(accessKeyId: string | undefined): ReadonlyMap<string, string> {
    return new Map([...this.all()].filter(([name]) => accessKeyId === undefined || !name.includes(` ${accessKeyId} `)));
  }
}
