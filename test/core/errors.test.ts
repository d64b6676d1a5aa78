import { describe, expect, it } from "vitest";
import { failureNames, isKeyturnError, KeyturnError } from "../../core/errors.ts";

describe("a named failure", () => {
  it.each(failureNames)("%s carries its name, message, cause and facts", (name) => {
    const cause = new Error("underlying");
    const error = new KeyturnError(name, "What happened.", { cause, facts: { seconds: 7 } });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, message: "What happened.", cause, facts: { seconds: 7 } });
    expect(isKeyturnError(error, name)).toBe(true);
  });

  it("has no cause where there is none", () => {
    expect(Object.hasOwn(new KeyturnError("InvalidRun", "x"), "cause")).toBe(false);
  });

  it("is told from other errors and other names", () => {
    expect(isKeyturnError(new KeyturnError("InvalidRun", "x"), "MfaLocked")).toBe(false);
    expect(isKeyturnError(Object.assign(new Error("x"), { name: "InvalidRun" }))).toBe(false);
  });

  it("keeps clear of Step Functions' own names, which it could not be told from", () => {
    expect(failureNames.filter((name) => name.startsWith("States."))).toEqual([]);
    expect(new Set(failureNames).size).toBe(failureNames.length);
  });
});
