// Verifies one-time codes by RFC 6238; a device accepts each code once, and none older than the newest it has accepted.

import { Secret, TOTP } from "otpauth";
import type { MfaDevice } from "./store.ts";

const stepMs = 30_000;

/** Steps by which a device may run early or late. */
const tolerance = 1;
/** When a device is enabled or resynchronised, a person has typed two codes one after the other: the first is older by then. */
const pairTolerance = 10;

const codeAt = (seed: Uint8Array, atMs: number): string => generator(seed).generate({ timestamp: atMs });

/** The step of a code that the device would accept now; undefined for wrong, spent and outdated codes. */
export function acceptableStep(device: MfaDevice, code: string, nowMs: number): number | undefined {
  const step = stepOf(device.seed, code, { nowMs, tolerance });
  return step !== undefined && step > device.lastStep ? step : undefined;
}

/** The step of the second of two consecutive codes; undefined where they are not consecutive, or of another time. */
export function consecutiveStep(device: MfaDevice, codes: readonly [string, string], nowMs: number): number | undefined {
  const first = stepOf(device.seed, codes[0], { nowMs, tolerance: pairTolerance });
  if (first === undefined || first <= device.lastStep) return undefined;
  return codeAt(device.seed, (first + 1) * stepMs) === codes[1] ? first + 1 : undefined;
}

function stepOf(seed: Uint8Array, code: string, at: { nowMs: number; tolerance: number }): number | undefined {
  const delta = generator(seed).validate({ token: code, timestamp: at.nowMs, window: at.tolerance });
  return delta === null ? undefined : Math.floor(at.nowMs / stepMs) + delta;
}

const generator = (seed: Uint8Array): TOTP =>
  new TOTP({ algorithm: "SHA1", digits: 6, period: stepMs / 1000, secret: new Secret({ buffer: Uint8Array.from(seed).buffer }) });

/** The seed as authenticator apps take it: base 32, RFC 4648. */
export const base32 = (seed: Uint8Array): string => new Secret({ buffer: Uint8Array.from(seed).buffer }).base32;
