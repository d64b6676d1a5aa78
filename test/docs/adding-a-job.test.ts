// docs/adding-a-job.md, followed literally: its blocks, its commands, its run, its mistakes.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { followRun, type RunView } from "../../cli/local/follow-run.ts";
import { readJobLog } from "../../cli/local/read-log.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { FollowedCopy } from "./followed-copy.ts";
import { type Block, readPage } from "./pages.ts";

const { blocks } = readPage("docs/adding-a-job.md");
const mistakesHeading = "What happens on a mistake";
const steps = blocks.filter(({ under }) => !under.includes(mistakesHeading));
const mistakes = [
  ...Map.groupBy(
    blocks.filter(({ under }) => under.includes(mistakesHeading)),
    ({ under }) => under.at(-1) ?? "",
  ),
];

/** Commands of a block of a step, one a line. */
const commandsUnder = (step: string): string[] =>
  steps.filter(({ language, under }) => language === "sh" && under.at(-1) === step).flatMap(({ text }) => text.split("\n"));

const inputIn = ({ text }: Block): Record<string, unknown> => {
  const [, input] = /--input '([^']+)'/.exec(text) ?? [];
  if (input === undefined) throw new Error(`No --input in:\n${text}`);
  return JSON.parse(input) as Record<string, unknown>;
};

/** Of RunJob's answer. */
const FinishedJob = z.object({ Container: z.object({ LogStreamName: z.string(), ExitCode: z.number() }) });

let copy: FollowedCopy;

beforeAll(() => {
  copy = new FollowedCopy();
  for (const block of steps) copy.apply(block);
});

afterAll(() => copy?.remove());

describe("the job of the page", () => {
  it.each(commandsUnder("6. Look at it, and check it"))("passes %s", { timeout: 120_000 }, async (line) => {
    const { code, output } = await copy.run(line);
    expect({ code, output }).toMatchObject({ code: 0 });
    if (line.includes("keyturn plan"))
      for (const part of ["iam:ListGroupsForUser", "BatchRoleGroupReport", "bob"]) expect(output).toContain(part);
  });
});

describe("a run of it on this machine", () => {
  let local: ChildProcessWithoutNullStreams;
  let ready: {
    readonly configFile: string;
    readonly region: string;
    readonly endpoint: string;
    readonly admins: Record<string, { totpSeed: string }>;
  };
  let sfn: SFNClient;

  beforeAll(async () => {
    const [command] = commandsUnder("7. Run it on this machine");
    expect(command).toBe("npx keyturn local start");
    local = spawn(process.execPath, ["cli/keyturn.mjs", "local", "start", "--json"], { cwd: copy.root });
    const [line] = (await once(createInterface(local.stdout), "line")) as [string];
    ready = JSON.parse(line) as typeof ready;
    sfn = signedInAsOperator(SFNClient);
  }, 120_000);

  afterAll(async () => {
    sfn?.destroy();
    vi.unstubAllEnvs();
    if (local === undefined || local.exitCode !== null) return;
    local.kill("SIGTERM");
    await once(local, "close");
  });

  /** As the AWS CLI would with the profile that the page names: from the file that the emulator wrote. */
  const signedInAsOperator = <Client>(client: new (options: object) => Client): Client => {
    vi.stubEnv("AWS_CONFIG_FILE", ready.configFile);
    vi.stubEnv("AWS_PROFILE", "operator");
    return new client({});
  };

  async function run(input: Record<string, unknown>): Promise<RunView> {
    const { executionArn = "" } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn",
        input: JSON.stringify(input),
      }),
    );
    return followRun({ sfn, executionArn, signal: AbortSignal.timeout(60_000) });
  }

  it("goes from a code to its result", { timeout: 90_000 }, async () => {
    const start = steps.find(({ language, text }) => language === "sh" && text.includes("start-execution"));
    const result = steps.find(({ language }) => language === "text");
    if (start === undefined || result === undefined) throw new Error("The page lacks the run or its result.");
    const seed = ready.admins["bob"]?.totpSeed ?? "";
    const code = new VirtualAuthenticator(seed, () => Date.now()).code();
    const input = inputIn(start);
    expect(input["mfaCode"]).toBe("123456");

    const view = await run({ ...input, mfaCode: code });
    expect(view).toMatchObject({ status: "SUCCEEDED" });
    const { Container } = FinishedJob.parse(view.visits.at(-1)?.taskOutput);
    expect(Container.ExitCode).toBe(0);
    const logs = signedInAsOperator(CloudWatchLogsClient);
    const lines = await readJobLog(logs, { job: "group-report", stream: Container.LogStreamName });
    logs.destroy();
    expect(lines[0]).toBe(result.text);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      outputs: [{ bucket: "keyturn-group-report-111122223333-us-east-1", key: expect.stringMatching(/\/groups\.json$/) as string }],
    });
  });

  it("is refused for a job that is not in the deployed catalogue, in the words of the page", { timeout: 90_000 }, async () => {
    const [start, answer] = (mistakes.at(-1)?.[1] ?? []) as [Block, Block];
    const view = await run(inputIn(start));
    expect(view.status).toBe("FAILED");
    expect(view.failure?.name).toBe("InvalidRun");
    expect(view.failure?.cause).toContain(JSON.stringify(answer.text).slice(1, -1));
  });
});

describe("a mistake", () => {
  it.each(mistakes.slice(0, -1))(
    "%s: is refused in the words of the page",
    { timeout: 120_000 },
    async (_mistake, [diff, command, answer]) => {
      if (diff === undefined || command === undefined || answer === undefined)
        throw new Error("A mistake is a diff, a command and its answer.");
      const wrong = new FollowedCopy(copy.root);
      try {
        wrong.apply(diff);
        const { code, output } = await wrong.run(command.text);
        expect(code).not.toBe(0);
        expect(output).toContain(answer.text);
      } finally {
        wrong.remove();
      }
    },
  );

  it("of the page is one that was announced", () => {
    expect(mistakes.map(([heading]) => heading)).toHaveLength(7);
  });
});
