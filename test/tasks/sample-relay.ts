// A key service for the tests of the tasks: wraps by position, and opens only under the very key and context that it wrapped for.

import { KeyturnError } from "../../core/errors.ts";
import type { Address, Generate, Rewrap, Unwrap } from "../../tasks/relay.ts";

export function sampleRelay() {
  const sealed: { plaintext: Uint8Array; address: Address }[] = [];
  /** Every plaintext key that was handed out; whoever got it is to have wiped it. */
  const handedOut: Uint8Array[] = [];
  const wrap = (plaintext: Uint8Array, address: Address): Uint8Array => {
    sealed.push({ plaintext: Uint8Array.from(plaintext), address });
    return Uint8Array.from([0x4b, sealed.length - 1]);
  };
  const find = (wrapped: Uint8Array, address: Address): Uint8Array => {
    const found = wrapped[0] === 0x4b ? sealed[wrapped[1] ?? -1] : undefined;
    if (found === undefined || JSON.stringify(found.address) !== JSON.stringify(address)) {
      throw new KeyturnError("EnvelopeUnopenable", `KMS does not open ${JSON.stringify(address)}`);
    }
    const copy = Uint8Array.from(found.plaintext);
    handedOut.push(copy);
    return copy;
  };
  const generate: Generate = async (address) => {
    const plaintext = Uint8Array.from({ length: 32 }, (_, index) => index + sealed.length);
    const wrapped = wrap(plaintext, address);
    handedOut.push(plaintext);
    return { plaintext, wrapped };
  };
  const unwrap: Unwrap = async (wrapped, from) => find(wrapped, from);
  const rewrap: Rewrap = async (wrapped, from, to) => {
    const plaintext = find(wrapped, from);
    const moved = wrap(plaintext, to);
    plaintext.fill(0);
    return moved;
  };
  return { generate, unwrap, rewrap, wrap, handedOut };
}

export const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
