// Batch over the wire: a job is a process that sees its container's environment, and every way it can end shows as on AWS.

import {
  BatchClient,
  CancelJobCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  type SubmitJobCommandInput,
  TerminateJobCommand,
} from "@aws-sdk/client-batch";
import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { JobState } from "../../../emulator/services/batch/job.ts";
import { type Batch, createBatch } from "../../../emulator/services/batch.ts";
import { imageUri, type Statement, startWorkloadAccount, type WorkloadAccount } from "../processes/workload-account.ts";

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
const pull: Statement[] = [
  { Action: "ecr:GetAuthorizationToken", Resource: "*" },
  { Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource: "arn:aws:ecr:us-east-1:111122223333:repository/assets" },
];
const log: Statement = {
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: `arn:aws:logs:us-east-1:111122223333:log-group:${group}:*`,
};

const clock = new MovableClock();
const states: JobState[] = [];
let account: WorkloadAccount;
let batch: Batch;
let client: BatchClient;
let image: string;
let jobRole: string;

beforeAll(async () => {
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
});

afterAll(() => account.stop());

const computeEnvironment = (name: string, resources: object) =>
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

const queue = (name: string, on: string, properties: object) =>
  account.create("AWS::Batch::JobQueue", {
    JobQueueName: name,
    Priority: 1,
    ComputeEnvironmentOrder: [{ ComputeEnvironment: on, Order: 1 }],
    ...properties,
  });

async function definition(name: string, of: { container?: object; statements?: Statement[]; properties?: object }): Promise<string> {
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

async function submit(command: readonly string[], input: Partial<SubmitJobCommandInput> = {}): Promise<string> {
  const containerOverrides = { command: [...command], ...input.containerOverrides };
  const reply = await client.send(
    new SubmitJobCommand({ jobName: "a-job", jobQueue: "main", jobDefinition: "job", ...input, containerOverrides }),
  );
  return reply.jobId ?? "";
}

/** Waits until the job's state is one of `states`, and describes it. */
async function reach(jobId: string, ...states: string[]): Promise<JobDetail> {
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

const ended = (jobId: string) => reach(jobId, "SUCCEEDED", "FAILED");

async function printed(job: JobDetail): Promise<string[]> {
  const logStreamNames = [job.container?.logStreamName ?? ""];
  const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: group, logStreamNames }));
  return events.map(({ message }) => message ?? "");
}

/** Waits until the job's process has printed the line, so that signals find it at work. */
function line(text: string): Promise<void> {
  return new Promise((resolve) => {
    const end = account.logs.tail(group, ({ message }) => {
      if (message !== text) return;
      end();
      resolve();
    });
  });
}

describe("a job that succeeds", () => {
  it("goes through every state and ends with its exit code and its log", async () => {
    const jobId = await submit(["succeed", "with", "arguments"]);
    const job = await ended(jobId);
    expect(states.filter((of) => of.jobId === jobId).map(({ status }) => status)).toEqual([
      "SUBMITTED",
      "PENDING",
      "RUNNABLE",
      "STARTING",
      "RUNNING",
      "SUCCEEDED",
    ]);
    expect(job).toMatchObject({
      status: "SUCCEEDED",
      statusReason: "Essential container in task exited",
      jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/job:1",
      jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/main",
      container: {
        exitCode: 0,
        command: ["succeed", "with", "arguments"],
        networkInterfaces: [{ privateIpv4Address: expect.stringMatching(/^10\.0\.1\./) }],
      },
      attempts: [{ container: { exitCode: 0 }, statusReason: "Essential container in task exited" }],
    });
    expect(job.container?.logStreamName).toMatch(/^job\/default\/[0-9a-f]{32}$/);
    expect(await printed(job)).toEqual(["done with arguments"]);
  });

  it("sees the image's, the definition's and the submission's variables, Batch's own, and nothing else", async () => {
    const job = await ended(
      await submit(["environment"], { containerOverrides: { environment: [{ name: "FROM_SUBMISSION", value: "me" }] } }),
    );
    const environment = JSON.parse((await printed(job))[0] ?? "");
    expect(Object.keys(environment).sort()).toEqual([
      "AWS_BATCH_CE_NAME",
      "AWS_BATCH_JOB_ATTEMPT",
      "AWS_BATCH_JOB_ID",
      "AWS_BATCH_JQ_NAME",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN",
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      "AWS_ENDPOINT_URL",
      "FROM_DEFINITION",
      "FROM_IMAGE",
      "FROM_SUBMISSION",
      "HOME",
      "PATH",
    ]);
    expect(environment).toMatchObject({
      FROM_IMAGE: "an image",
      FROM_SUBMISSION: "me",
      AWS_BATCH_JOB_ID: job.jobId,
      AWS_BATCH_CE_NAME: "room",
    });
  });

  it("gets its role's session from its own endpoint, with its own token only", async () => {
    const job = await ended(await submit(["credentials"]));
    const { given, refused } = JSON.parse((await printed(job))[0] ?? "");
    expect(given).toMatchObject({ RoleArn: jobRole, AccessKeyId: expect.stringMatching(/^ASIA/), Expiration: expect.any(String) });
    expect(refused).toBe(403);
  });
});

describe("a job that fails", () => {
  it("ends with the container's exit code", async () => {
    const job = await ended(await submit(["fail", "7"]));
    expect(job).toMatchObject({ status: "FAILED", statusReason: "Essential container in task exited", container: { exitCode: 7 } });
    expect(job.attempts).toHaveLength(1);
  });

  it("is tried again while it has attempts, and succeeds when one does", async () => {
    const job = await ended(await submit(["onSecondAttempt"], { retryStrategy: { attempts: 3 } }));
    expect(job.status).toBe("SUCCEEDED");
    expect(job.attempts?.map(({ container }) => container?.exitCode)).toEqual([1, 0]);
  });

  it.each([
    ["matches EXIT", [{ onExitCode: "7", action: "EXIT" }], 1],
    [
      "matches RETRY before EXIT",
      [
        { onExitCode: "7", action: "RETRY" },
        { onReason: "*", action: "EXIT" },
      ],
      2,
    ],
    ["matches by prefix", [{ onStatusReason: "Essential*", action: "exit" }], 1],
    ["matches nothing", [{ onExitCode: "8", action: "EXIT" }], 2],
  ] as const)("is tried again or not as evaluateOnExit says, where it %s", async (_, evaluateOnExit, attempts) => {
    const retryStrategy = { attempts: 2, evaluateOnExit: [...evaluateOnExit] } as NonNullable<SubmitJobCommandInput["retryStrategy"]>;
    const job = await ended(await submit(["fail", "7"], { retryStrategy }));
    expect(job.attempts).toHaveLength(attempts);
  });

  it("is ended when an attempt's time is over, and not tried again", async () => {
    const hanging = line("hanging");
    const jobId = await submit(["hang"], { timeout: { attemptDurationSeconds: 60 }, retryStrategy: { attempts: 3 } });
    await hanging;
    await clock.advance(60_000);
    const job = await ended(jobId);
    expect(job).toMatchObject({ status: "FAILED", statusReason: "Job attempt duration exceeded timeout", container: { exitCode: 143 } });
    expect(job.attempts).toHaveLength(1);
  });

  it("is killed thirty seconds after it was asked to end, if it does not", async () => {
    const hanging = line("hanging");
    const jobId = await submit(["defy"]);
    await hanging;
    const defiant = line("no");
    await client.send(new TerminateJobCommand({ jobId, reason: "enough" }));
    await defiant;
    await clock.advance(30_000);
    expect(await ended(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "enough",
      isTerminated: true,
      container: { exitCode: 137 },
    });
  });
});

describe("a job whose container never starts has no exit code, and", () => {
  it.each([
    [
      "may not have a registry token",
      { statements: [log] },
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*ecr:GetAuthorizationToken/,
    ],
    ["may not pull the image", { statements: [pull[0] as Statement, log] }, /^CannotPullContainerError: .*ecr:BatchGetImage/],
    ["may not open its log", { statements: pull }, /^ResourceInitializationError: failed to validate logger args: .*logs:CreateLogStream/],
  ] as const)("says that its execution role %s", async (title, of, statusReason) => {
    const name = title.replaceAll(" ", "-");
    await definition(name, { statements: [...of.statements] });
    const job = await ended(await submit(["succeed"], { jobDefinition: name }));
    expect(job).toMatchObject({ status: "FAILED", statusReason: expect.stringMatching(statusReason) });
    expect(job.container).not.toHaveProperty("exitCode");
    expect(job).not.toHaveProperty("startedAt");
  });

  it("says that its job role does not trust ECS", async () => {
    const JobRoleArn = await account.role("NotEcs", { service: "lambda.amazonaws.com" });
    await definition("untrusted", { container: { JobRoleArn } });
    const job = await ended(await submit(["succeed"], { jobDefinition: "untrusted" }));
    expect(job.statusReason).toContain(`ECS was unable to assume the role '${JobRoleArn}'`);
  });

  it("says that its overrides are too long", async () => {
    const environment = [{ name: "LONG", value: "x".repeat(8192) }];
    const job = await ended(await submit(["succeed"], { containerOverrides: { environment } }));
    expect(job).toMatchObject({ status: "FAILED", statusReason: "Container Overrides length must be at most 8192" });
  });
});

describe("a submission is refused", () => {
  it.each([
    [
      "above 30 KiB",
      { containerOverrides: { environment: [{ name: "LONG", value: "x".repeat(31_000) }] } },
      "Job size must be less than 30 KiB, got 31 KiB",
    ],
    ["with a timeout below a minute", { timeout: { attemptDurationSeconds: 59 } }, "Timeout attemptDurationSeconds must be at least 60"],
    [
      "with a reserved variable",
      { containerOverrides: { environment: [{ name: "AWS_BATCH_JOB_ID", value: "x" }] } },
      "AWS_BATCH_JOB_ID is not allowed",
    ],
    ["to no such queue", { jobQueue: "absent" }, "JobQueue absent does not exist"],
    ["of no such definition", { jobDefinition: "absent" }, "JobDefinition absent does not exist"],
    ["of no such revision", { jobDefinition: "job:9" }, "JobDefinition job:9 does not exist"],
    ["with more than ten attempts", { retryStrategy: { attempts: 11 } }, "Attempts must be between 1 and 10"],
  ])("%s", async (_, input, message) => {
    await expect(submit(["succeed"], input)).rejects.toMatchObject({ name: "ClientException", message: expect.stringContaining(message) });
  });

  it("as an array job, which is not modelled", async () => {
    await expect(submit(["succeed"], { arrayProperties: { size: 2 } })).rejects.toThrow("SubmitJob with arrayProperties is not modelled");
  });
});

describe("a job that cannot start", () => {
  it("waits as RUNNABLE, says why, and is ended by the queue's time limit for that reason", async () => {
    const jobId = await submit(["succeed"], { jobQueue: "stuck" });
    expect((await reach(jobId, "RUNNABLE")).statusReason).toMatch(/^MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE/);
    await clock.advance(600_000);
    expect(batch.describe(jobId)?.status).toBe("RUNNABLE");
    await clock.advance(300_000);
    const job = await ended(jobId);
    expect(job.statusReason).toBe("Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE");
    expect(job.attempts).toEqual([]);
    expect(job).not.toHaveProperty("startedAt");
  });

  it.each([
    ["CancelJob", CancelJobCommand],
    ["TerminateJob", TerminateJobCommand],
  ])("is ended by %s with the reason given", async (_, Command) => {
    const jobId = await submit(["succeed"], { jobQueue: "stuck" });
    await reach(jobId, "RUNNABLE");
    await client.send(new Command({ jobId, reason: "changed my mind" }));
    expect(await ended(jobId)).toMatchObject({ status: "FAILED", statusReason: "changed my mind", isCancelled: true });
  });

  it("starts when another one leaves room", async () => {
    await computeEnvironment("small", { MaxvCpus: 1 });
    await queue("small", "small", {});
    const hanging = line("hanging");
    const first = await submit(["hang"], { jobQueue: "small" });
    await hanging;
    const second = await submit(["succeed"], { jobQueue: "small" });
    await reach(second, "RUNNABLE");
    await client.send(new TerminateJobCommand({ jobId: first, reason: "make room" }));
    expect((await ended(second)).status).toBe("SUCCEEDED");
  });

  it("waits for the job that it depends on, and fails with it", async () => {
    const first = await submit(["fail", "1"], {});
    const second = await submit(["succeed"], { dependsOn: [{ jobId: first }] });
    expect(await ended(second)).toMatchObject({ status: "FAILED", statusReason: "Dependent Job failed" });
  });
});

describe("who may submit", () => {
  const queueArn = "arn:aws:batch:us-east-1:111122223333:job-queue/main";
  const definitionArn = "arn:aws:batch:us-east-1:111122223333:job-definition/job";

  it.each([
    ["by revision, allowed by revision", [`${definitionArn}:1`, queueArn], "job:1", {}, true],
    ["by ARN, allowed by revision", [`${definitionArn}:1`, queueArn], `${definitionArn}:1`, {}, true],
    ["by name, allowed by revision", [`${definitionArn}:1`, queueArn], "job", {}, false],
    ["by revision, allowed by name", [definitionArn, queueArn], "job:1", {}, false],
    ["by name, allowed by name", [definitionArn, queueArn], "job", {}, true],
    ["by revision, queue not allowed", [`${definitionArn}:1`], "job:1", {}, false],
    ["with tags, tagging not allowed", [`${definitionArn}:1`, queueArn], "job:1", { a: "b" }, false],
  ] as const)("%s: %s", async (title, Resource, jobDefinition, tags, isAllowed) => {
    const name = `Submitter-${title.replaceAll(/\W+/g, "-")}`;
    const roleArn = await account.role(name, {
      service: "lambda.amazonaws.com",
      statements: [{ Action: "batch:SubmitJob", Resource: [...Resource] }],
    });
    const session = await account.roles.assumeAsService({
      service: "lambda.amazonaws.com",
      roleArn,
      sessionName: "test",
      sourceArn: "arn:aws:lambda:us-east-1:111122223333:function:test",
    });
    const sent = account
      .client(BatchClient, session)
      .send(new SubmitJobCommand({ jobName: "a-job", jobQueue: "main", jobDefinition, tags }));
    if (isAllowed) expect(await sent).toMatchObject({ jobName: "a-job" });
    else await expect(sent).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("asks for iam:PassRole on both roles of a definition that is registered", async () => {
    const statements = [
      {
        Action: ["batch:RegisterJobDefinition", "iam:PassRole"],
        Resource: ["arn:aws:batch:us-east-1:111122223333:job-definition/*", jobRole],
      },
    ];
    const roleArn = await account.role("Registrar", { service: "lambda.amazonaws.com", statements });
    const session = await account.roles.assumeAsService({
      service: "lambda.amazonaws.com",
      roleArn,
      sessionName: "test",
      sourceArn: "arn:aws:lambda:us-east-1:111122223333:function:test",
    });
    const register = (executionRoleArn: string) =>
      account.client(BatchClient, session).send(
        new RegisterJobDefinitionCommand({
          jobDefinitionName: "registered",
          type: "container",
          platformCapabilities: ["FARGATE"],
          containerProperties: {
            image,
            jobRoleArn: jobRole,
            executionRoleArn,
            resourceRequirements: [
              { type: "VCPU", value: "1" },
              { type: "MEMORY", value: "2048" },
            ],
          },
        }),
      );
    expect(await register(jobRole)).toMatchObject({ revision: 1 });
    await expect(register("arn:aws:iam::111122223333:role/Execution-job")).rejects.toThrow("iam:PassRole");
  });
});

it("lists and describes what there is", async () => {
  const { jobSummaryList = [] } = await client.send(
    new ListJobsCommand({ jobQueue: "main", filters: [{ name: "JOB_NAME", values: ["a-*"] }] }),
  );
  expect(jobSummaryList.length).toBeGreaterThan(5);
  const { jobQueues } = await client.send(new DescribeJobQueuesCommand({ jobQueues: ["main"] }));
  expect(jobQueues).toMatchObject([{ jobQueueName: "main", state: "ENABLED", status: "VALID" }]);
  const { computeEnvironments } = await client.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: ["room"] }));
  expect(computeEnvironments).toMatchObject([{ type: "MANAGED", computeResources: { type: "FARGATE", maxvCpus: 4 } }]);
  const { jobDefinitions } = await client.send(new DescribeJobDefinitionsCommand({ jobDefinitions: ["job:1"] }));
  expect(jobDefinitions).toMatchObject([
    { jobDefinitionName: "job", revision: 1, status: "ACTIVE", containerProperties: { image, command: ["succeed"] } },
  ]);
});

it("refuses an image that needs a container engine, when it is deployed", async () => {
  const folder = await account.folder({ Dockerfile: 'FROM node:24\nRUN npm ci\nENTRYPOINT ["node", "x.mjs"]\n' });
  await expect(definition("runs", { container: { Image: imageUri(folder) } })).rejects.toThrow(
    /Dockerfile line 2 \(RUN npm ci\): RUN is not modelled/,
  );
});
