import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { type LocalKeyturn, startLocalKeyturn } from "./local-keyturn.ts";

const page = readFileSync(join(repositoryRoot, "docs", "operating.md"), "utf8");
const blocks = [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const hasTools = ["aws", "jq", "bash"].every((tool) => spawnSync(tool, ["--version"]).status === 0);

/** The page's block in which `words` stand. */
function blockWith(words: string): string {
  const found = blocks.filter((text) => text.includes(words));
  if (found.length !== 1) throw new Error(`docs/operating.md has ${found.length} blocks with ${words}`);
  return found[0]?.replaceAll("ACCOUNT", "111122223333") ?? "";
}

// Visible where it is skipped: the AWS CLI and jq are no dependencies of Keyturn.
describe.skipIf(!hasTools)("docs/operating.md, with the AWS CLI as the operator", { timeout: 120_000 }, () => {
  let local: LocalKeyturn;

  beforeAll(async () => {
    local = await startLocalKeyturn();
  });
  afterAll(() => local.stop());

  /** One shell for all, as a person has: what one block sets the next one uses. */
  const session: string[] = [];
  async function type(block: string): Promise<string> {
    const script = ["set -euo pipefail", ...session.map((text) => `{ ${text}\n} >/dev/null`), block].join("\n");
    const child = spawn("bash", ["-c", script], {
      env: { ...process.env, ...local.environment, AWS_PROFILE: "operator", AWS_SHARED_CREDENTIALS_FILE: "/dev/null", AWS_PAGER: "" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`ended with ${String(code)}:\n${block}\n${output}`);
    return output;
  }

  it("starts, watches, stops, redrives, answers in the clear and sealed, reads the log, and replays in a new execution", async () => {
    const start = blockWith("--name $RUN \\").replace("$(date -u +%Y%m%d-%H%M%S)", "by-aws-cli");
    expect(await type(start)).toContain("execution:keyturn:by-aws-cli");
    session.push(start.split("\n").slice(0, 3).join("\n"));
    const untilItWaits = async (): Promise<void> => expect((await local.keyturn("approve", "by-aws-cli")).code).toBe(4);

    await untilItWaits();
    const watched = await type(blockWith("list-executions"));
    expect(watched).toMatch(/by-aws-cli\tRUNNING/);
    expect(watched).toContain("RequestMfa");

    expect(await type(blockWith("stop-execution"))).toContain("Run by-aws-cli has submitted no job.");
    expect(await type(blockWith("redrive-execution"))).toContain("redriveDate");
    await untilItWaits();

    const inTheClear = blockWith('{"mfaCode": "CODE"}');
    await type(inTheClear.replaceAll("CODE", local.wrongCode()));
    await untilItWaits();

    const takeToken = inTheClear.slice(0, inTheClear.indexOf("aws stepfunctions send-task-success"));
    await type(`${takeToken}\n${blockWith("aws kms encrypt").replaceAll("CODE", await local.code())}`);
    expect((await local.keyturn("logs", "by-aws-cli", "--follow")).code).toBe(0);
    expect(await type(blockWith("get-log-events"))).toContain("No findings.");

    expect(await type(blockWith("--name $RUN-r2"))).toContain("execution:keyturn:by-aws-cli-r2");
    const asked = await local.keyturn("approve", "by-aws-cli");
    expect(asked.code).toBe(4);
    expect(asked.stdout).toContain("The run is replayed");
  });

  it("sees the schedules, turns one off and on again, and reads what was missed", async () => {
    expect(await type(blockWith("get-schedule"))).toMatch(/cron\(0 7 \? \* MON \*\)\tUTC\tENABLED/);
    const isOff = async () => (await local.keyturn("schedules")).stdout.includes("Audit in progress");
    await type(blockWith("put-parameter"));
    expect(await isOff()).toBe(true);
    await type(blockWith("delete-parameter"));
    expect(await isOff()).toBe(false);
    // Version 1 of the AWS CLI sends SQS calls in us-east-1 to an old host name whatever the profile says.
    const config = readFileSync(local.environment["AWS_CONFIG_FILE"] ?? "", "utf8");
    const [, endpoint] = /^endpoint_url = (\S+)$/m.exec(config) ?? [];
    expect(await type(blockWith("receive-message").replace("receive-message", `receive-message --endpoint-url ${endpoint}`))).toBe(
      "None\n",
    );
  });
});
