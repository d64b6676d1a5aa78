import { describe, expect, it } from "vitest";
import { oneLine, reduced } from "../../core/foreign-text.ts";

describe("foreign text", () => {
  it("is one line, without what turns or hides it", () => {
    expect(oneLine("a\r\nAdmin: b\u2028c\u202e d\u0000e \n")).toBe("a Admin: b c  d e");
  });

  it.each([
    ["a code", "The code 123456 was wrong", "The code [six digits] was wrong"],
    ["a code among signs", "(123456)", "([six digits])"],
    ["more digits, which are no code", "1234567 12345", "1234567 12345"],
    ["an envelope", `see kt1.${"a".repeat(300)} now`, "see […] now"],
    ["a secret access key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "[…]"],
    ["an id", "1f0e6c9a-0d7e-4d3a-8b0e-5d1f4c2b7a90", "1f0e6c9a-0d7e-4d3a-8b0e-5d1f4c2b7a90"],
    [
      "a role's ARN",
      "arn:aws:iam::111122223333:role/BatchRoleCredentialReport",
      "arn:aws:iam::111122223333:role/BatchRoleCredentialReport",
    ],
    ["64 characters without a space", "x-".repeat(32), "x-".repeat(32)],
    ["65 characters without a space", `${"x-".repeat(32)}x`, "[…]"],
    ["half of a surrogate pair", "a\ud800b", "a\ufffdb"],
    ["more than there is room for", "one two three four five six", "one two three four…"],
  ])("is reduced where it holds %s", (_what, text, expected) => {
    expect(reduced(text, expected.endsWith("four…") ? 19 : 100)).toBe(expected);
  });
});
