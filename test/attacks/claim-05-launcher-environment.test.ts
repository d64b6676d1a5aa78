// Claims 5 and 7 by attack: whoever can submit jobs sets any variable of the container, and neither runs code beside the launcher nor hears its calls.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchClient, DescribeJobsCommand, type JobDetail, SubmitJobCommand } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoActs } from "../../cli/local/demo-acts.ts";
import { readJobLog } from "../../cli/local/read-log.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { jobBucketName, jobDefinitionName, launchVariables, refusedExitCode } from "../../core/naming.ts";
import { type Deployed, startAttackedAccount } from "./attacked-account.ts";
import { playRun } from "./played-run.ts";
import { given } from "./specimens.ts";

const job = "credential-report";
let at: Deployed;
let captured: Readonly<Record<string, string>>;
let command: readonly string[];
/** What the attacker waits for: any call at all. */
let listener: Server;
let listening: string;
const heard: string[] = [];
let home: string;

beforeAll(async () => {
  at = await startAttackedAccount();
  const { view } = await playRun("captured", at);
  const acts = new DemoActs(at, new AbortController().signal);
  const { container } = await describeJob(acts.jobOf(view).id);
  acts.destroy();
  const kept: readonly string[] = Object.values(launchVariables);
  captured = Object.fromEntries(
    (container?.environment ?? []).flatMap(({ name = "", value = "" }) => (kept.includes(name) ? [[name, value]] : [])),
  );
  command = given(container?.command);
  listener = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.writeHead(500, { connection: "close" }).end();
  }).on("connect", (request, socket) => {
    heard.push(`CONNECT ${request.url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  listening = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  home = mkdtempSync(join(tmpdir(), "attackers-home-"));
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws", "config"), `[default]\nendpoint_url = ${listening}\n`);
});

afterAll(async () => {
  listener?.close();
  rmSync(home, { recursive: true, force: true });
  await at?.emulator.stop();
});

async function describeJob(jobId: string): Promise<JobDetail> {
  const batch = signedIn(BatchClient, at.people.operator, at);
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
  return given(jobs[0]);
}

/** As the administrator, since nobody of the system may: the captured envelope and command, and `environment` over them. */
async function submit(environment: Readonly<Record<string, string>>): Promise<{ exitCode: number | undefined; log: string }> {
  heard.length = 0;
  const batch = signedIn(BatchClient, at.administrator, at);
  const { jobId = "" } = await batch.send(
    new SubmitJobCommand({
      jobName: "by-hand",
      jobDefinition: jobDefinitionName(job),
      jobQueue: "keyturn-spot",
      retryStrategy: { attempts: 1 },
      containerOverrides: {
        command: [...command],
        environment: Object.entries({ ...captured, ...environment }).map(([name, value]) => ({ name, value })),
      },
    }),
  );
  await new Promise<void>((resolve) => {
    at.emulator.batch.onJobState(jobId, ({ status }) => {
      if (status === "SUCCEEDED" || status === "FAILED") resolve();
    });
  });
  const { container } = await describeJob(jobId);
  const logs = signedIn(CloudWatchLogsClient, at.people.operator, at);
  const lines = await readJobLog(logs, { job, stream: given(container?.logStreamName) });
  return { exitCode: container?.exitCode, log: lines.join("\n") };
}

describe("a variable of a submission", () => {
  // What does no harm leaves the job as it is: it runs as approved, and its report goes where it always goes.
  it.each<[string, () => Record<string, string>]>([
    ["runs no code before the launcher", () => ({ NODE_OPTIONS: "--import=data:text/javascript,console.log('foreign%20code')" })],
    ["has no debugger opened", () => ({ NODE_OPTIONS: "--inspect=127.0.0.1:0" })],
    ["has nothing of the launcher's calls printed", () => ({ NODE_DEBUG: "http,https,net,tls,fetch,undici" })],
    ["puts no proxy in between", () => ({ NODE_USE_ENV_PROXY: "1", HTTP_PROXY: listening, HTTPS_PROXY: listening, http_proxy: listening })],
    ["adds no authority to trust", () => ({ NODE_EXTRA_CA_CERTS: "/proc/self/environ", NODE_TLS_REJECT_UNAUTHORIZED: "0" })],
    ["configures no OpenSSL", () => ({ OPENSSL_CONF: "/proc/self/environ", A: "\nnodejs_conf = other\n[other]\nengines = none\n" })],
    ["is no configuration file", () => ({ AWS_CONFIG_FILE: "/proc/self/environ", A: `\n[default]\nendpoint_url = ${listening}\n#` })],
    ["brings no home with a configuration", () => ({ HOME: home, AWS_SDK_LOAD_CONFIG: "1" })],
    ["moves no call to another region", () => ({ AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-1" })],
    ["moves no report to another bucket", () => ({ KEYTURN_BUCKET: jobBucketName("announce", at) })],
    [
      "gives no other credentials",
      () => ({ AWS_ACCESS_KEY_ID: "AKIAATTACKER", AWS_SECRET_ACCESS_KEY: "attacker's", AWS_PROFILE: "attacker" }),
    ],
  ])("%s", async (_what, environment) => {
    const { exitCode, log } = await submit(environment());
    expect(log).not.toMatch(/foreign code|Debugger listening|^(HTTP|NET|TLS|FETCH|UNDICI)\b|Warning/im);
    expect(log).toContain(`s3://${jobBucketName(job, at)}/captured/`);
    expect({ exitCode, heard }).toEqual({ exitCode: 0, heard: [] });
  });

  it.each(["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_IAM"])("sends no call elsewhere: %s", async (name) => {
    const { exitCode, log } = await submit({ [name]: listening });
    expect(log).toContain(`keyturn launcher: OrderMismatch: ${name} would send this job's signed calls out of the container`);
    expect({ exitCode, heard }).toEqual({ exitCode: refusedExitCode, heard: [] });
  });
});
