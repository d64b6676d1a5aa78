import { describe, expect, it } from "vitest";
import { reasonFault } from "../../core/reason.ts";

describe("a reason", () => {
  it.each(["Weekly credential report", "é ü 漢字 🙂", "x".repeat(256)])("may be %s", (reason) => {
    expect(reasonFault(reason)).toBeUndefined();
  });

  it.each([
    ["nothing", "", "is empty; leave it out or say why"],
    ["blanks", "  ", "is empty; leave it out or say why"],
    ["a long text", "x".repeat(257), "257 characters; at most 256"],
    ["two lines", "a\nb", "must be one line without control characters"],
    ["a line separator", "a\u2028b", "must be one line without control characters"],
    ["a direction mark", "a\u202eb", "must be one line without control characters"],
    ["half a character", "a\ud800", "must be one line without control characters"],
  ])("may not be %s", (_what, reason, fault) => {
    expect(reasonFault(reason)).toBe(fault);
  });
});
