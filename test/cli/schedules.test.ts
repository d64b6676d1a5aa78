// `keyturn schedules` as a process, under the operator's own policy, on an account whose clock the test moves.

import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from "@aws-sdk/client-scheduler";
import { SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { scheduleGroupName, scheduleName, scheduleParameter } from "../../core/naming.ts";
import { scheduledRunName } from "../../core/run-names.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { startMovableKeyturn } from "./local-keyturn.ts";

type Keyturn = Awaited<ReturnType<typeof startMovableKeyturn>>;

const job = "credential-report";
const dayMs = 86_400_000;

let at: Keyturn;
let ssm: SSMClient;
let scheduler: SchedulerClient;
beforeAll(async () => {
  at = await startMovableKeyturn();
  await endRecordSweep(at.local);
  const options = at.local.emulator.gateway.clientOptions(at.local.administrator);
  ssm = new SSMClient(options);
  scheduler = new SchedulerClient(options);
});
afterAll(async () => {
  for (const client of [ssm, scheduler]) client?.destroy();
  await at?.stop();
});
beforeEach(async () => {
  await ssm.send(new DeleteParameterCommand({ Name: scheduleParameter(job, "disabled") })).catch(() => undefined);
});

/** The next Monday's seven o'clock, UTC. */
function nextMonday(): number {
  const nowMs = at.local.emulator.clock.now();
  for (let ms = Math.ceil(nowMs / dayMs) * dayMs - dayMs; ; ms += dayMs) {
    if (new Date(ms).getUTCDay() === 1 && ms + 7 * 3_600_000 > nowMs) return ms + 7 * 3_600_000;
  }
}

async function fire(): Promise<string> {
  const ms = nextMonday();
  await at.local.emulator.clock.advance(ms - at.local.emulator.clock.now() + 1000);
  await at.local.emulator.settled();
  return scheduledRunName(job, ms);
}

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
const listed = async (): Promise<{ schedules: Record<string, unknown>[]; missedStarts: number }> => {
  const { code, stdout, stderr } = await at.keyturn("schedules", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as { schedules: Record<string, unknown>[]; missedStarts: number };
};

describe("keyturn schedules", () => {
  it("tells when a schedule fires, in words, with the next three times, and what it does while one is pending", async () => {
    const { code, stdout, stderr } = await at.keyturn("schedules");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const monday = nextMonday();
    for (const part of [
      "at 07:00 on Mondays, UTC (cron(0 7 ? * MON *))",
      "alice: Weekly credential report",
      `Mon ${minute(monday)} UTC`,
      `Mon ${minute(monday + 7 * dayMs)} UTC`,
      `Mon ${minute(monday + 14 * dayMs)} UTC`,
      "skip: the next firing starts nothing",
    ]) {
      expect(stdout).toContain(part);
    }
    expect(await listed()).toEqual({
      schedules: [
        {
          job,
          expression: "cron(0 7 ? * MON *)",
          timeZone: "UTC",
          words: "at 07:00 on Mondays, UTC",
          admin: "alice",
          reason: "Weekly credential report",
          whilePending: "skip",
          state: "on",
          disabled: null,
          next: [0, 7, 14].map((days) => ({
            utc: new Date(monday + days * dayMs).toISOString(),
            local: `Mon ${minute(monday + days * dayMs)} UTC`,
          })),
          pending: [],
          queued: null,
        },
      ],
      missedStarts: 0,
    });
  });

  it("names the run that waits, which the command beside it answers", async () => {
    const run = await fire();
    expect((await at.keyturn("approve", run)).code).toBe(4);
    const { stdout } = await at.keyturn("schedules");
    expect(stdout).toContain(`${run} waits for a code`);
    expect(stdout).toContain(`keyturn approve ${run} --local`);
    expect((await listed()).schedules[0]).toMatchObject({ pending: [run], queued: null });
    expect((await at.keyturn("approve", run, "--code", await at.code())).code).toBe(0);
    expect((await at.keyturn("logs", run, "--follow")).code).toBe(0);
    expect((await listed()).schedules[0]).toMatchObject({ pending: [] });
  });

  it("turns one off, with who, when and why, and on again, each but once", async () => {
    const off = await at.keyturn("schedules", "disable", job, "--reason", "Audit in progress");
    expect(off).toMatchObject({ code: 0, stderr: "" });
    expect(off.stdout).toContain(`The schedule of ${job} is off`);
    const again = await at.keyturn("schedules", "disable", job, "--reason", "Something else");
    expect(again.stdout).toMatch(/was off since .* UTC, by\s+arn:aws:iam::111122223333:user\/operator: Audit in\s+progress/);

    const { stdout } = await at.keyturn("schedules");
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(
      /state off since 20\d\d-\S+ \S+ UTC, by arn:aws:iam::111122223333:user\/operator: Audit in progress/,
    );
    expect((await listed()).schedules[0]).toMatchObject({
      state: "off",
      disabled: {
        by: "arn:aws:iam::111122223333:user/operator",
        reason: "Audit in progress",
        at: expect.stringMatching(/^20.*Z$/) as string,
      },
      next: [],
    });
    const passedOver = await fire();
    expect((await at.keyturn("status", passedOver)).stderr).toContain(`There is no run ${passedOver}`);

    const on = await at.keyturn("schedules", "enable", job);
    expect(on).toMatchObject({ code: 0, stderr: "" });
    expect(on.stdout.replaceAll(/\s+/g, " ")).toContain(`is on again. It fires next Mon ${minute(nextMonday())} UTC.`);
    expect((await at.keyturn("schedules", "enable", job)).stdout).toContain("was on.");
    const run = await fire();
    expect((await at.keyturn("approve", run)).code).toBe(4);
    const sfn = new SFNClient(at.local.emulator.gateway.clientOptions(at.local.people.operator));
    await sfn.send(new StopExecutionCommand({ executionArn: `arn:aws:states:us-east-1:111122223333:execution:keyturn:${run}` }));
    sfn.destroy();
  });

  it("says of one that is off in EventBridge that it stays off", async () => {
    const Name = scheduleName(job);
    const {
      Arn: _,
      CreationDate: __,
      LastModificationDate: ___,
      $metadata: ____,
      ...deployed
    } = await scheduler.send(new GetScheduleCommand({ Name, GroupName: scheduleGroupName }));
    const update = (State: "ENABLED" | "DISABLED") =>
      scheduler.send(
        new UpdateScheduleCommand({
          ...deployed,
          Name,
          ScheduleExpression: deployed.ScheduleExpression,
          FlexibleTimeWindow: deployed.FlexibleTimeWindow,
          Target: deployed.Target,
          State,
        }),
      );
    await update("DISABLED");
    try {
      expect((await at.keyturn("schedules")).stdout).toMatch(/state +off in EventBridge/);
      expect((await listed()).schedules[0]).toMatchObject({ state: "off in EventBridge", disabled: null, next: [] });
      const enabled = await at.keyturn("schedules", "enable", job);
      expect(enabled.stdout.replaceAll(/\s+/g, " ")).toContain("but it is off in EventBridge");
    } finally {
      await update("ENABLED");
    }
  });

  it("GuardDuty's finding about a user asks for a credential report, once an hour", async () => {
    const { emulator } = at.local;
    const find = (type: string) =>
      emulator.events.publish({ source: "aws.guardduty", detailType: "GuardDuty Finding", resources: [], detail: { type } });
    find("Backdoor:EC2/C&CActivity.B");
    find("CredentialAccess:IAMUser/AnomalousBehavior");
    find("CredentialAccess:IAMUser/AnomalousBehavior");
    await emulator.settled();
    const { stdout } = await at.keyturn("runs", "--status", "running", "--json");
    const runs = (JSON.parse(stdout) as { run: string }[]).map(({ run }) => run);
    expect(runs).toEqual([expect.stringMatching(/^credential-report-finding-\d{8}T\d\dZ-1$/)]);
    const [run = ""] = runs;
    const asked = await at.keyturn("approve", run);
    expect(asked.code).toBe(4);
    expect(asked.stdout).toContain("GuardDuty finds an IAM user's credentials misused");
    expect((await at.keyturn("stop", run)).code).toBe(0);
  });

  it("shows nobody's text as more than a line of text", async () => {
    const Value = JSON.stringify({ by: "mallory\u001b[2J", reason: "ok\n  state  on" });
    await ssm.send(new PutParameterCommand({ Name: scheduleParameter(job, "disabled"), Type: "String", Value }));
    const { stdout } = await at.keyturn("schedules");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toMatch(/state +off, by mallory \[2J: ok state on/);
    await ssm.send(new PutParameterCommand({ Name: scheduleParameter(job, "disabled"), Type: "String", Value: "{", Overwrite: true }));
    expect((await listed()).schedules[0]).toMatchObject({ state: "off", disabled: { by: null, at: null, reason: null } });
  });

  it.each<[string, string[], number, string]>([
    ["a job without a schedule", ["disable", "announce"], 1, 'No job "announce" has a schedule. Those that have: credential-report.'],
    ["what is no job", ["enable", "../jobs/x"], 1, 'No job "../jobs/x" has a schedule.'],
    ["no job", ["disable"], 2, "keyturn schedules disable needs NAME"],
    ["a reason of two lines", ["disable", job, "--reason", "a\nb"], 2, "--reason: must be one line without control characters."],
    ["another word", ["disabel", job], 2, "Did you mean keyturn schedules disable?"],
  ])("%s is a clear error, and changes nothing", async (_, argv, expected, message) => {
    const { code, stdout, stderr } = await at.keyturn("schedules", ...argv);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
    expect((await listed()).schedules[0]).toMatchObject({ state: "on" });
  });
});
