// The functions that Step Functions adds to JSONata, takes away from it, or feeds from its own clock and ids.

import { createHash } from "node:crypto";
import jsonata from "jsonata";

/** Where queries get time, ids and randomness from. */
export interface QuerySources {
  /** Milliseconds since the epoch. */
  now(): number;
  uuid(): string;
  /** 0 ≤ n < 1. */
  random(): number;
}

const hashAlgorithms: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

/** As many items as JSONata's own range operator allows. */
const longestRange = 10_000_000;

/** Where the arguments make no list, the functions below give nothing, as AWS's do, and the field fails that asked for it. */
function partition(array: readonly unknown[] | undefined, size: number | undefined): unknown[] | undefined {
  const length = Math.trunc(size ?? 0);
  if (array === undefined || array.length === 0 || length < 1) return undefined;
  return Array.from({ length: Math.ceil(array.length / length) }, (_, index) => array.slice(index * length, (index + 1) * length));
}

/** Arguments are rounded towards zero; a range of one number is that number, not a list. */
function range(first: number | undefined, last: number | undefined, step: number | undefined): number[] | number | undefined {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const [from, to, by] = [Math.trunc(first), Math.trunc(last), Math.trunc(step)];
  if (by === 0) return undefined;
  const length = Math.floor((to - from) / by) + 1;
  if (length > longestRange) throw new RangeError(`$range: ${length} items are more than ${longestRange}`);
  if (length <= 1) return length === 1 ? from : undefined;
  return Array.from({ length }, (_, index) => from + index * by);
}

function hash(text: string | undefined, algorithm: string | undefined): string | undefined {
  if (text === undefined || algorithm === undefined) return undefined;
  const name = hashAlgorithms[algorithm];
  if (name === undefined) throw new RangeError(`$hash: ${algorithm} is none of ${Object.keys(hashAlgorithms).join(", ")}`);
  return createHash(name).update(text, "utf8").digest("hex");
}

/** The same seed gives the same number (mulberry32; AWS does not document its generator). */
function seededRandom(seed: number): number {
  let mixed = (Math.trunc(seed) + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const formatTime = jsonata("$fromMillis($at, $picture, $zone)");

/**
 * Gives a compiled expression Step Functions' functions (Developer Guide, "Transforming data with JSONata").
 * `$eval` is not there; `$now` and `$millis` show the emulator's clock.
 */
export function addStepFunctions(expression: jsonata.Expression, sources: QuerySources): void {
  expression.registerFunction("partition", partition, "<an:a>");
  expression.registerFunction("range", range, "<nnn?:a>");
  expression.registerFunction("hash", hash, "<ss?:s>");
  expression.registerFunction("random", (seed?: number) => (seed === undefined ? sources.random() : seededRandom(seed)), "<n?:n>");
  expression.registerFunction("uuid", () => sources.uuid(), "<:s>");
  expression.registerFunction("parse", (text?: string) => (text === undefined ? undefined : (JSON.parse(text) as unknown)), "<s:x>");
  expression.registerFunction("millis", () => sources.now(), "<:n>");
  expression.registerFunction(
    "now",
    (picture?: string, zone?: string) => formatTime.evaluate(undefined, { at: sources.now(), picture, zone }),
    "<s?s?:s>",
  );
  expression.assign("eval", undefined);
}
