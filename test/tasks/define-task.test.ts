import { describe, expect, it } from "vitest";
import { KeyturnError } from "../../core/errors.ts";
import { defineTask, type Task } from "../../tasks/define-task.ts";

const context = { awsRequestId: "request-1" };

function shellAt(...times: number[]) {
  const lines: unknown[] = [];
  return { lines, shell: { nowMs: () => times.shift() ?? Number.NaN, write: (line: string) => void lines.push(JSON.parse(line)) } };
}

const task = (change: Partial<Task<{ run: string; secret: string }, { expiresAt: string; envelope: string }>> = {}) => ({
  state: "ValidateMfa",
  parse: (event: unknown) => event as { run: string; secret: string },
  perform: async () => ({ expiresAt: "2026-11-21T08:15:00Z", envelope: "kt1.secret" }),
  ...change,
});

describe("a task", () => {
  it("returns what it did and logs the run, the state, the request, how long it took and how it ended, but neither event nor result", async () => {
    const { lines, shell } = shellAt(1000, 1042);
    const handler = defineTask(task({ describe: ({ expiresAt }) => ({ expiresAt }) }), shell);
    expect(await handler({ run: "run-1", secret: "123456" }, context)).toEqual({
      expiresAt: "2026-11-21T08:15:00Z",
      envelope: "kt1.secret",
    });
    expect(lines).toEqual([
      {
        level: "INFO",
        state: "ValidateMfa",
        run: "run-1",
        requestId: "request-1",
        cold: true,
        outcome: "succeeded",
        durationMs: 42,
        expiresAt: "2026-11-21T08:15:00Z",
      },
    ]);
  });

  it("says which invocation was the first of its process", async () => {
    const { lines, shell } = shellAt(0, 1, 2, 3);
    const handler = defineTask(task(), shell);
    await handler({ order: { run: "run-1" } }, context);
    await handler({ order: { run: "run-2" } }, context);
    expect(lines).toMatchObject([
      { run: "run-1", cold: true },
      { run: "run-2", cold: false },
    ]);
  });

  it("lets a named failure through as it is, and logs its name, message and facts", async () => {
    const failure = new KeyturnError("MfaRejected", "Run run-1: the code is spent.", {
      cause: new Error("cause"),
      facts: { waitSeconds: 7 },
    });
    const { lines, shell } = shellAt(0, 5);
    const handler = defineTask(task({ perform: () => Promise.reject(failure) }), shell);
    await expect(handler({ run: "run-1" }, context)).rejects.toBe(failure);
    expect(lines).toEqual([
      {
        level: "ERROR",
        state: "ValidateMfa",
        run: "run-1",
        requestId: "request-1",
        cold: true,
        outcome: "failed",
        durationMs: 5,
        errorName: "MfaRejected",
        message: "Run run-1: the code is spent.",
        facts: { waitSeconds: 7 },
      },
    ]);
  });

  it("logs of a foreign error the name alone, for its message may quote what it choked on", async () => {
    const foreign = Object.assign(new Error("cannot read 123456"), { name: "ThrottlingException" });
    const { lines, shell } = shellAt(0, 5);
    const handler = defineTask(task({ perform: () => Promise.reject(foreign) }), shell);
    await expect(handler({ run: "run-1" }, context)).rejects.toBe(foreign);
    expect(lines).toMatchObject([{ errorName: "ThrottlingException" }]);
    expect(JSON.stringify(lines)).not.toContain("123456");
  });

  it.each([[undefined], [null], ["text"], [[]], [{}], [{ order: null }], [{ run: 7 }]])(
    "logs an event without a run as well: %j",
    async (event) => {
      const { lines, shell } = shellAt(0, 1);
      const parse = () => {
        throw new KeyturnError("OrderMismatch", "Not an order.");
      };
      await expect(defineTask(task({ parse }), shell)(event, context)).rejects.toThrow("Not an order.");
      expect(lines).toMatchObject([{ outcome: "failed", errorName: "OrderMismatch" }]);
      expect(lines[0]).not.toHaveProperty("run");
    },
  );
});
