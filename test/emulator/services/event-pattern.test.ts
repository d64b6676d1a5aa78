// Which events a pattern is for: AWS's documented comparisons, each with an event that it takes and one that it does not.

import { describe, expect, it } from "vitest";
import { parsePattern } from "../../../emulator/services/events/pattern.ts";

const matches = (pattern: unknown, event: unknown): boolean => parsePattern(JSON.stringify(pattern))(event);

describe("a pattern", () => {
  it.each<[name: string, pattern: object, taken: readonly object[], left: readonly object[]]>([
    ["a value", { a: ["x", 3, true, null] }, [{ a: "x" }, { a: 3 }, { a: true }, { a: null }], [{ a: "3" }, { a: false }, {}, { a: {} }]],
    ["members beside others", { a: { b: ["x"] } }, [{ a: { b: "x", c: 1 }, d: 2 }], [{ a: { c: "x" } }, { a: "x" }, { b: "x" }]],
    ["all of its members", { a: ["x"], b: ["y"] }, [{ a: "x", b: "y" }], [{ a: "x" }, { a: "x", b: "x" }]],
    ["one element of an array", { a: ["x"] }, [{ a: ["w", "x"] }, { a: [["x"]] }], [{ a: ["w"] }, { a: [] }]],
    [
      "members of one element, and not of two",
      { a: { b: [1], c: [2] } },
      [{ a: [{ b: 0 }, { b: 1, c: 2 }] }],
      [{ a: [{ b: 1 }, { c: 2 }] }],
    ],
    ["prefix", { a: [{ prefix: "in" }] }, [{ a: "init" }, { a: "in" }], [{ a: "begin" }, { a: 1 }, {}]],
    ["prefix, ignoring case", { a: [{ prefix: { "equals-ignore-case": "IN" } }] }, [{ a: "init" }], [{ a: "begin" }]],
    ["suffix", { a: [{ suffix: ".csv" }] }, [{ a: "a.csv" }], [{ a: "a.csv.gz" }]],
    ["suffix, ignoring case", { a: [{ suffix: { "equals-ignore-case": ".CSV" } }] }, [{ a: "a.csv" }], [{ a: "a.tsv" }]],
    ["equals-ignore-case", { a: [{ "equals-ignore-case": "Alice" }] }, [{ a: "alice" }], [{ a: "alices" }]],
    [
      "wildcard",
      { a: [{ wildcard: "in/*/x*.csv" }] },
      [{ a: "in/2026/x1.csv" }, { a: "in//x.csv" }],
      [{ a: "in/x.csv" }, { a: "in/a/x.cs" }],
    ],
    ["wildcard, escaped", { a: [{ wildcard: "a\\*b\\\\*" }] }, [{ a: "a*b\\c" }], [{ a: "aXb\\c" }, { a: "a*bc" }]],
    ["wildcard whose ends would overlap", { a: [{ wildcard: "ab*ba" }] }, [{ a: "abba" }], [{ a: "aba" }]],
    ["anything-but", { a: [{ "anything-but": "x" }] }, [{ a: "y" }, { a: 1 }, { a: ["x", "y"] }], [{ a: "x" }, { a: ["x"] }, {}]],
    ["anything-but a number", { a: [{ "anything-but": 100 }] }, [{ a: 101 }, { a: "100" }], [{ a: 100 }]],
    ["anything-but any of several", { a: [{ "anything-but": ["x", "y"] }] }, [{ a: "z" }], [{ a: "x" }, { a: "y" }]],
    ["anything-but a prefix", { a: [{ "anything-but": { prefix: "in" } }] }, [{ a: "begin" }], [{ a: "init" }]],
    [
      "anything-but any of several suffixes",
      { a: [{ "anything-but": { suffix: [".a", ".b"] } }] },
      [{ a: "x.c" }],
      [{ a: "x.a" }, { a: "x.b" }],
    ],
    ["anything-but whatever the case", { a: [{ "anything-but": { "equals-ignore-case": ["X"] } }] }, [{ a: "y" }], [{ a: "x" }]],
    ["anything-but a wildcard", { a: [{ "anything-but": { wildcard: "*/lib/*" } }] }, [{ a: "src" }], [{ a: "a/lib/b" }]],
    ["numeric", { a: [{ numeric: [">", 0, "<=", 5] }] }, [{ a: 5 }, { a: 0.1 }], [{ a: 0 }, { a: 5.1 }, { a: "3" }]],
    ["numeric, one bound", { a: [{ numeric: ["=", 301.8] }] }, [{ a: 3.018e2 }], [{ a: 301 }]],
    ["exists", { a: [{ exists: true }] }, [{ a: null }, { a: ["x"] }], [{}, { a: {} }, { a: [] }]],
    ["exists, not", { a: [{ exists: false }] }, [{}, { a: { b: 1 } }], [{ a: 1 }]],
    ["absent or a value", { a: ["x", { exists: false }] }, [{}, { a: "x" }], [{ a: "y" }]],
    ["cidr", { a: [{ cidr: "10.0.0.0/24" }] }, [{ a: "10.0.0.255" }], [{ a: "10.0.1.0" }, { a: "10.0.0" }, { a: "::1" }]],
    ["cidr of IPv6", { a: [{ cidr: "2001:db8::/32" }] }, [{ a: "2001:db8::1" }], [{ a: "2001:db9::1" }, { a: "10.0.0.1" }]],
    [
      "$or",
      { s: ["q"], $or: [{ a: ["x"] }, { b: { c: [1] } }] },
      [
        { s: "q", a: "x" },
        { s: "q", b: { c: 1 } },
      ],
      [{ s: "q" }, { a: "x" }],
    ],
    ["nothing by birth", { constructor: { name: ["Object"] } }, [{ constructor: { name: "Object" } }], [{}]],
  ])("%s", (_, pattern, taken, left) => {
    expect(taken.filter((event) => !matches(pattern, event))).toEqual([]);
    expect(left.filter((event) => matches(pattern, event))).toEqual([]);
  });

  it.each<[reason: string, pattern: unknown]>([
    ["Filter is not an object", []],
    ["Empty objects are not allowed", {}],
    ["Empty objects are not allowed", { detail: {} }],
    ["Empty arrays are not allowed", { source: [] }],
    ['"detail.a" must be an object or an array', { detail: { a: "x" } }],
    ["Unrecognized match type regex", { a: [{ regex: ".*" }] }],
    ["Unrecognized match type constructor", { a: [{ constructor: "x" }] }],
    ['Only one key allowed in match expression of "a"', { a: [{ prefix: "x", suffix: "y" }] }],
    ['Only one key allowed in match expression of "a"', { a: [["x"]] }],
    ['prefix of "a" must be a non-empty string', { a: [{ prefix: 1 }] }],
    ['exists of "a" must be either true or false', { a: [{ exists: "yes" }] }],
    ["Unsupported anything-but pattern: numeric", { a: [{ "anything-but": { numeric: ["=", 1] } }] }],
    ['anything-but of "a" takes strings and numbers', { a: [{ "anything-but": [true] }] }],
    ['numeric of "a" takes an operator and a number', { a: [{ numeric: ["<", 1, ">", 3] }] }],
    ['numeric of "a" takes an operator and a number', { a: [{ numeric: ["=", "1"] }] }],
    ["Consecutive wildcard characters", { a: [{ wildcard: "a**b" }] }],
    ["Invalid escape character", { a: [{ wildcard: "a\\b" }] }],
    ["Malformed CIDR, 10.0.0.0", { a: [{ cidr: "10.0.0.0" }] }],
    ["Malformed CIDR, 10.0.0.0/33", { a: [{ cidr: "10.0.0.0/33" }] }],
    ["$or must be an array of two or more objects", { $or: [{ a: ["x"] }] }],
  ])("is refused: %s", (reason, pattern) => {
    expect(() => parsePattern(JSON.stringify(pattern))).toThrow(
      expect.objectContaining({ name: "InvalidEventPatternException", message: expect.stringContaining(reason) }),
    );
  });

  it("is refused when it is not JSON, or longer than 4096 bytes", () => {
    expect(() => parsePattern("{")).toThrow("Event pattern is not valid. Reason: not JSON");
    expect(() => parsePattern(JSON.stringify({ a: ["x".repeat(4096)] }))).toThrow("Pattern is longer than 4096 bytes");
  });
});
