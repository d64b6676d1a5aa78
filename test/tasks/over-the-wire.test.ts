import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachUserPolicyCommand,
  DetachUserPolicyCommand,
  IAMClient,
  UpdateAccessKeyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Order } from "../../core/order.ts";
import type { Submission } from "../../tasks/authorize-submission/task.ts";
import { taskBundling } from "../../tasks/bundling.ts";
import { type RelayAccount, startRelayAccount, taskEnvironment } from "./relay-account.ts";

type Handler = (event: unknown, context: { awsRequestId: string }) => Promise<unknown>;

let account: RelayAccount;
const handlers: Record<string, Handler> = {};
const logged: string[] = [];

beforeAll(async () => {
  // One clock for the tasks, which take the process's, and for the emulator, which builds on it. It stands still until a test moves it.
  vi.useFakeTimers({ now: new Date(), toFake: ["Date"] });
  account = await startRelayAccount();
  // Handlers read their environment once, when they are loaded.
  for (const [name, value] of Object.entries(taskEnvironment(account))) vi.stubEnv(name, value);
  for (const task of ["admit-run", "validate-mfa", "retrieve-credentials", "authorize-submission"]) {
    handlers[task] = ((await import(`../../tasks/${task}/handler.ts`)) as { handler: Handler }).handler;
  }
  vi.spyOn(process.stdout, "write").mockImplementation((line) => logged.push(String(line)) > 0);
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await account.emulator.stop();
});
beforeEach(() => {
  logged.length = 0;
});

const invoke = async <Output>(task: string, event: unknown): Promise<Output> =>
  (await handlers[task]?.(event, { awsRequestId: "request-1" })) as Output;

const moveClock = (byMs: number): void => void vi.setSystemTime(Date.now() + byMs);

/** A code that no test has used, a step after the last. */
function freshCode(): string {
  moveClock(30_000);
  return account.authenticator.code();
}

const admit = (run: string): Promise<Order> =>
  invoke("admit-run", { run, startedAt: new Date().toISOString(), input: { job: "credential-report", admin: "alice" } });

const stsCalls = () => account.emulator.calls.filter(({ operation }) => operation === "GetSessionToken").length;

describe("validate-mfa over the wire", () => {
  it("gives one code to exactly one of 200 runs, and asks STS once", async () => {
    const orders = await Promise.all(Array.from({ length: 200 }, (_, index) => admit(`crowd-${index}`)));
    const mfaCode = freshCode();
    const before = stsCalls();
    const results = await Promise.allSettled(orders.map((order) => invoke("validate-mfa", { order, mfaCode })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refusals = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    expect(new Set(refusals.map(({ name }) => name))).toEqual(new Set(["MfaRejected"]));
    expect(refusals.every(({ message }) => /has spent this code already.* shows the next one in \d+ s\.$/.test(message))).toBe(true);
    expect(stsCalls() - before).toBe(1);
  });

  it("takes a code that was sealed for its run, and not one that was sealed for another", async () => {
    const order = await admit("sealed-1");
    const sealFor = async (run: string, code: string) => {
      const EncryptionContext = { hop: "code", run, admin: "alice" };
      const command = new EncryptCommand({ KeyId: account.keys.code, Plaintext: Buffer.from(code), EncryptionContext });
      const { CiphertextBlob: blob } = await account.emulator.client(KMSClient).send(command);
      return { sealed: Buffer.from(blob ?? []).toString("base64") };
    };
    const code = freshCode();
    await expect(invoke("validate-mfa", { order, mfaCode: await sealFor("sealed-2", code) })).rejects.toMatchObject({
      name: "MfaRejected",
    });
    expect(await invoke("validate-mfa", { order, mfaCode: await sealFor("sealed-1", code) })).toMatchObject({
      session: expect.stringMatching(/^kt1\./),
    });
  });

  it("lets five of many wrong codes reach STS, then locks, and the right code comes too late", async () => {
    const right = freshCode();
    const before = stsCalls();
    const order = await admit("guess-1");
    const guesses = Array.from({ length: 40 }, (_, index) => String(100_000 + index)).filter((code) => code !== right);
    const results = await Promise.allSettled(guesses.map((mfaCode) => invoke("validate-mfa", { order, mfaCode })));
    const names = results.map((result) => (result.status === "rejected" ? (result.reason as Error).name : "accepted"));
    expect(names.filter((name) => name === "MfaRejected")).toHaveLength(5);
    expect(names.filter((name) => name === "MfaLocked")).toHaveLength(guesses.length - 5);
    await expect(invoke("validate-mfa", { order, mfaCode: right })).rejects.toMatchObject({ name: "MfaLocked" });
    expect(stsCalls() - before).toBe(5);
    moveClock(900_000);
    expect(await invoke("validate-mfa", { order, mfaCode: freshCode() })).toMatchObject({ session: expect.any(String) });
  });

  it("says that a disabled key is the credential's fault, and does not count it", async () => {
    const iam = account.emulator.client(IAMClient);
    const key = { UserName: "alice", AccessKeyId: account.accessKeyId };
    await iam.send(new UpdateAccessKeyCommand({ ...key, Status: "Inactive" }));
    const order = await admit("disabled-1");
    for (let time = 0; time < 6; time++) {
      await expect(invoke("validate-mfa", { order, mfaCode: freshCode() })).rejects.toThrow(
        "The secret keyturn/admins/alice holds an access key that AWS does not accept",
      );
    }
    await iam.send(new UpdateAccessKeyCommand({ ...key, Status: "Active" }));
    expect(await invoke("validate-mfa", { order, mfaCode: freshCode() })).toMatchObject({ session: expect.any(String) });
  });

  it("says that a wrong MFA serial is the credential's fault", async () => {
    const secrets = account.emulator.client(SecretsManagerClient);
    const SecretId = "keyturn/admins/alice";
    const { SecretString = "" } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    const wrong = JSON.stringify({ ...(JSON.parse(SecretString) as object), mfaSerial: "arn:aws:iam::111122223333:mfa/bob" });
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: wrong }));
    const order = await admit("serial-1");
    await expect(invoke("validate-mfa", { order, mfaCode: freshCode() })).rejects.toThrow(
      "The secret keyturn/admins/alice names an MFA device that is not alice's.",
    );
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    expect(await invoke("validate-mfa", { order, mfaCode: freshCode() })).toMatchObject({ session: expect.any(String) });
  });

  it("logs nothing of the code, the key or the session", async () => {
    const order = await admit("logged-1");
    const mfaCode = freshCode();
    const { session } = await invoke<{ session: string }>("validate-mfa", { order, mfaCode });
    expect(logged).toHaveLength(2);
    expect(JSON.parse(logged[1] ?? "")).toMatchObject({ state: "ValidateMfa", run: "logged-1", outcome: "succeeded" });
    for (const secret of [mfaCode, session, account.accessKeyId]) expect(logged.join("")).not.toContain(secret);
  });
});

describe("the relay", () => {
  it("brings a job's credentials from the code to the job's program, and to nothing that runs another command", async () => {
    const order = await admit("relay-1");
    const { session } = await invoke<{ session: string }>("validate-mfa", { order, mfaCode: freshCode() });
    const issued = await invoke<{ credentials: string; expiresAt: string }>("retrieve-credentials", { order, session });
    const { submission } = await invoke<{ submission: Submission }>("authorize-submission", { order, ...issued });
    const launched = await startContainer(submission, submission.ContainerOverrides.Command);
    expect(launched.stderr).toBe("");
    const seen = JSON.parse(launched.stdout) as { arguments: string[]; environment: Record<string, string> };
    expect(seen.arguments).toEqual(["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/"]);
    expect(Object.keys(seen.environment).sort()).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_CONFIG_FILE",
      "AWS_ENDPOINT_URL",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "AWS_SHARED_CREDENTIALS_FILE",
      "HOME",
      "KEYTURN_ADMIN",
      "KEYTURN_BUCKET",
      "KEYTURN_JOB",
      "KEYTURN_PARAMETERS",
      "KEYTURN_RUN",
      "LANG",
      "PATH",
      "TZ",
    ]);
    expect(seen.environment["AWS_ACCESS_KEY_ID"]).toMatch(/^ASIA/);

    const changed = await startContainer(submission, ["--path-prefix=/everybody/"]);
    expect(changed.code).toBe(78);
    expect(changed.stdout).toBe("");
    expect(changed.stderr).toMatch(
      /^keyturn launcher: EnvelopeUnopenable: Run relay-1: KMS does not open this envelope .*Start a new run\.\n$/,
    );
  });

  it("asks for a new code when the session has ended, and goes on with that", async () => {
    const order = await admit("expired-1");
    const { session } = await invoke<{ session: string }>("validate-mfa", { order, mfaCode: freshCode() });
    moveClock(900_000);
    await expect(invoke("retrieve-credentials", { order, session })).rejects.toMatchObject({ name: "MfaSessionExpired" });
    const fresh = await invoke<{ session: string }>("validate-mfa", { order, mfaCode: freshCode() });
    expect(await invoke("retrieve-credentials", { order, session: fresh.session })).toMatchObject({ credentials: expect.any(String) });
  });

  it("says what to check when the role's trust says no, and what when its longest session is too short", async () => {
    const iam = account.emulator.client(IAMClient);
    const order = await admit("refused-1");
    const { session } = await invoke<{ session: string }>("validate-mfa", { order, mfaCode: freshCode() });
    const attachment = { UserName: "alice", PolicyArn: account.policyArn };
    await iam.send(new DetachUserPolicyCommand(attachment));
    await expect(invoke("retrieve-credentials", { order, session })).rejects.toMatchObject({
      name: "JobRoleRefused",
      message: expect.stringContaining("Check that alice is in the group BatchJobAdmins"),
    });
    await iam.send(new AttachUserPolicyCommand(attachment));
    const role = { RoleName: "BatchRoleCredentialReport" };
    await iam.send(new UpdateRoleCommand({ ...role, MaxSessionDuration: 3600 }));
    await expect(invoke("retrieve-credentials", { order, session })).rejects.toMatchObject({
      name: "JobRoleRefused",
      message: expect.stringContaining("its MaxSessionDuration is below the 4560 s that the job needs"),
    });
    await iam.send(new UpdateRoleCommand({ ...role, MaxSessionDuration: 43_200 }));
    expect(await invoke("retrieve-credentials", { order, session })).toMatchObject({ credentials: expect.any(String) });
  });

  it("opens nothing for another run at any step", async () => {
    const [mine, other] = [await admit("relay-2"), await admit("relay-3")];
    const { session } = await invoke<{ session: string }>("validate-mfa", { order: mine, mfaCode: freshCode() });
    await expect(invoke("retrieve-credentials", { order: other, session })).rejects.toMatchObject({ name: "EnvelopeUnopenable" });
    const issued = await invoke<{ credentials: string; expiresAt: string }>("retrieve-credentials", { order: mine, session });
    await expect(invoke("authorize-submission", { order: other, ...issued })).rejects.toMatchObject({ name: "EnvelopeUnopenable" });
    await expect(invoke("authorize-submission", { ...issued, order: mine, credentials: session })).rejects.toMatchObject({
      name: "EnvelopeUnopenable",
    });
  });
});

/** The launcher as a process of its own, with only a container's environment; the program beside it says what it was started with. */
async function startContainer(submission: Submission, command: readonly string[]) {
  const image = await mkdtemp(join(tmpdir(), "keyturn-image-"));
  const { accessKeyId, secretAccessKey } = account.emulator.administrator;
  const endpoint = createServer((_request, response) => {
    response.writeHead(200, { connection: "close" });
    response.end(JSON.stringify({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: "" }));
  });
  await new Promise<void>((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  try {
    await build({
      ...taskBundling,
      mainFields: [...taskBundling.mainFields],
      external: [...taskBundling.external],
      entryPoints: ["jobs/launcher/main.ts"],
      outfile: join(image, "launcher.mjs"),
    });
    await writeFile(join(image, "job.json"), '{ "job": "credential-report" }');
    await writeFile(
      join(image, "main.mjs"),
      "process.stdout.write(JSON.stringify({ arguments: process.argv.slice(2), environment: process.env }))",
    );
    const env = {
      PATH: process.env["PATH"],
      HOME: image,
      AWS_ENDPOINT_URL: account.emulator.endpoint,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`,
      KEYTURN_JOB_KEY: account.keys.job,
      ...Object.fromEntries(submission.ContainerOverrides.Environment.map(({ Name, Value }) => [Name, Value])),
    };
    return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, ["launcher.mjs", ...command], { cwd: image, env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
      );
    });
  } finally {
    endpoint.close();
    await rm(image, { recursive: true });
  }
}
