// Wildcards and address ranges against references written another way.

import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileIpRange } from "../../policy/ip-range.ts";
import { compileArn, compileGlob, compileResource, type Matcher, type Piece } from "../../policy/pattern.ts";

/** Straight from the definition: `*` takes nothing or one more character, `?` exactly one. Slow, and obviously right. */
const naive = (pattern: string, text: string): boolean => {
  const [head] = pattern;
  if (head === undefined) return text === "";
  if (head === "*") return naive(pattern.slice(1), text) || (text !== "" && naive(pattern, text.slice(1)));
  return text !== "" && (head === "?" || head === text[0]) && naive(pattern.slice(1), text.slice(1));
};

const pieces = (text: string): readonly Piece[] => [{ text, verbatim: false }];
const from = (alphabet: string, maxLength: number) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength });
const matches = (compile: (pieces: readonly Piece[]) => Matcher, pattern: string, text: string): boolean => compile(pieces(pattern))(text);

/** Six parts, so that patterns and ARNs often meet. */
const arnLike = (part: string) =>
  fc.array(from(part, 3), { minLength: 6, maxLength: 6 }).map((parts) => ["arn", ...parts.slice(1)].join(":"));

describe("wildcards", () => {
  it("match exactly what the definition says", () => {
    fc.assert(
      fc.property(from("ab*?", 8), from("ab", 8), (pattern, text) => {
        expect(matches(compileGlob, pattern, text)).toBe(naive(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  it("are plain characters in verbatim text", () => {
    fc.assert(
      fc.property(from("ab*?", 4), from("ab*?", 4), from("ab*?", 8), (verbatim, rest, text) => {
        const compiled = compileGlob([{ text: verbatim, verbatim: true }, ...pieces(rest)]);
        expect(compiled(text)).toBe(text.startsWith(verbatim) && naive(rest, text.slice(verbatim.length)));
      }),
      { numRuns: 5000 },
    );
  });

  it("stay within their part in ARN conditions", () => {
    fc.assert(
      fc.property(arnLike("a*?"), arnLike("a"), (pattern, arn) => {
        const texts = arn.split(":");
        const expected = pattern.split(":").every((part, index) => naive(part, texts[index] ?? ""));
        expect(matches(compileArn, pattern, arn)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it("reach in a Resource at least as far as part by part and at most as far as over the whole text", () => {
    fc.assert(
      fc.property(arnLike("a*?"), fc.oneof(arnLike("a"), arnLike("a:")), (pattern, arn) => {
        const resource = matches(compileResource, pattern, arn);
        if (matches(compileArn, pattern, arn)) expect(resource).toBe(true);
        if (!naive(pattern, arn)) expect(resource).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  it("take time that does not explode with their number", () => {
    const matcher = compileGlob(pieces(`${"a*".repeat(200)}b`));
    expect(matcher("a".repeat(5000))).toBe(false);
  });
});

const groups = fc.array(fc.nat({ max: 0xffff }), { minLength: 7, maxLength: 7 });
const ipv6 = groups.map((rest) => ["2001", ...rest.map((group) => group.toString(16))].join(":"));
/** Few different bytes, so that ranges are hit. */
const ipv4 = fc.array(fc.constantFrom(0, 1, 10, 127, 128, 255), { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join("."));

describe("address ranges", () => {
  it("hold the IPv4 addresses that Node's own block list finds in them", () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 1, max: 32 }), ipv4, (network, prefix, address) => {
        const list = new BlockList();
        list.addSubnet(network, prefix);
        expect(compileIpRange(`${network}/${prefix}`)?.(address)).toBe(list.check(address));
      }),
    );
  });

  it("hold the IPv6 addresses that Node's own block list finds in them", () => {
    fc.assert(
      fc.property(ipv6, fc.integer({ min: 1, max: 128 }), ipv6, fc.nat({ max: 128 }), (network, prefix, other, shared) => {
        const list = new BlockList();
        list.addSubnet(network, prefix, "ipv6");
        // An address that shares its first groups with the network, so that both answers occur.
        const kept = Math.floor(shared / 16);
        const address = [...network.split(":").slice(0, kept), ...other.split(":").slice(kept)].join(":");
        expect(compileIpRange(`${network}/${prefix}`)?.(address)).toBe(list.check(address, "ipv6"));
      }),
    );
  });

  it.each(["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001"])("know %s as one address", (address) => {
    expect(compileIpRange("2001:db8::1")?.(address)).toBe(true);
  });

  it.each(["10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/8/8", "10.0.0.0/", "fe80::1%eth0"])("are not %s", (range) => {
    expect(compileIpRange(range)).toBeUndefined();
  });
});
