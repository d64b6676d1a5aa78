// What the demo does, act by act, as the people who would do it: the operator, an auditor who looks at logs, and an administrator who cheats.

import { setTimeout as sleep } from "node:timers/promises";
import { BatchClient, DescribeJobsCommand, type JobDetail, SubmitJobCommand } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import * as z from "zod";
import { adminSecretName, launchVariables, stateMachineName, stateNames } from "../../core/naming.ts";
import { errorMessage, type StateVisit } from "../../core/run-history.ts";
import type { Report } from "../../jobs/credential-report/report.ts";
import type { JobOutput } from "../../jobs/outputs.ts";
import { CommandFailed } from "../outcome.ts";
import { type Following, followRun, type RunView, readRun } from "./follow-run.ts";
import type { PopulatedAccount } from "./local-account.ts";
import { readJobLog, wasColdStart } from "./read-log.ts";
import { signedIn } from "./sign-in.ts";

export interface ShownState {
  readonly name: string;
  readonly role: string;
  readonly durationMs: number;
  /** Lambda states only. */
  readonly cold?: boolean;
  readonly error?: string;
}

export interface FinishedJob {
  readonly id: string;
  readonly exitCode: number | null;
  readonly attempts: number;
  readonly logStream: string;
}

/** The clients of one demo, and the runs that it starts with them. */
export class DemoActs {
  readonly #local: PopulatedAccount;
  readonly #signal: AbortSignal;
  readonly #clients: { destroy(): void }[] = [];
  readonly #sfn: SFNClient;
  readonly #operatorSecrets: SecretsManagerClient;
  readonly #operatorBatch: BatchClient;
  readonly #operatorLogs: CloudWatchLogsClient;
  readonly #auditorLogs: CloudWatchLogsClient;
  readonly #administratorBatch: BatchClient;

  constructor(local: PopulatedAccount, signal: AbortSignal) {
    this.#local = local;
    this.#signal = signal;
    const { operator, auditor } = local.people;
    this.#sfn = this.#client(SFNClient, operator);
    this.#operatorSecrets = this.#client(SecretsManagerClient, operator);
    this.#operatorBatch = this.#client(BatchClient, operator);
    this.#operatorLogs = this.#client(CloudWatchLogsClient, operator);
    this.#auditorLogs = this.#client(CloudWatchLogsClient, auditor);
    this.#administratorBatch = this.#client(BatchClient, local.administrator);
  }

  /** As the operator. Gives the execution's ARN; its name is the run id. */
  async startRun(run: string, input: object): Promise<string> {
    const { region, account } = this.#local;
    const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${stateMachineName}`;
    const { executionArn } = await this.#sfn.send(new StartExecutionCommand({ stateMachineArn, name: run, input: JSON.stringify(input) }));
    return required(executionArn, "StartExecution");
  }

  /** Until the run waits in RequestMfa for the `times`-th time, or has ended. */
  untilItWaits(following: Omit<Following, "sfn" | "signal">, times: number): Promise<RunView> {
    return followRun({ ...following, sfn: this.#sfn, signal: this.#signal }, ({ visits }) => {
      const requests = visits.filter(({ name }) => name === stateNames.requestMfa);
      return requests.length >= times && requests.at(-1)?.isWaiting === true;
    });
  }

  untilItEnds(following: Omit<Following, "sfn" | "signal">): Promise<RunView> {
    return followRun({ ...following, sfn: this.#sfn, signal: this.#signal });
  }

  /** As the operator, who finds the task token in the execution's history. */
  async answer(view: RunView, mfaCode: string): Promise<void> {
    const request = view.visits.findLast(({ name, isWaiting }) => name === stateNames.requestMfa && isWaiting);
    const { Payload } = z.object({ Payload: z.object({ taskToken: z.string() }) }).parse(request?.taskInput);
    await this.#sfn.send(new SendTaskSuccessCommand({ taskToken: Payload.taskToken, output: JSON.stringify({ mfaCode }) }));
  }

  async stopRun(executionArn: string): Promise<RunView> {
    await this.#sfn.send(new StopExecutionCommand({ executionArn, error: "Demo", cause: "Nobody will answer." }));
    return readRun(this.#sfn, executionArn);
  }

  /** Tries, as the operator, to read an admin's access key. Gives the refusal. */
  async readSecretAsOperator(admin: string): Promise<string> {
    const reading = this.#operatorSecrets.send(new GetSecretValueCommand({ SecretId: adminSecretName(admin) }));
    return refusalOf(reading, `the operator read the secret of ${admin}`);
  }

  /** What a person wants to see of a state that was left; undefined for those that run no task. */
  async shown(visit: StateVisit, of: { run: string; visits: readonly StateVisit[] }): Promise<ShownState | undefined> {
    const { name, role, enteredAtMs, leftAtMs = enteredAtMs, error } = visit;
    if (role === undefined) return undefined;
    const earlier = of.visits.slice(0, of.visits.indexOf(visit)).filter((other) => other.name === name).length;
    const task = name === stateNames.runJob ? undefined : kebabCase(name);
    const cold =
      task === undefined
        ? undefined
        : await wasColdStart(this.#auditorLogs, { task, run: of.run, state: name, visit: earlier, signal: this.#signal });
    return {
      name,
      role,
      durationMs: leftAtMs - enteredAtMs,
      ...(cold === undefined ? {} : { cold }),
      ...(error === undefined ? {} : { error: errorMessage(error) }),
    };
  }

  /** The finished job of a run, from what RunJob answered or failed with. */
  jobOf(view: RunView): FinishedJob {
    const visit = view.visits.findLast(({ name }) => name === stateNames.runJob);
    const cause = visit?.error?.cause ?? "";
    // A job that was submitted and failed is described in the cause; anything else there is prose.
    const parsed = SyncJob.safeParse(visit?.taskOutput ?? (cause.startsWith("{") ? JSON.parse(cause) : undefined));
    if (parsed.success) {
      const { JobId, Container, Attempts } = parsed.data;
      return { id: JobId, exitCode: Container.ExitCode ?? null, attempts: Attempts.length, logStream: Container.LogStreamName };
    }
    throw new CommandFailed(`The run ended without a job: ${view.failure === undefined ? view.status : errorMessage(view.failure)}`);
  }

  /** As the operator. */
  jobLog(job: string, logStream: string): Promise<readonly string[]> {
    return readJobLog(this.#operatorLogs, { job, stream: logStream });
  }

  /**
   * Takes the envelope of a finished job, which anybody who may describe jobs can see, and submits the job's definition with it and another
   * command: as the administrator, since nobody else may submit. Gives what the launcher logged when KMS refused.
   */
  async submitByHand(jobId: string, of: { job: string; command: readonly string[] }): Promise<string> {
    const captured = await this.#describe(this.#operatorBatch, jobId);
    const kept: readonly string[] = Object.values(launchVariables);
    const { jobId: submitted } = await this.#administratorBatch.send(
      new SubmitJobCommand({
        jobName: "by-hand",
        jobDefinition: captured.jobDefinition,
        jobQueue: captured.jobQueue,
        containerOverrides: {
          command: [...of.command],
          environment: captured.container?.environment?.filter(({ name = "" }) => kept.includes(name)) ?? [],
        },
        retryStrategy: { attempts: 1 },
      }),
    );
    const ended = await this.#untilJobEnds(required(submitted, "SubmitJob"));
    const log = await this.jobLog(of.job, required(ended.container?.logStreamName, "DescribeJobs"));
    const refusal = log.find((line) => line.startsWith("keyturn launcher:"));
    if (ended.status === "FAILED" && refusal !== undefined) return refusal;
    throw new CommandFailed(`The job submitted by hand ended as ${ended.status} with this log:\n${log.join("\n")}`);
  }

  /** Under the role that reads reports, which an operator is not: the JSON that the job wrote. */
  async readReport(outputs: readonly JobOutput[]): Promise<Report> {
    const { session, roleArn } = this.#local.people.reportReader;
    const { Credentials: issued } = await this.#client(STSClient, session).send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "demo" }),
    );
    const s3 = this.#client(S3Client, {
      accessKeyId: required(issued?.AccessKeyId, "AssumeRole"),
      secretAccessKey: required(issued?.SecretAccessKey, "AssumeRole"),
      sessionToken: required(issued?.SessionToken, "AssumeRole"),
    });
    const { bucket, key } = required(
      outputs.find((output) => output.key.endsWith(".json")),
      "The job's log",
    );
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    // Written by this very checkout's program a moment ago.
    return JSON.parse(await required(Body, "GetObject").transformToString("utf8")) as Report;
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy();
  }

  async #untilJobEnds(jobId: string): Promise<JobDetail> {
    for (;;) {
      const job = await this.#describe(this.#administratorBatch, jobId);
      if (job.status === "SUCCEEDED" || job.status === "FAILED") return job;
      await sleep(25, undefined, { signal: this.#signal });
    }
  }

  async #describe(batch: BatchClient, jobId: string): Promise<JobDetail> {
    const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
    return required(jobs[0], "DescribeJobs");
  }

  #client<Client extends { destroy(): void }>(
    client: new (options: { endpoint: string; region: string; credentials: PopulatedAccount["administrator"] }) => Client,
    credentials: PopulatedAccount["administrator"],
  ): Client {
    const made = signedIn(client, credentials, this.#local);
    this.#clients.push(made);
    return made;
  }
}

/** Of DescribeJobs' answer as Step Functions writes it. */
const SyncJob = z.object({
  JobId: z.string(),
  Container: z.object({ ExitCode: z.number().optional(), LogStreamName: z.string() }),
  Attempts: z.array(z.unknown()),
});

const kebabCase = (pascal: string): string => pascal.replaceAll(/(?<!^)([A-Z])/g, "-$1").toLowerCase();

/** The error of an attempt that must not succeed. */
async function refusalOf(attempt: Promise<unknown>, success: string): Promise<string> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return `${outcome.name}: ${outcome.message}`;
  throw new CommandFailed(`This must not happen: ${success}.`);
}

function required<Value>(value: Value | undefined, operation: string): Value {
  if (value === undefined) throw new Error(`${operation} answered without what it always answers`);
  return value;
}
