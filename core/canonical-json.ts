// One text for one value, so that a digest of it means the value and not its spelling.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/**
 * Canonical JSON: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript prints them.
 *
 * Source: RFC 8785 (JSON Canonicalization Scheme). Throws on what JSON cannot hold (NaN, infinities, undefined, half of a surrogate pair).
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`);
  if (value === undefined) throw new TypeError("canonical JSON has no undefined");
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("canonical JSON has no half of a surrogate pair");
  return JSON.stringify(value);
}
