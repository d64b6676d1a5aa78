import { describe, expect, it } from "vitest";
import { bytes, colours, duration, table, wrap } from "../../cli/terminal.ts";

describe("a duration reads", () => {
  it.each([
    [0, "0 ms"],
    [87.4, "87 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1440, "1.4 s"],
    [59_940, "59.9 s"],
    [60_000, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h"],
    [5_400_000, "1 h 30 min"],
    [14_400_000, "4 h"],
  ])("%d ms as %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

it.each([
  [312, "312 B"],
  [4120, "4.1 kB"],
])("%d bytes read %s", (count, text) => {
  expect(bytes(count)).toBe(text);
});

describe("a table", () => {
  it("lines its columns up", () => {
    expect(
      table([
        ["user", "keys"],
        ["alice", "1"],
      ]),
    ).toBe("  user   keys\n  alice  1");
  });

  it("wraps what its last column has too much, under that column", () => {
    expect(table([["a", "one two three"]], { width: 13 })).toBe("  a  one two\n     three");
  });
});

it("wrapping leaves a word alone that is longer than a line", () => {
  expect(wrap("a arn:aws:iam::1 b", { indent: 2, width: 8 })).toBe("a\n  arn:aws:iam::1\n  b");
});

describe("colour", () => {
  it.each<[string, { isTTY?: boolean }, NodeJS.ProcessEnv, boolean]>([
    ["on a terminal", { isTTY: true }, {}, true],
    ["not into a file", {}, {}, false],
    ["not with NO_COLOR", { isTTY: true }, { NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR, as no-color.org says", { isTTY: true }, { NO_COLOR: "" }, true],
    ["not on a dumb terminal", { isTTY: true }, { TERM: "dumb" }, false],
  ])("%s", (_, stream, environment, enabled) => {
    const { enabled: is, paint } = colours(stream, environment);
    expect(is).toBe(enabled);
    expect(paint("bold", "x") === "x").toBe(!enabled);
  });
});
