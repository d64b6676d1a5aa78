import { DescribeStateMachineCommand, SFNClient, UpdateStateMachineCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { startKeyturn } from "./keyturn-process.ts";
import { startMovableKeyturn } from "./local-keyturn.ts";
import { atTerminal, hasPython, keys } from "./terminal-session.ts";

let local: Awaited<ReturnType<typeof startMovableKeyturn>>;
/** A run whose job failed, for tests that say what has changed since. */
let failed: string;
/** Others, for the tests that move the clock: a job that fails by then takes long, for its SDK blames its clock first. */
let hourOld: string;
let weeksOld: string;

beforeAll(async () => {
  local = await startMovableKeyturn();
  await endRecordSweep(local.local);
  failed = await failedRun();
  hourOld = await failedRun();
  weeksOld = await failedRun();
});
afterAll(() => local.stop());

const hourMs = 3_600_000;
const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const refused = () => new AwsError("AccessDenied", "A test refuses this.", { statusCode: 403 });
const throttled = () => new AwsError("Throttling", "Rate exceeded", { statusCode: 400 });

/** The job cannot list users: each of its attempts fails. */
const breakJob = () =>
  local.local.emulator.gateway.faults.add({
    service: "iam",
    operation: "ListUsers",
    callerRole: "BatchRoleCredentialReport",
    times: 1000,
    error: refused(),
  });

async function failedRun(): Promise<string> {
  const broken = breakJob();
  const { code, stdout } = await local.keyturn("run", "credential-report", "--json", "--code", await local.code());
  broken.lift();
  expect(code).toBe(1);
  return String(parsed(stdout)["run"]);
}

const planOf = async (run: string) => {
  const { code, stdout } = await local.keyturn("replay", run, "--plan", "--json");
  const { plan } = parsed(stdout) as {
    plan: { possible: boolean; way: string; states: { name: string; does: string }[]; code: { needed: boolean; why: string } };
  };
  return { code, plan, states: plan.states.map(({ name, does }) => `${name} ${does}`) };
};

describe("a run whose job failed", () => {
  it("is shown with its exit code, both attempts' logs and what to do, then goes on without a code while its credentials last", async () => {
    const broken = breakJob();
    const { code, stdout } = await local.keyturn("run", "credential-report", "--code", await local.code());
    broken.lift();
    const [, run = ""] = /Run (\S+) is started/.exec(stdout) ?? [];
    expect(code).toBe(1);
    for (const part of ["no report was made: AccessDenied", "ended as FAILED", "exit code 1", `keyturn replay ${run} --local --plan`]) {
      expect(stdout).toContain(part);
    }
    const log = await local.keyturn("logs", run);
    expect(log.stdout.match(/no report was made/g)).toHaveLength(2);
    expect(log.stdout).toContain("── attempt 2: ");

    const { plan, states } = await planOf(run);
    expect(plan.way).toBe("redrive");
    expect(states).toEqual([
      "AdmitRun kept",
      "ValidateMfa kept",
      "RetrieveCredentials kept",
      "AuthorizeSubmission kept",
      "RunJob runs again",
    ]);
    expect(plan.code).toEqual({ needed: false, why: expect.stringContaining("The job's credentials are good for") as string });

    const replayed = await local.keyturn("replay", run, "--json");
    expect(replayed).toMatchObject({ code: 0, stderr: "" });
    expect(parsed(replayed.stdout)).toMatchObject({
      run,
      status: "SUCCEEDED",
      exitCode: 0,
      attempts: [{}, {}].map(() => expect.any(String) as string),
    });
    const status = await local.keyturn("status", run);
    expect(status.stdout).toMatch(/Attempt 2: redriven .*\n.*\n {2}RunJob /);
    expect(status.stdout.match(/Batch job /g)).toHaveLength(2);
  });

  it("goes on in a new execution once the workflow has changed: without a code, with what was issued, under the same run id", async () => {
    const sfn = signedIn(SFNClient, local.local.administrator, local.local);
    const stateMachineArn = "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn";
    const { definition = "" } = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
    await sfn.send(
      new UpdateStateMachineCommand({ stateMachineArn, definition: JSON.stringify({ ...parsed(definition), Comment: "Another" }) }),
    );
    sfn.destroy();
    const { plan, states } = await planOf(failed);
    expect(plan).toMatchObject({
      possible: true,
      way: "resume",
      why: expect.stringContaining("deployed anew") as string,
      resumesAt: "AuthorizeSubmission",
      code: { needed: false },
    });
    expect(states).toEqual([
      "AdmitRun kept",
      "ValidateMfa kept",
      "RetrieveCredentials kept",
      "AuthorizeSubmission runs again",
      "RunJob runs again",
    ]);
    const { code, stdout, stderr } = await local.keyturn("replay", failed);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of ["kept, and checked again", "in a new execution", `as execution ${failed}-r2`, `Run ${failed} succeeded`]) {
      expect(stdout).toContain(part);
    }
  });

  it("is then known by its newest execution, and by each of its names", async () => {
    const status = parsed((await local.keyturn("status", failed, "--json")).stdout);
    expect(status).toMatchObject({
      run: failed,
      execution: `${failed}-r2`,
      status: "SUCCEEDED",
      job: "credential-report",
      replays: { execution: failed, from: "AuthorizeSubmission" },
    });
    const arn = `arn:aws:states:us-east-1:111122223333:execution:keyturn:${failed}`;
    expect(parsed((await local.keyturn("status", arn, "--json")).stdout)).toMatchObject({
      run: failed,
      execution: failed,
      status: "FAILED",
    });
    const runs = JSON.parse((await local.keyturn("runs", "--json")).stdout) as {
      run: string;
      execution: string;
      job: string;
      admin: string;
    }[];
    expect(runs.filter(({ run }) => run === failed)).toMatchObject([
      { execution: `${failed}-r2`, job: "credential-report", admin: "alice" },
      { execution: failed, job: "credential-report", admin: "alice" },
    ]);
    expect((await local.keyturn("status", failed)).stdout).toContain(`execution ${failed}, from AuthorizeSubmission on`);
    expect((await local.keyturn("logs", failed)).stdout).toContain("No findings.");
  });
});

it("a run that succeeded is replayed only where somebody insists and says why, and with a fresh code", async () => {
  const run = String(parsed((await local.keyturn("run", "credential-report", "--json", "--code", await local.code())).stdout)["run"]);
  const { code, stderr } = await local.keyturn("replay", run);
  expect(code).toBe(1);
  expect(stderr).toContain("has succeeded");
  expect(stderr).toContain(`keyturn replay ${run} --local --force --reason`);
  expect(await local.keyturn("replay", run, "--force")).toMatchObject({ code: 2, stderr: expect.stringContaining("--reason") as string });
  const late = await local.keyturn("replay", run, "--force", "--reason", "Lost", "--from", "RunJob");
  expect(late.stderr).toContain("takes a fresh code");
  const again = await local.keyturn("replay", run, "--force", "--reason", "The report was lost", "--json", "--code", await local.code());
  expect(again.code).toBe(0);
  expect(parsed(again.stdout)).toMatchObject({ run, execution: `${run}-r2`, status: "SUCCEEDED", reason: "The report was lost" });
});

it("one of two who replay a run at once is told that the other was first", async () => {
  const run = await failedRun();
  const both = await Promise.all(
    [await local.code(), await local.code()].map((code) => local.keyturn("replay", run, "--from", "AdmitRun", "--code", code)),
  );
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  // Whichever it sees first: that the name is taken, or that the other one goes on.
  expect(both.find(({ code }) => code === 1)?.stderr).toMatch(/Somebody else has just replayed run|is still going/);
});

it("a run that is going is not replayed", async () => {
  const { run } = parsed((await local.keyturn("run", "credential-report", "--json")).stdout) as { run: string };
  const { code, stderr } = await local.keyturn("replay", run);
  expect(code).toBe(1);
  expect(stderr).toContain("is still going");
  expect(stderr).toContain(`keyturn stop ${run} --local`);
});

describe("a job that runs", () => {
  /** It asks IAM again and again, for longer than a test lasts. */
  const holdJob = () =>
    local.local.emulator.gateway.faults.add({
      service: "iam",
      operation: "ListUsers",
      callerRole: "BatchRoleCredentialReport",
      times: 1000,
      error: throttled(),
    });

  it("is ended by stop, which says what is still valid and until when", async () => {
    const held = holdJob();
    const running = startKeyturn(["run", "credential-report", "--code", await local.code(), "--local"], { environment: local.environment });
    const run = await lineWith(running, /Run (\S+) is started/);
    await lineWith(running, /Batch job (\S+)/);
    const { code, stdout } = await local.keyturn("stop", run, "--json");
    expect(code).toBe(0);
    const document = parsed(stdout);
    expect(document).toMatchObject({
      stoppedExecution: true,
      status: "ABORTED",
      stillValid: [
        { what: "mfa-session", forSeconds: expect.closeTo(890, -2) as number },
        { what: "job-credentials", forSeconds: expect.closeTo(5750, -2) as number },
      ],
    });
    const ended = await running.ended;
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain("ended as ABORTED");
    held.lift();
    const { stdout: status } = await local.keyturn("status", run, "--json");
    expect(parsed(status)).toMatchObject({ batchJobs: [{ status: "FAILED" }] });
  });

  it.skipIf(!hasPython)("asks whoever interrupts it at a terminal whether to stop it, and says what is still valid", async () => {
    const held = holdJob();
    const at = atTerminal(["run", "credential-report", "--code", await local.code(), "--yes", "--local"], local.environment);
    await at.shows("Batch job ");
    at.type(keys.interrupt);
    await at.shows("leave it going");
    at.type(`${keys.down}${keys.enter}`);
    await at.shows("is stopped.");
    await at.shows("job credentials");
    expect((await at.ended).code).toBe(1);
    held.lift();
  });

  it("goes on when whoever watches it without a terminal is interrupted", async () => {
    const held = holdJob();
    const running = startKeyturn(["run", "credential-report", "--code", await local.code(), "--local"], { environment: local.environment });
    const run = await lineWith(running, /Run (\S+) is started/);
    await lineWith(running, /Batch job (\S+)/);
    running.process.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(1);
    expect(stdout).toContain(`Run ${run} goes on.`);
    expect(stdout).toContain(`keyturn logs ${run} --local --follow`);
    const followed = startKeyturn(["logs", run, "--follow", "--local"], { environment: local.environment });
    held.lift();
    const log = await followed.ended;
    expect(log.code).toBe(0);
    expect(log.stdout).toContain("No findings.");
    expect(log.stdout).not.toContain('{"keyturn"');
  });
});

// Last, since they move the clock far: what a job signs with this machine's is refused first then.
it("a run whose job failed needs a code once its credentials end before the job could: without one the replay waits, with one it goes on", {
  timeout: 120_000,
}, async () => {
  const run = hourOld;
  await local.local.emulator.clock.advance(hourMs);
  const { code, plan, states } = await planOf(run);
  expect(code).toBe(0);
  expect(plan.code).toEqual({
    needed: true,
    why: expect.stringMatching(/good for 3\d min(?: \d+ s)? more, and the job may take 1 h 30 min/) as string,
  });
  expect(states).toEqual([
    "AdmitRun kept",
    ...[
      "RequestMfa runs",
      "ValidateMfa runs again",
      "RetrieveCredentials runs again",
      "AuthorizeSubmission runs again",
      "RunJob runs again",
    ],
  ]);
  const waiting = await local.keyturn("replay", run);
  expect(waiting.code).toBe(4);
  expect(waiting.stdout).toContain(`keyturn approve ${run} --local`);
  await local.keyturn("stop", run);
  const replayed = await local.keyturn("replay", run, "--code", await local.code());
  expect(replayed.code).toBe(0);
  expect(replayed.stdout).toContain("can go on at RequestMfa");
  // The replay that waited was stopped; this one is the next.
  expect(replayed.stdout).toContain(`as execution ${run}-r3`);
  expect(replayed.stdout).toContain("succeeded");
});

it("a failed run is replayed after 14 days in a new execution, with a fresh code", { timeout: 120_000 }, async () => {
  const run = weeksOld;
  await local.local.emulator.clock.advance(15 * 24 * hourMs);
  const { plan } = await planOf(run);
  expect(plan).toMatchObject({
    way: "resume",
    why: expect.stringContaining("14 days") as string,
    resumesAt: "RequestMfa",
    code: { needed: true },
  });
  const { code, stdout } = await local.keyturn("replay", run, "--json", "--code", await local.code());
  expect(code).toBe(0);
  expect(parsed(stdout)).toMatchObject({ run, execution: `${run}-r2`, status: "SUCCEEDED" });
});

/** What `pattern` captures, as soon as the process has printed it. */
function lineWith({ process: child, ended }: ReturnType<typeof startKeyturn>, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: string) => {
      text += chunk;
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(({ stdout, stderr }) => {
      const found = pattern.exec(stdout)?.[1];
      if (found === undefined) reject(new Error(`${pattern} was never printed:\n${stdout}${stderr}`));
      else resolve(found);
    });
  });
}
