import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../jobs/catalogue.ts";
import { keyturn } from "./keyturn-process.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8")) as { version: string };

describe("a wrong command line ends with 2 and says what is wrong", () => {
  it.each<[string, string[], string]>([
    ["a command that is nearly one", ["jbos"], "keyturn has no command jbos. Did you mean keyturn jobs? See keyturn --help."],
    [
      "a command that is nearly one, one level down",
      ["local", "strat"],
      "keyturn local has no command strat. Did you mean keyturn local start?",
    ],
    ["a command that is none", ["teleport"], "keyturn has no command teleport. See keyturn --help."],
    ["a member of every object", ["constructor"], "keyturn has no command constructor."],
    ["an unknown option", ["jobs", "--jason"], "Unknown option '--jason'. Did you mean --json? See keyturn jobs --help."],
    ["a missing argument", ["plan"], "keyturn plan needs JOB: the job's name, as keyturn jobs lists it. See keyturn plan --help."],
    ["one word too many", ["jobs", "all"], "keyturn jobs does not take all. See keyturn jobs --help."],
    [
      "a job that is not in the catalogue",
      ["plan", "mine-coins"],
      "There is no job mine-coins. The catalogue has: credential-report, disable-access-key.",
    ],
    ["an admin who is none", ["admin", "enroll", "mallory"], "mallory is no admin of keyturn.config.ts, which has alice, bob."],
    [
      "an enrolment without a terminal",
      ["admin", "enroll", "alice"],
      "keyturn admin enroll shows a QR code and asks for two codes: run it in a",
    ],
    ["a port that is none", ["local", "start", "--port", "80x"], "--port takes a number from 0 to 65535, not 80x."],
    ["a port that is too high", ["local", "start", "--port=65536"], "--port takes a number from 0 to 65535, not 65536."],
    [
      "a demo for a person and a program at once",
      ["local", "demo", "--json", "--interactive"],
      "--json and --interactive exclude each other",
    ],
    ["an interactive demo without a terminal", ["local", "demo", "--interactive"], "--interactive asks a person, so it needs a terminal."],
  ])("%s", async (_, argv, message) => {
    const { code, stdout, stderr } = await keyturn(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  it.each([[[]], [["local"]]])("no command at all: %j shows the usage", async (argv) => {
    const { code, stdout, stderr } = await keyturn(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("COMMANDS");
  });
});

describe("--help", () => {
  it.each<[string[], string[]]>([
    [["--help"], ["jobs", "plan", "local", "EXAMPLES", "keyturn local demo"]],
    [
      ["local", "--help"],
      ["start", "demo", "EXAMPLES"],
    ],
    [
      ["local", "start", "--help"],
      ["--port", "--bare", "--json", "EXAMPLES", "keyturn local start --port 4566"],
    ],
    [
      ["plan", "-h"],
      ["JOB", "EXAMPLES", "keyturn plan credential-report"],
    ],
  ])("%j names options and examples, without colour where no terminal shows it", async (argv, words) => {
    const { code, stdout, stderr } = await keyturn(...argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of words) expect(stdout).toContain(word);
    expect(stdout).not.toContain("\u001b");
  });
});

it("--version prints the version", async () => {
  expect(await keyturn("--version")).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe("keyturn jobs", () => {
  it("lists the catalogue", async () => {
    const { code, stdout } = await keyturn("jobs");
    expect(code).toBe(0);
    for (const { name } of catalogue) expect(stdout).toContain(name);
  });

  it("--json prints one document", async () => {
    const { stdout } = await keyturn("jobs", "--json");
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "credential-report", admins: ["alice"] },
      { name: "disable-access-key", admins: ["alice", "bob"] },
    ]);
  });
});

describe("keyturn plan", () => {
  it("shows what a run would use, in lines that fit", async () => {
    const { code, stdout, stderr } = await keyturn("plan", "credential-report");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of [
      "BatchRoleCredentialReport",
      "LauncherCredentialReport",
      "iam:ListAccessKeys",
      "2 attempts of 30 min",
      "maxKeyAgeDays",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it("--json prints one document", async () => {
    const { stdout } = await keyturn("plan", "credential-report", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      job: "credential-report",
      jobRole: "BatchRoleCredentialReport",
      command: ["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/"],
      attempts: 2,
      timeoutSeconds: 1800,
      jobQueue: "keyturn-spot",
      parameters: [
        { name: "maxKeyAgeDays", byDefault: 90, required: false },
        { name: "unusedDays", byDefault: 45, required: false },
        { name: "pathPrefix", byDefault: "/", required: false },
      ],
    });
  });

  it("says of a job that narrows its runs to what, as far as the parameters are given", async () => {
    const without = await keyturn("plan", "disable-access-key");
    expect(without.stdout).toContain("narrowed by the run's parameters; give them with --param");
    const given = [
      "--param",
      "user=deployer",
      "--param",
      "path=/ci/",
      "--param",
      "accessKeyId=AKIAIOSFODNN7EXAMPLE",
      "--param",
      "dryRun=true",
    ];
    const { stdout } = await keyturn("plan", "disable-access-key", ...given, "--json");
    const bucket = "arn:aws:s3:::keyturn-disable-access-key-<account>-us-east-1";
    expect(JSON.parse(stdout)).toMatchObject({
      command: ["--user=deployer", "--access-key-id=AKIAIOSFODNN7EXAMPLE", "--quiet-minutes=1440", "--dry-run"],
      isNarrowed: true,
      session: [
        {
          effect: "Allow",
          actions: ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"],
          resources: ["arn:aws:iam::<account>:user/ci/deployer"],
        },
        { effect: "Allow", actions: ["s3:PutObject"], resources: [`${bucket}/<run>/*`] },
      ],
    });
    const all = await keyturn("plan", "credential-report", "--json");
    expect(JSON.parse(all.stdout)).toMatchObject({ isNarrowed: false, session: null });
  });

  it("refuses parameters as admission would", async () => {
    const { code, stderr } = await keyturn("plan", "disable-access-key", "--param", "user=*");
    expect(code).toBe(2);
    expect(stderr).toContain("parameters.user: must be an IAM user's name without its path");
    expect(stderr).toContain("parameters.accessKeyId: missing");
  });
});
