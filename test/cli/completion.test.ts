import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Shell, shells } from "../../cli/completion/scripts.ts";
import { PseudoTerminal } from "../../cli/recording/pseudo-terminal.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import { keyturn, startKeyturn } from "./keyturn-process.ts";

const offered = async (...words: string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await keyturn("__complete", ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
};

describe("what a shell may offer", () => {
  it.each<[string, string[], string[]]>([
    ["commands that begin so", ["ru"], ["run", "runs"]],
    ["commands one level down", ["admin", "r"], ["rotate", "remove"]],
    ["jobs", ["run", ""], catalogue.map(({ name }) => name)],
    ["the admins who may launch the job", ["run", "credential-report", "--admin", ""], ["alice"]],
    ["the job's parameters", ["run", "credential-report", "--param", "u"], ["unusedDays="]],
    ["a parameter again, for each may be given", ["run", "credential-report", "--param", "unusedDays=3", "--par"], ["--param"]],
    ["no option twice", ["run", "credential-report", "--json", "--js"], []],
    ["what is on, the other way round", ["run", "credential-report", "--no"], ["--no-wait"]],
    ["states to go on at", ["replay", "some-run", "--from", "R"], ["RequestMfa", "RetrieveCredentials", "RunJob"]],
    ["statuses", ["runs", "--status", "f"], ["failed"]],
    ["admins", ["admin", "enroll", ""], ["alice", "bob"]],
    ["commands within one that does something itself", ["schedules", ""], ["disable", "enable"]],
    ["its own options too", ["schedules", "--j"], ["--json"]],
    ["jobs that have a schedule", ["schedules", "disable", ""], ["credential-report"]],
    ["nothing where AWS would have to be asked", ["status", ""], []],
    ["nothing behind what there is not", ["teleport", ""], []],
    ["nothing of every object's", ["constr"], []],
  ])("%s", async (_, words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it("profiles of the AWS config file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "keyturn-completion-"));
    const file = join(folder, "config");
    writeFileSync(file, "[default]\nregion = us-east-1\n[profile operator]\n[sso-session company]\n");
    const { stdout } = await startKeyturn(["__complete", "runs", "--profile", ""], { environment: { AWS_CONFIG_FILE: file } }).ended;
    rmSync(folder, { recursive: true });
    expect(stdout).toBe("default\t\noperator\t\n");
  });

  it("every command has a description to be offered with", async () => {
    const { stdout } = await keyturn("__complete", "");
    for (const line of stdout.trimEnd().split("\n")) expect(line).toMatch(/^[a-z]+\t[A-Z].+\.$/);
  });
});

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** An interactive shell without anybody's settings, that has sourced the file. */
const starting: Readonly<Record<Shell, (file: string) => string>> = {
  bash: (file) => `bash --norc --noprofile -i -c 'PS1="ready> "; exec bash --rcfile ${file} --noprofile -i'`,
  zsh: (file) => `ZDOTDIR=${file}.zsh zsh -i`,
  fish: (file) => `fish --no-config --init-command 'source ${file}' -i`,
};

describe.each(shells)("in %s", (shell) => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "keyturn-completion-"));
    const { code, stdout } = await keyturn("completion", shell);
    expect(code).toBe(0);
    const file = join(folder, "completion");
    writeFileSync(file, `${stdout}\n${shell === "bash" ? "PS1='ready> '\n" : ""}`);
    const { mkdirSync } = await import("node:fs");
    mkdirSync(`${file}.zsh`);
    writeFileSync(join(`${file}.zsh`, ".zshrc"), `PS1='ready> '\nautoload -U compinit && compinit -u -D\nsource ${file}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // Visible where it is skipped: shells and util-linux's script are no dependencies of Keyturn.
  it.skipIf(!has(shell) || !has("script"))("the tab key completes a command's word, and its job", async () => {
    const terminal = new PseudoTerminal(starting[shell](join(folder, "completion")), {
      size: { columns: 120, rows: 30 },
      environment: { HOME: folder },
      nowMs: () => 0,
    });
    if (shell !== "fish") await terminal.shows("ready> ");
    terminal.type("keyturn app\t");
    await terminal.shows("keyturn approve");
    terminal.type("\u0015keyturn run cred\t");
    await terminal.shows("keyturn run credential-report");
    terminal.type("\u0015exit\r");
    await terminal.ended;
  });
});

describe("an unknown option", () => {
  it.each([
    [["run", "credential-report", "--reson", "x"], "Unknown option '--reson'. Did you mean --reason? See keyturn run --help."],
    [["run", "credential-report", "--no-wiat"], "Unknown option '--no-wiat'. Did you mean --no-wait? See keyturn run --help."],
    [["runs", "--teleport"], "Unknown option '--teleport'. See keyturn runs --help."],
  ])("%j says what was probably meant", async (argv, message) => {
    const { code, stderr } = await keyturn(...argv);
    expect({ code, stderr: stderr.trimEnd() }).toEqual({ code: 2, stderr: message });
  });
});
