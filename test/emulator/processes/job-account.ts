// An account with Batch, one image and a queue, for one test file at a time.

import { BatchClient, DescribeJobsCommand, type JobDetail, SubmitJobCommand, type SubmitJobCommandInput } from "@aws-sdk/client-batch";
import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { JobState } from "../../../emulator/services/batch/job.ts";
import { type Batch, createBatch } from "../../../emulator/services/batch.ts";
import { imageUri, type Statement, startWorkloadAccount, type WorkloadAccount } from "./workload-account.ts";

const program = `
  const { argv, env } = process;
  const does = {
    succeed: () => console.log("done", ...argv.slice(3)),
    fail: () => { process.exitCode = Number(argv[3]); },
    environment: () => console.log(JSON.stringify(env)),
    credentials: async () => {
      const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = env;
      const given = await fetch(url, { headers: { authorization: token } });
      const refused = await fetch(url, { headers: { authorization: token + "x" } });
      console.log(JSON.stringify({ given: await given.json(), refused: refused.status }));
    },
    hang: () => { console.log("hanging"); setInterval(() => {}, 1000); },
    defy: () => { process.on("SIGTERM", () => console.log("no")); console.log("hanging"); setInterval(() => {}, 1000); },
    onSecondAttempt: () => { process.exitCode = env.AWS_BATCH_JOB_ATTEMPT === "2" ? 0 : 1; },
  };
  await does[argv[2]]();
`;
const dockerfile = 'FROM node:24-slim\nWORKDIR /job\nENV FROM_IMAGE="an image"\nCOPY . .\nUSER node\nENTRYPOINT ["node", "main.mjs"]\n';

const group = "/jobs";
export const pull: Statement[] = [
  { Action: "ecr:GetAuthorizationToken", Resource: "*" },
  { Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource: "arn:aws:ecr:us-east-1:111122223333:repository/assets" },
];
export const log: Statement = {
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: `arn:aws:logs:us-east-1:111122223333:log-group:${group}:*`,
};

export let clock: MovableClock;
export let states: JobState[];
export let account: WorkloadAccount;
export let batch: Batch;
export let client: BatchClient;
export let image: string;
export let jobRole: string;

/** Gives the test file that calls it an account of its own for as long as it runs. */
export function useJobAccount(): void {
  beforeAll(startAccount);
  afterAll(() => account.stop());
}

async function startAccount(): Promise<void> {
  clock = new MovableClock();
  states = [];
  account = await startWorkloadAccount(
    ({ environment, gateway, roles, network: subnets }) => {
      batch = createBatch(environment, { gateway, roles, subnets, onJobState: (state) => states.push(state) });
      return [batch];
    },
    { clock },
  );
  client = account.client(BatchClient);
  image = imageUri(await account.folder({ "main.mjs": program, Dockerfile: dockerfile }));
  await account.logsClient.send(new CreateLogGroupCommand({ logGroupName: group }));
  jobRole = await account.role("JobRole", { service: "ecs-tasks.amazonaws.com" });
  await computeEnvironment("room", {});
  await computeEnvironment("full", { MaxvCpus: 0 });
  await queue("main", "room", {});
  await queue("stuck", "full", {
    JobStateTimeLimitActions: [
      { Action: "CANCEL", MaxTimeSeconds: 600, Reason: "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", State: "RUNNABLE" },
      { Action: "CANCEL", MaxTimeSeconds: 900, Reason: "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", State: "RUNNABLE" },
    ],
  });
  await definition("job", {});
}

export const computeEnvironment = (name: string, resources: object) =>
  account.create("AWS::Batch::ComputeEnvironment", {
    ComputeEnvironmentName: name,
    Type: "managed",
    ComputeResources: {
      Type: "FARGATE",
      MaxvCpus: 4,
      Subnets: [account.subnetId],
      SecurityGroupIds: [account.securityGroupId],
      ...resources,
    },
  });

export const queue = (name: string, on: string, properties: object) =>
  account.create("AWS::Batch::JobQueue", {
    JobQueueName: name,
    Priority: 1,
    ComputeEnvironmentOrder: [{ ComputeEnvironment: on, Order: 1 }],
    ...properties,
  });

export async function definition(name: string, of: { container?: object; statements?: Statement[]; properties?: object }): Promise<string> {
  const ExecutionRoleArn = await account.role(`Execution-${name}`, {
    service: "ecs-tasks.amazonaws.com",
    statements: of.statements ?? [...pull, log],
  });
  const { ref } = await account.create("AWS::Batch::JobDefinition", {
    JobDefinitionName: name,
    Type: "container",
    PlatformCapabilities: ["FARGATE"],
    ContainerProperties: {
      Image: image,
      Command: ["succeed"],
      JobRoleArn: jobRole,
      ExecutionRoleArn,
      Environment: [{ Name: "FROM_DEFINITION", Value: "a definition" }],
      LogConfiguration: { LogDriver: "awslogs", Options: { "awslogs-group": group, "awslogs-stream-prefix": name } },
      ResourceRequirements: [
        { Type: "VCPU", Value: "1" },
        { Type: "MEMORY", Value: "2048" },
      ],
      ...of.container,
    },
    ...of.properties,
  });
  return ref;
}

export async function submit(command: readonly string[], input: Partial<SubmitJobCommandInput> = {}): Promise<string> {
  const containerOverrides = { command: [...command], ...input.containerOverrides };
  const reply = await client.send(
    new SubmitJobCommand({ jobName: "a-job", jobQueue: "main", jobDefinition: "job", ...input, containerOverrides }),
  );
  return reply.jobId ?? "";
}

/** Waits until the job's state is one of `states`, and describes it. */
export async function reach(jobId: string, ...states: string[]): Promise<JobDetail> {
  await new Promise<void>((resolve) => {
    const unlisten = batch.onJobState(jobId, ({ status }) => {
      if (!states.includes(status)) return;
      unlisten();
      resolve();
    });
  });
  const { jobs } = await client.send(new DescribeJobsCommand({ jobs: [jobId] }));
  return jobs?.[0] as JobDetail;
}

export const ended = (jobId: string) => reach(jobId, "SUCCEEDED", "FAILED");

export async function printed(job: JobDetail): Promise<string[]> {
  const logStreamNames = [job.container?.logStreamName ?? ""];
  const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: group, logStreamNames }));
  return events.map(({ message }) => message ?? "");
}

/** Waits until the job's process has printed the line, so that signals find it at work. */
export function line(text: string): Promise<void> {
  return new Promise((resolve) => {
    const end = account.logs.tail(group, ({ message }) => {
      if (message !== text) return;
      end();
      resolve();
    });
  });
}
