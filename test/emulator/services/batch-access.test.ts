// Batch's front door: what a submission may hold, who may submit and register, and what can be read and deployed.

import {
  BatchClient,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
} from "@aws-sdk/client-batch";
import { describe, expect, it } from "vitest";
import { account, client, definition, image, jobRole, submit, useJobAccount } from "../processes/job-account.ts";
import { imageUri } from "../processes/workload-account.ts";

useJobAccount();

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
  const jobId = await submit(["succeed"], { jobName: "listed" });
  await submit(["succeed"], { jobName: "other" });
  const filters = [{ name: "JOB_NAME", values: ["list*"] }];
  expect((await client.send(new ListJobsCommand({ jobQueue: "main", filters }))).jobSummaryList).toMatchObject([
    { jobId, jobName: "listed" },
  ]);
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
