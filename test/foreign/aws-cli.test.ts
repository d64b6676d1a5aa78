// The documented way to drive the emulator with the AWS CLI and jq, as a person would: real processes, profiles from the config file, nothing of ours between.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateMachineName } from "../../core/naming.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { type Started, startKeyturn } from "../cli/keyturn-process.ts";
import { betweenLooks } from "../support/between-looks.ts";
import { answeringCommands } from "./answering-commands.ts";
import { hasAws, hasJq } from "./installed.ts";

interface Ready {
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  readonly configFile: string;
  readonly admins: { readonly alice: { readonly totpSeed: string } };
}

const run = promisify(execFile);
const stepMs = 30_000;

/** Version 2 of the CLI writes ISO 8601, version 1 seconds since the epoch. */
const instant = (date: unknown): number => (typeof date === "number" ? date * 1000 : Date.parse(String(date)));

describe.skipIf(!hasAws)("the AWS CLI", () => {
  let started: Started;
  let ready: Ready;
  let home: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "keyturn-aws-"));
    started = startKeyturn(["local", "start", "--json"]);
    ready = JSON.parse(await started.firstLine) as Ready;
  }, 120_000);
  afterAll(async () => {
    started?.process.kill("SIGTERM");
    await started?.ended;
    rmSync(home, { recursive: true, force: true });
  });

  /** Of a shell with nothing in its environment but what the documentation says. */
  const shell = (script: string, profile = "operator") =>
    run("bash", ["-euo", "pipefail", "-c", script], {
      cwd: home,
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        AWS_CONFIG_FILE: ready.configFile,
        AWS_PROFILE: profile,
        AWS_PAGER: "",
        AWS_MAX_ATTEMPTS: "1",
      },
      maxBuffer: 50_000_000,
    });

  const aws = async (profile: string, ...args: readonly string[]): Promise<Record<string, unknown>> => {
    const quoted = ["aws", ...args, "--output", "json"].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(" ");
    const { stdout } = await shell(quoted, profile);
    return (stdout.trim() === "" ? {} : JSON.parse(stdout)) as Record<string, unknown>;
  };
  const stepFunctions = (...args: readonly string[]) => aws("operator", "stepfunctions", ...args);

  /** A code is good for one run; the steps either side of now are accepted too, so that nobody waits for the next one. */
  const code = (step: -1 | 0 | 1): string => new VirtualAuthenticator(ready.admins.alice.totpSeed, () => Date.now() + step * stepMs).code();

  const stateMachineArn = (): string => `arn:aws:states:${ready.region}:${ready.account}:stateMachine:${stateMachineName}`;
  const start = async (input: object): Promise<string> => {
    const answer = await stepFunctions("start-execution", "--state-machine-arn", stateMachineArn(), "--input", JSON.stringify(input));
    return String(answer["executionArn"]);
  };

  async function until<Result>(look: () => Promise<Result | undefined>): Promise<Result> {
    for (;;) {
      const result = await look();
      if (result !== undefined) return result;
      // Another process answers, in its own time.
      await betweenLooks();
    }
  }

  interface HistoryEvent {
    readonly type: string;
    readonly timestamp: unknown;
    readonly taskScheduledEventDetails?: { readonly resource: string; readonly parameters: string };
  }
  const history = async (executionArn: string): Promise<readonly HistoryEvent[]> =>
    (await stepFunctions("get-execution-history", "--execution-arn", executionArn))["events"] as HistoryEvent[];

  /** The task token of the `times`-th wait. */
  const waitingToken = (executionArn: string, times: number): Promise<string> =>
    until(async () => {
      const events = await history(executionArn);
      const waits = events.filter(({ taskScheduledEventDetails }) => taskScheduledEventDetails?.resource === "invoke.waitForTaskToken");
      const submitted = events.filter(({ type }) => type === "TaskSubmitted").length;
      const [, token] = /"taskToken":"([^"]+)"/.exec(waits[times - 1]?.taskScheduledEventDetails?.parameters ?? "") ?? [];
      return submitted >= times ? token : undefined;
    });
  const ended = (executionArn: string): Promise<Record<string, unknown>> =>
    until(async () => {
      const execution = await stepFunctions("describe-execution", "--execution-arn", executionArn);
      return execution["status"] === "RUNNING" ? undefined : execution;
    });

  it("starts a run with the commands that docs/emulator.md shows, and lists it", async () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "emulator.md"), "utf8");
    const [, script = ""] = /```sh\n(export AWS_CONFIG_FILE=[\s\S]*?)```/.exec(page) ?? [];
    expect(script).toContain("aws --profile operator stepfunctions start-execution");
    const { stdout } = await shell(script.replace(/^export AWS_CONFIG_FILE=.*$/m, `export AWS_CONFIG_FILE=${ready.configFile}`));
    const { executionArn, startDate } = JSON.parse(stdout) as { executionArn: string; startDate: unknown };
    expect(Math.abs(instant(startDate) - Date.now())).toBeLessThan(60_000);
    const { executions } = await stepFunctions("list-executions", "--state-machine-arn", stateMachineArn(), "--max-items", "1");
    expect(executions).toMatchObject([{ executionArn, status: "RUNNING" }]);
    await stepFunctions("stop-execution", "--execution-arn", executionArn, "--error", "Done", "--cause", "only a look");
    expect(await ended(executionArn)).toMatchObject({ status: "ABORTED", error: "Done", cause: "only a look" });
  }, 60_000);

  it("starts a run with a code, watches it to its end, and reads its job's log", async () => {
    const executionArn = await start({ job: "credential-report", admin: "alice", mfaCode: code(-1), reason: "by the AWS CLI" });
    expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED" });
    const last = (await history(executionArn)).at(-1);
    expect(last?.type).toBe("ExecutionSucceeded");
    expect(Math.abs(instant(last?.timestamp) - Date.now())).toBeLessThan(60_000);
    const { events } = await aws("operator", "logs", "filter-log-events", "--log-group-name", "/keyturn/jobs/credential-report");
    expect(JSON.stringify(events)).toContain("outputs");
  }, 60_000);

  it("reads the report as the report reader, and as nobody else", async () => {
    const bucket = `s3://keyturn-credential-report-${ready.account}-${ready.region}`;
    const { stdout: listed } = await shell(`aws s3 ls ${bucket} --recursive`, "report-reader");
    const key = /\S+\.csv$/m.exec(listed)?.[0] ?? "";
    expect(key).toMatch(/\.csv$/);
    const { stdout: report } = await shell(`aws s3 cp '${bucket}/${key}' -`, "report-reader");
    expect(report.split("\n")[0]).toContain(",");
    expect(report).toContain("alice");
    // The operator starts the job, the auditor reads what happened, the IAM admin keeps the keys: none of them reads what it wrote.
    for (const profile of ["operator", "auditor", "iam-admin"])
      await expect(shell(`aws s3 cp '${bucket}/${key}' -`, profile), profile).rejects.toThrow(/403|AccessDenied/);
  }, 60_000);

  it("answers a run that waits, stops it, redrives it, and answers it again", async () => {
    const executionArn = await start({ job: "credential-report", admin: "alice" });
    const first = await waitingToken(executionArn, 1);
    await stepFunctions("send-task-success", "--task-token", first, "--task-output", '{"mfaCode": "000000"}');
    await waitingToken(executionArn, 2);
    await stepFunctions("stop-execution", "--execution-arn", executionArn);
    expect(await ended(executionArn)).toMatchObject({ status: "ABORTED" });
    await expect(stepFunctions("send-task-success", "--task-token", first, "--task-output", "{}")).rejects.toThrow(
      /InvalidToken|TaskTimedOut/,
    );
    const { redriveDate } = await stepFunctions("redrive-execution", "--execution-arn", executionArn);
    expect(Math.abs(instant(redriveDate) - Date.now())).toBeLessThan(60_000);
    const again = await waitingToken(executionArn, 3);
    await stepFunctions("send-task-success", "--task-token", again, "--task-output", JSON.stringify({ mfaCode: code(0) }));
    expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED", redriveCount: 1 });
  }, 90_000);

  it.skipIf(!hasJq)(
    "answers with the very commands, jq's expression and all, that the notification tells",
    async () => {
      const executionArn = await start({ job: "credential-report", admin: "alice" });
      await waitingToken(executionArn, 1);
      await shell(answeringCommands(executionArn, code(1)));
      expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED" });
    },
    60_000,
  );

  it("shows AWS's own refusals", async () => {
    await expect(aws("operator", "secretsmanager", "get-secret-value", "--secret-id", "keyturn/admins/alice")).rejects.toThrow(
      /An error occurred \(AccessDeniedException\) when calling the GetSecretValue operation: User: arn:aws:iam::\d+:user\/operator is not authorized/,
    );
    await expect(aws("operator", "s3api", "list-objects-v2", "--bucket", "none")).rejects.toThrow(/\((NoSuchBucket|AccessDenied)\)/);
  }, 30_000);
});
