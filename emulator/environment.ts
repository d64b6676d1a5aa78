// The account's surroundings as every service gets them: its number, its region, its clock and its randomness.

import { createHash, randomBytes, randomFillSync } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Environment } from "./service.ts";

/** The alphabet of AWS's unique ids. */
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** @param of - `seed` makes every id and key the same from run to run; for tests only, since it also makes them guessable. */
export function createEnvironment(of: { account: string; region: string; clock: Clock; seed?: string }): Environment {
  const bytes = of.seed === undefined ? drawnBytes() : seededBytes(of.seed);
  return {
    account: of.account,
    region: of.region,
    clock: of.clock,
    randomBytes: bytes,
    uniqueId: (prefix) => prefix + Array.from(bytes(16), (byte) => idAlphabet[byte % idAlphabet.length]).join(""),
    uuid() {
      const raw = Buffer.from(bytes(16));
      // Version 4, variant 1: RFC 9562.
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
  };
}

/** Random bytes drawn from the system in large pieces: every call of every client needs a few, and asking costs more than they do. */
function drawnBytes(): (size: number) => Uint8Array {
  const pool = Buffer.alloc(8192);
  let used = pool.length;
  return (size) => {
    if (size > 1024) return randomBytes(size);
    if (used + size > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const drawn = Uint8Array.from(pool.subarray(used, used + size));
    // Handed out once, and nowhere else.
    pool.fill(0, used, used + size);
    used += size;
    return drawn;
  };
}

function seededBytes(seed: string): (size: number) => Uint8Array {
  let counter = 0;
  return (size) => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < size; have += 32) blocks.push(createHash("sha256").update(`${seed}:${counter++}`).digest());
    return Buffer.concat(blocks).subarray(0, size);
  };
}
