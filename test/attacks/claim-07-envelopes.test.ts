// Claims 5 and 7 by attack: whoever can submit jobs holds a captured envelope, and gets nothing out of any launcher with it.

import { BatchClient, DescribeJobsCommand, type KeyValuePair, SubmitJobCommand } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoActs } from "../../cli/local/demo-acts.ts";
import { readJobLog } from "../../cli/local/read-log.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { encryptionContext } from "../../core/envelope.ts";
import { jobDefinitionName, keyAlias, launcherRoleName, launchVariables, refusedExitCode } from "../../core/naming.ts";
import { type Deployed, outcomeOf, type Principal, startAttackedAccount, stolen } from "./attacked-account.ts";
import { playRun } from "./played-run.ts";
import { given, makeSpecimens, subject } from "./specimens.ts";

let at: Deployed;
/** The environment and command of a job that ran, as anybody who may describe jobs sees them. */
let captured: { readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> };

beforeAll(async () => {
  at = await startAttackedAccount();
  const { view } = await playRun("captured", at);
  const acts = new DemoActs(at, new AbortController().signal);
  const { id, exitCode } = acts.jobOf(view);
  acts.destroy();
  expect(exitCode).toBe(0);
  const { container } = await describeJob(id);
  const kept: readonly string[] = Object.values(launchVariables);
  captured = {
    command: given(container?.command),
    environment: Object.fromEntries(
      given(container?.environment).flatMap(({ name = "", value = "" }: KeyValuePair) => (kept.includes(name) ? [[name, value]] : [])),
    ),
  };
});

afterAll(() => at?.emulator.stop());

async function describeJob(jobId: string) {
  const batch = signedIn(BatchClient, at.people.operator, at);
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
  return given(jobs[0]);
}

interface Submission {
  readonly job?: "credential-report" | "announce";
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Submits as the administrator, since nobody of the system may; gives the launcher's exit code and its last line. */
async function submit({
  job = "credential-report",
  command,
  environment,
}: Submission): Promise<{ exitCode: number | undefined; line: string }> {
  const batch = signedIn(BatchClient, at.administrator, at);
  const { jobId } = await batch.send(
    new SubmitJobCommand({
      jobName: "by-hand",
      jobDefinition: jobDefinitionName(job),
      jobQueue: job === "announce" ? "keyturn" : "keyturn-spot",
      retryStrategy: { attempts: 1 },
      containerOverrides: {
        command: [...(command ?? captured.command)],
        environment: Object.entries({ ...captured.environment, ...environment }).map(([name, value]) => ({ name, value })),
      },
    }),
  );
  const ended = new Promise<void>((resolve) => {
    at.emulator.batch.onJobState(given(jobId), (state: { readonly status: string }) => {
      if (state.status === "SUCCEEDED" || state.status === "FAILED") resolve();
    });
  });
  await ended;
  const { container } = await describeJob(given(jobId));
  const logs = signedIn(CloudWatchLogsClient, at.people.operator, at);
  const lines = await readJobLog(logs, { job, stream: given(container?.logStreamName) });
  return { exitCode: container?.exitCode, line: lines.at(-1) ?? "" };
}

const order = (change: Readonly<Record<string, unknown>>): Record<string, string> => ({
  [launchVariables.order]: JSON.stringify({ ...(JSON.parse(given(captured.environment[launchVariables.order])) as object), ...change }),
});

describe("a captured envelope", () => {
  it("opens again for exactly the run that it was sealed for, while its credentials live", async () => {
    const { exitCode, line } = await submit({});
    expect({ exitCode, line }).toMatchObject({ exitCode: 0, line: expect.stringContaining('"outputs"') });
  });

  it.each([
    ["another command", { command: ["--path-prefix=/"] }],
    ["one more argument", { command: ["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/", "--verbose"] }],
  ] as const)("does not open under %s", async (_what, change) => {
    const { exitCode, line } = await submit(change);
    expect(exitCode).toBe(refusedExitCode);
    expect(line).toMatch(/EnvelopeUnopenable: Run captured: KMS does not open this envelope \(InvalidCiphertextException\)/);
  });

  it.each([
    ["other parameters", { parameters: { maxKeyAgeDays: 1, unusedDays: 45, pathPrefix: "/" } }],
    ["another run", { run: "another" }],
    ["another admin", { admin: "bob" }],
    ["another job definition", { jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-credential-report:2" }],
  ])("does not open under %s", async (_what, change) => {
    const { exitCode, line } = await submit({ environment: order(change) });
    expect(exitCode).toBe(refusedExitCode);
    expect(line).toMatch(/EnvelopeUnopenable/);
  });

  it("does not open in another job's container, which says so itself", async () => {
    const { exitCode, line } = await submit({ job: "announce" });
    expect(exitCode).toBe(refusedExitCode);
    expect(line).toMatch(/OrderMismatch: Run captured: the order is for job credential-report, but this image runs announce/);
  });

  it("does not open in another job's container that is told it is its own", async () => {
    const { exitCode, line } = await submit({ job: "announce", environment: order({ job: "announce" }) });
    expect(exitCode).toBe(refusedExitCode);
    expect(line).toMatch(/EnvelopeUnopenable/);
  });

  it("does not open with another job's key named in its environment", async () => {
    const { exitCode, line } = await submit({
      job: "announce",
      environment: { ...order({ job: "announce" }), KEYTURN_JOB_KEY: at.emulator.kms.keyArn(keyAlias.job("credential-report")) },
    });
    expect(exitCode).toBe(refusedExitCode);
    expect(line).toMatch(/EnvelopeUnopenable: .*AccessDeniedException/);
  });
});

describe("a launcher's own role", () => {
  it("opens the order's digest, and no other", async () => {
    const { launch } = await makeSpecimens(at);
    const open = async (principal: Principal, digest: string) => {
      const kms = new KMSClient(at.emulator.gateway.clientOptions(await stolen(principal, at)));
      const EncryptionContext = encryptionContext.launch({ ...subject, digest });
      return outcomeOf(
        kms.send(new DecryptCommand({ KeyId: keyAlias.job(subject.job), CiphertextBlob: launch["credential-report"], EncryptionContext })),
      );
    };
    const launcher = launcherRoleName("credential-report") as Principal;
    expect(await open(launcher, subject.digest)).toBe("allowed");
    expect(await open(launcher, "1".repeat(64))).toBe("InvalidCiphertextException");
    expect(await open(launcherRoleName("announce") as Principal, subject.digest)).toBe("AccessDeniedException");
  });
});
