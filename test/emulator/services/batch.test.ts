// Batch over the wire: a job is a process that sees its container's environment, and every way it can end shows as on AWS.

import { CancelJobCommand, type SubmitJobCommandInput, TerminateJobCommand } from "@aws-sdk/client-batch";
import { describe, expect, it } from "vitest";
import {
  account,
  batch,
  client,
  clock,
  computeEnvironment,
  definition,
  ended,
  jobRole,
  line,
  log,
  printed,
  pull,
  queue,
  reach,
  states,
  submit,
  useJobAccount,
} from "../processes/job-account.ts";
import type { Statement } from "../processes/workload-account.ts";

useJobAccount();

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
