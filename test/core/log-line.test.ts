import { describe, expect, it } from "vitest";
import { logLine } from "../../core/log-line.ts";

describe("a log line", () => {
  it("is one JSON object on one line, whatever is in it", () => {
    const line = logLine({ run: 'a\n{"level":"INFO"}', durationMs: 12, missing: undefined, count: 12n });
    expect(line).toBe('{"run":"a\\n{\\"level\\":\\"INFO\\"}","durationMs":12,"count":"12"}');
    expect(line).not.toContain("\n");
  });

  it("reduces an error to its name", () => {
    const error = Object.assign(new Error("quotes a secret"), { name: "AccessDenied" });
    expect(logLine({ error, facts: { cause: error } })).toBe('{"error":"AccessDenied","facts":{"cause":"AccessDenied"}}');
  });
});
