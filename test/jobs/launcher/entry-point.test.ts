// The ENTRYPOINT with this machine's own `env` and Node: what a submission may set must not act before the launcher does.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { clearedVariables, entryPoint } from "../../../jobs/launcher/entry-point.ts";
import { takeEnvironment } from "../../../jobs/launcher/surroundings.ts";

const folder = mkdtempSync(join(tmpdir(), "entry-point-"));
writeFileSync(join(folder, "launcher.mjs"), "console.log(JSON.stringify({ arguments: process.argv.slice(2), environment: process.env }));");
afterAll(() => rmSync(folder, { recursive: true }));

function start(environment: Readonly<Record<string, string>>, command: readonly string[] = []) {
  const [file = "", ...rest] = entryPoint;
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, ...environment };
  const printed = execFileSync(file, [...rest, ...command], { cwd: folder, env, encoding: "utf8" });
  return { printed, launcher: JSON.parse(printed) as { arguments: string[]; environment: Record<string, string> } };
}

describe("the entry point", () => {
  it("lets through none of the variables that it takes away, and all others", () => {
    // The dynamic linker would warn, and Node would fail to start, at some of these: that they do neither is the point.
    const set = Object.fromEntries(
      clearedVariables.filter((name) => !/^(LD|GCONV|GLIBC|LOC)/.test(name)).map((name) => [name, "/proc/self/environ"]),
    );
    const { launcher } = start({ ...set, KEYTURN_ORDER: "{}" });
    expect(Object.keys(launcher.environment).sort()).toEqual(["KEYTURN_ORDER", "PATH"]);
  });

  it("runs no code that NODE_OPTIONS brings along", () => {
    const { printed, launcher } = start({ NODE_OPTIONS: "--import=data:text/javascript,console.log('foreign')" });
    expect(printed).not.toContain("foreign");
    expect(launcher.environment).not.toHaveProperty("NODE_OPTIONS");
  });

  it("takes the command as the launcher's arguments, whatever it looks like", () => {
    const command = ["--import=data:text/javascript,console.log('foreign')", "-u", "NODE_OPTIONS=1", "--", "-e", "1"];
    const { printed, launcher } = start({}, command);
    expect(launcher.arguments).toEqual(command);
    expect(printed.trim().split("\n")).toHaveLength(1);
  });

  it("knows every variable that this Node documents", () => {
    const help = execFileSync(process.execPath, ["--help"], { encoding: "utf8" });
    const documented = [...help.slice(help.indexOf("Environment variables:")).matchAll(/^([A-Z][A-Z0-9_]+)\b/gm)].map(([, name]) => name);
    expect(documented.length).toBeGreaterThan(15);
    const harmless = [
      // Colours and warnings on a console that is a log.
      "FORCE_COLOR",
      "NO_COLOR",
      "NODE_DISABLE_COLORS",
      "NODE_NO_WARNINGS",
      "NODE_PENDING_DEPRECATION",
      // Windows, the REPL, unsupported platforms: nothing here.
      "NODE_PENDING_PIPE_INSTANCES",
      "NODE_REPL_HISTORY",
      "NODE_SKIP_PLATFORM_CHECK",
      // The launcher compares instants only.
      "TZ",
      "UV_THREADPOOL_SIZE",
    ];
    const cleared: readonly string[] = clearedVariables;
    expect(documented.filter((name = "") => !cleared.includes(name) && !harmless.includes(name))).toEqual([]);
  });
});

describe("the launcher's own environment", () => {
  it("is taken away whole, and configuration files with it", () => {
    const own = { AWS_PROFILE: "other", AWS_CONFIG_FILE: "/proc/self/environ", LOCALDOMAIN: "example.com", KEYTURN_ORDER: "{}" };
    const before = { ...own };
    expect(takeEnvironment(own)).toEqual(before);
    expect(own).toEqual({ AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" });
  });
});
