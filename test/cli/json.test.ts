// `--json`, over every command that has it: stdout is one JSON document on one line and nothing else, however the command ends.

import type { ArgsDef } from "citty";
import { afterAll, beforeAll, expect, it } from "vitest";
import { everyCommand } from "./command-tree.ts";
import { keyturn } from "./keyturn-process.ts";
import { type LocalKeyturn, startLocalKeyturn } from "./local-keyturn.ts";

const withJson = (await everyCommand())
  .filter(({ command }) => Object.hasOwn((command.args ?? {}) as ArgsDef, "json"))
  .map(({ path }) => path.slice(1).join(" "));

/** Tests of their own see to these: they start an account themselves. */
const elsewhere = { "local start": "local-start.test.ts", "local demo": "local-demo.test.ts" };

/** These ask nobody. */
const offline: ReadonlySet<string> = new Set(["jobs", "plan"]);

let local: LocalKeyturn;
/** A run that succeeded, and two that wait for a code. */
let [succeeded, waiting, unwanted] = ["", "", ""];
beforeAll(async () => {
  local = await startLocalKeyturn();
  const runOf = async (...argv: string[]): Promise<string> => {
    const { stdout } = await local.keyturn("run", "credential-report", "--json", ...argv);
    return (JSON.parse(stdout) as { run: string }).run;
  };
  succeeded = await runOf("--code", await local.code());
  waiting = await runOf("--no-wait");
  unwanted = await runOf("--no-wait");
});
afterAll(() => local?.stop());

type Row = readonly [command: string, how: string, code: number, argv: () => Promise<readonly string[]> | readonly string[]];

const rows: readonly Row[] = [
  ["jobs", "", 0, () => []],
  ["plan", "of a job", 0, () => ["credential-report"]],
  ["doctor", "", 0, () => []],
  ["run", "with a good code", 0, async () => ["credential-report", "--code", await local.code()]],
  ["run", "without a code", 4, () => ["credential-report"]],
  ["run", "that nobody waits for", 4, () => ["credential-report", "--no-wait"]],
  ["runs", "", 0, () => []],
  ["status", "of a run that waits", 0, () => [waiting]],
  ["status", "of a run that succeeded", 0, () => [succeeded]],
  ["logs", "of a run that succeeded", 0, () => [succeeded]],
  ["logs", "of a run that waits", 0, () => [waiting]],
  ["approve", "without a code", 4, () => [waiting]],
  ["approve", "with a wrong code", 4, () => [waiting, "--code", local.wrongCode()]],
  ["replay", "the plan of one that may", 0, () => [succeeded, "--plan", "--force", "--reason", "Once more"]],
  ["replay", "the plan of one that may not", 1, () => [succeeded, "--plan"]],
  ["stop", "a run that waits", 0, () => [unwanted]],
  ["schedules", "", 0, () => []],
  ["schedules disable", "one that is on", 0, () => ["credential-report"]],
  ["schedules enable", "one that is off", 0, () => ["credential-report"]],
  ["audit", "", 0, () => []],
  ["audit", "verifying", 0, () => ["--verify"]],
  ["admin list", "", 0, () => []],
];

it("has a case for every command that takes it", () => {
  expect(new Set([...rows.map(([command]) => command), ...Object.keys(elsewhere)])).toEqual(new Set(withJson));
});

it.each(rows)("keyturn %s %s prints one document and ends with %i", async (command, _how, expected, argv) => {
  const words = [...command.split(" "), ...(await argv()), "--json"];
  const { code, stdout } = await (offline.has(command) ? keyturn(...words) : local.keyturn(...words));
  expect(JSON.stringify(JSON.parse(stdout))).toBe(stdout.trimEnd());
  expect(code, stdout).toBe(expected);
});

it.each(["status", "logs", "approve", "replay", "stop"])(
  "keyturn %s of a run that there is not says so, and prints no document",
  async (command) => {
    const { code, stdout, stderr } = await local.keyturn(command, "no-such-run", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("no-such-run");
  },
);
