import { afterEach, expect, test, vi } from "vitest";
import { Query } from "../../../emulator/states/query.ts";

const query = (text: string): Query => new Query(`{% ${text} %}`, "Output", { now: () => 0, uuid: () => "an-id", random: () => 0.5 });
const evaluate = (text: string) => query(text).evaluate({ states: { input: {} } });

const countdown = "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f";

afterEach(() => vi.restoreAllMocks());

test("evaluations nest as deep as AWS lets them, and no deeper", async () => {
  expect(await evaluate(`${countdown}(31))`)).toBe(31);
  await expect(evaluate(`${countdown}(32))`)).rejects.toThrow(
    "threw an error during evaluation. Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive. Depth=101 max=100",
  );
});

test("evaluations of one expression side by side do not add up", async () => {
  const one = query(`${countdown}(20))`);
  const bindings = { states: { input: {} } };
  expect(await Promise.all(Array.from({ length: 10 }, () => one.evaluate(bindings)))).toEqual(Array.from({ length: 10 }, () => 20));
});

test("a tail call does not nest", async () => {
  expect(await evaluate("($f := function($n, $sum) { $n = 0 ? $sum : $f($n - 1, $sum + $n) }; $f(500, 0))")).toBe(125_250);
});

test("an endless expression ends after five seconds", async () => {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs++);
  await expect(evaluate("($f := function() { $f() }; $f())")).rejects.toThrow("Expression evaluation timeout: Check for infinite loop");
  expect(nowMs).toBeGreaterThan(5_000);
});
