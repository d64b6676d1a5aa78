import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startKeyturn } from "./keyturn-process.ts";
import { type LocalKeyturn, startMovableKeyturn } from "./local-keyturn.ts";

let local: LocalKeyturn;

beforeAll(async () => {
  local = await startMovableKeyturn();
});
afterAll(() => local.stop());

const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
/** What is longer than a line cannot be broken: ARNs, URLs, command lines. */
const tooLong = (text: string): string[] => text.split("\n").filter((line) => line.length > 100 && line.trim().includes(" ", 60));

async function started(...argv: readonly string[]): Promise<string> {
  const { stdout } = await local.keyturn("run", "credential-report", "--no-wait", "--json", ...argv);
  return String(parsed(stdout)["run"]);
}

describe("keyturn run without a terminal", () => {
  it("asks nobody: without a code it starts the run, ends with 4 and prints the command to answer with", async () => {
    const { code, stdout, stderr } = await local.keyturn("run", "credential-report", "--reason", "A look");
    expect({ code, stderr }).toEqual({ code: 4, stderr: "" });
    const [, run] = /Run (\S+) is started/.exec(stdout) ?? [];
    expect(stdout).toContain(`\n  keyturn approve ${run} --local\n`);
    for (const part of ["BatchRoleCredentialReport", "iam:ListAccessKeys", "at most $0.0123", "A look", "keyturn-credential-report:1"]) {
      expect(stdout).toContain(part);
    }
    expect(tooLong(stdout)).toEqual([]);
  });

  it("with a code it goes to the result, and --json prints one document and no secret", async () => {
    const mfaCode = await local.code();
    const { code, stdout, stderr } = await local.keyturn(
      ...["run", "credential-report", "--json", "--code", mfaCode, "--param", "maxKeyAgeDays=30", "--param", "pathPrefix=/"],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = parsed(stdout);
    expect(stdout).toBe(`${JSON.stringify(document)}\n`);
    expect(document).toMatchObject({
      status: "SUCCEEDED",
      job: "credential-report",
      admin: "alice",
      parameters: { maxKeyAgeDays: 30, unusedDays: 45, pathPrefix: "/" },
      exitCode: 0,
      waitsFor: null,
      error: null,
      log: expect.arrayContaining(["No findings."]) as string[],
      outputs: [{ bucket: "keyturn-credential-report-111122223333-us-east-1" }, {}],
    });
    expect(stdout).not.toContain(mfaCode);
    expect(stdout).not.toContain("kt1.");
    expect(stdout).not.toContain("taskToken");
  });

  it("with a wrong code it says why, and ends with 4", async () => {
    const { code, stdout } = await local.keyturn("run", "credential-report", "--code", local.wrongCode());
    expect(code).toBe(4);
    expect(stdout).toContain("MfaRejected");
    expect(stdout).toContain("keyturn approve ");
  });

  it.each<[string, string[], string]>([
    [
      "a parameter of another type",
      ["--param", "maxKeyAgeDays=soon"],
      "parameters.maxKeyAgeDays: Invalid input: expected number, received string",
    ],
    ["a parameter out of range", ["--param", "maxKeyAgeDays=0"], "parameters.maxKeyAgeDays: Too small: expected number to be >=1"],
    [
      "an unknown parameter",
      ["--param", "days=3"],
      "parameters.days: unknown; credential-report takes maxKeyAgeDays, unusedDays, pathPrefix",
    ],
    ["a parameter twice", ["--param", "unusedDays=3", "--param", "unusedDays=4"], "--param unusedDays is given twice."],
    ["a parameter without a value", ["--param", "unusedDays"], "--param takes name=value, such as --param maxKeyAgeDays=value."],
    ["an admin who may not", ["--admin", "bob"], "admin: bob may not launch credential-report; alice may"],
    ["an admin who is none", ["--admin", "mallory"], 'admin: "mallory" is not one of the configured admins'],
    ["a reason of two lines", ["--reason", "a\nb"], "reason: must be one line without control characters"],
    ["a code that is none", ["--code", "12345"], "--code takes the six digits"],
  ])("starts nothing with %s, and ends with 2", async (_, argv, message) => {
    const before = (await local.keyturn("runs", "--json")).stdout;
    const { code, stdout, stderr } = await local.keyturn("run", "credential-report", ...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect((JSON.parse((await local.keyturn("runs", "--json")).stdout) as unknown[]).length).toBe((JSON.parse(before) as unknown[]).length);
  });

  it("names every fault of a run at once", async () => {
    const { stderr } = await local.keyturn("run", "credential-report", "--admin", "bob", "--param", "days=3", "--reason", " ");
    expect(stderr.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(3);
  });
});

describe("keyturn approve", () => {
  it("shows who asked for what; a refused code leaves the run waiting, the good one lets it go on", async () => {
    const run = await started("--reason", "Answer me");
    const refused = await local.keyturn("approve", run, "--code", local.wrongCode());
    expect(refused.code).toBe(4);
    for (const part of [
      "Answer me",
      "code of alice",
      "BatchRoleCredentialReport",
      "keyturn-credential-report:1",
      "still waits for a code",
    ]) {
      expect(refused.stdout).toContain(part);
    }
    expect(tooLong(refused.stdout)).toEqual([]);
    const accepted = await local.keyturn("approve", run, "--code", await local.code(), "--json");
    expect(accepted.code).toBe(0);
    expect(parsed(accepted.stdout)).toMatchObject({ run, accepted: true, late: false });
  });

  it("of two who answer at once one wins, and the other is told", async () => {
    const run = await started();
    const mfaCode = await local.code();
    const both = await Promise.all([local.keyturn("approve", run, "--code", mfaCode), local.keyturn("approve", run, "--code", mfaCode)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    const loser = both.find(({ code }) => code === 1);
    expect(`${loser?.stdout}${loser?.stderr}`).toMatch(/somebody else answered run|does not wait for a code|has ended/);
  });

  it("without a code and a terminal shows the question and ends with 4", async () => {
    const run = await started();
    const { code, stdout } = await local.keyturn("approve", run);
    expect(code).toBe(4);
    expect(stdout).toContain(`keyturn approve ${run} --local`);
  });
});

describe("keyturn status, runs, logs and stop", () => {
  it("status tells what a run waits for, until when, and how to answer", async () => {
    const run = await started("--reason", "Wait here");
    await local.keyturn("approve", run);
    const { code, stdout } = await local.keyturn("status", run);
    expect(code).toBe(0);
    for (const part of [
      "waits for a code",
      "Wait here",
      "The run was started without a code.",
      `keyturn approve ${run} --local`,
      "cost so far",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toContain(
      `https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:keyturn:${run}`,
    );
    expect(tooLong(stdout)).toEqual([]);
    expect(stdout).not.toContain("taskToken");
  });

  it("runs lists them newest first, and says which wait", async () => {
    const run = await started();
    await local.keyturn("approve", run);
    const { stdout } = await local.keyturn("runs", "--limit", "2");
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/RUN +JOB +ADMIN +STATUS +STARTED \(UTC\) +TOOK/);
    expect(lines[1]).toMatch(new RegExp(`${run} +credential-report +alice +waits for a code`));
    expect(stdout).toContain(`keyturn approve ${run} --local`);
    expect(tooLong(stdout)).toEqual([]);
    const json = JSON.parse((await local.keyturn("runs", "--status", "running", "--limit", "1", "--json")).stdout) as unknown[];
    expect(json).toMatchObject([{ run, status: "RUNNING", state: "RequestMfa", waitsForCode: true }]);
  });

  it("logs of a run whose job has not begun says where it is", async () => {
    const run = await started();
    await local.keyturn("approve", run);
    const { code, stdout, stderr } = await local.keyturn("logs", run);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`keyturn approve ${run} --local`);
  });

  it("stop ends a run that waits, once", async () => {
    const run = await started();
    const first = await local.keyturn("stop", run, "--json");
    expect(parsed(first.stdout)).toEqual({ run, stoppedExecution: true, terminatedJobs: [], stillValid: [], status: "ABORTED" });
    const second = await local.keyturn("stop", run);
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toContain("had ended already: ABORTED");
  });
});

describe("who asks", () => {
  it.each<[string, string[]]>([
    ["run", ["run", "credential-report"]],
    ["stop", ["stop"]],
  ])("an auditor may look, and is denied %s with 3", async (_, argv) => {
    const run = await started();
    const asked = argv[0] === "stop" ? [...argv, run] : argv;
    const { code, stderr } = await local.keyturn(...asked, "--profile", "auditor");
    expect(code).toBe(3);
    expect(stderr).toContain("Denied: ");
    expect(stderr).toContain("KeyturnOperator");
    expect((await local.keyturn("status", run, "--profile", "auditor")).code).toBe(0);
  });

  it("an operator signs in by a profile as well, and is shown command lines that do the same", async () => {
    const run = await started();
    const argv = ["approve", run, "--profile", "operator"];
    const { code, stdout } = await startKeyturn(argv, { environment: local.environment }).ended;
    expect(code).toBe(4);
    expect(stdout).toContain(`keyturn approve ${run} --profile operator`);
  });

  it.each<[string, string[], number, string]>([
    [
      "a run that is not there",
      ["status", "no-such-run"],
      1,
      "There is no run no-such-run in account 111122223333, us-east-1. Those that are: keyturn runs --local",
    ],
    ["what is no run id", ["stop", "a b"], 2, '"a b" is no run id'],
    ["a limit that is none", ["runs", "--limit", "0"], 2, "--limit takes a number from 1 to 100, not 0."],
    ["a status that is none", ["runs", "--status", "asleep"], 2, "--status takes one of running, succeeded"],
    ["a log that is followed and a document at once", ["logs", "x", "--follow", "--json"], 2, "--follow and --json exclude each other"],
    ["a Region without Keyturn", ["runs", "--region", "eu-west-1"], 1, "eu-west-1"],
  ])("%s is a clear error", async (_, argv, expected, message) => {
    const { code, stdout, stderr } = await local.keyturn(...argv);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });
});
