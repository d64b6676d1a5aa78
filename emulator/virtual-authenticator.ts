// An authenticator app without the phone: gives the codes of a seed at the emulator's time.

import { Secret, TOTP } from "otpauth";

/** RFC 6238, as AWS has it. */
const stepMs = 30_000;

export class VirtualAuthenticator {
  readonly seed: string;
  readonly #nowMs: () => number;
  readonly #totp: TOTP;

  /** @param seed - base 32, as `CreateVirtualMFADevice` gives it */
  constructor(seed: string, nowMs: () => number) {
    this.seed = seed;
    this.#nowMs = nowMs;
    this.#totp = new TOTP({ algorithm: "SHA1", digits: 6, period: stepMs / 1000, secret: Secret.fromBase32(seed) });
  }

  /** The code that the device shows now. */
  code(): string {
    return this.#at(this.#nowMs());
  }

  /** Two consecutive codes to enable a device with: past ones, so that enabling spends none that is still good for something. */
  activationCodes(): readonly [string, string] {
    return [this.#at(this.#nowMs() - 3 * stepMs), this.#at(this.#nowMs() - 2 * stepMs)];
  }

  /** A code that is none of the device's around now. */
  wrongCode(): string {
    const near = new Set([-2, -1, 0, 1, 2].map((steps) => this.#at(this.#nowMs() + steps * stepMs)));
    return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.has(code)) ?? "666666";
  }

  #at(timestamp: number): string {
    return this.#totp.generate({ timestamp });
  }
}
