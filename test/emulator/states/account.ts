// An account with Step Functions, Lambda, KMS and IAM as they are, and a Batch whose jobs the test ends.

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateStateMachineCommand, DescribeExecutionCommand, type DescribeExecutionOutput, SFNClient } from "@aws-sdk/client-sfn";
import { vi } from "vitest";
import type { ResourceContext } from "../../../emulator/deploy/resource-type.ts";
import type { Service } from "../../../emulator/service.ts";
import { createKms } from "../../../emulator/services/kms.ts";
import { createLambda, type Lambda } from "../../../emulator/services/lambda.ts";
import { createStates, type States } from "../../../emulator/services/states.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const account = "111122223333";
export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:${account}:function:${name}`;
export const machineArn = (name: string): string => `arn:aws:states:us-east-1:${account}:stateMachine:${name}`;

export interface Account extends TestEmulator {
  readonly lambda: Lambda;
  readonly states: States;
  readonly batch: HandledBatch;
  readonly sfn: SFNClient;
  addRole(name: string, of: { trust: object; allow?: readonly object[] }): Promise<void>;
  addFunction(name: string, code: string): Promise<void>;
  addMachine(name: string, states: object, of?: { role?: string; keyId?: string }): Promise<string>;
  ended(executionArn: string): Promise<DescribeExecutionOutput>;
}

/** Batch's three calls that Step Functions makes, authorised as Batch's are; the whole of Batch has its own tests. */
export class HandledBatch {
  readonly submitted: { readonly jobId: string; readonly request: object }[] = [];
  readonly terminated: string[] = [];
  readonly #listeners = new Map<string, (change: { status: string }) => void>();
  readonly #ended = new Map<string, object>();

  onJobState(jobId: string, listener: (change: { status: string }) => void): () => void {
    this.#listeners.set(jobId, listener);
    return () => this.#listeners.delete(jobId);
  }

  end(jobId: string, job: { status: string; [member: string]: unknown }): void {
    this.#ended.set(jobId, { jobId, jobName: "job", jobQueue: "q", jobDefinition: "d", startedAt: 1, ...job });
    this.#listeners.get(jobId)?.(job);
  }

  readonly service: Service = {
    signingName: "batch",
    protocol: "restJson1",
    model: () => import("@aws-sdk/client-batch"),
    operations: {
      SubmitJob: {
        permissions: ({ jobQueue }: { jobQueue: string }) => [{ action: "batch:SubmitJob", resource: jobQueue }],
        run: (request: object) => {
          const jobId = `job-${this.submitted.length + 1}`;
          this.submitted.push({ jobId, request });
          return { jobId, jobName: "job", jobArn: `arn:aws:batch:us-east-1:${account}:job/${jobId}` };
        },
      },
      DescribeJobs: {
        permissions: () => [{ action: "batch:DescribeJobs", resource: "*" }],
        run: ({ jobs }: { jobs: string[] }) => ({ jobs: jobs.map((id) => this.#ended.get(id) ?? { jobId: id, status: "RUNNING" }) }),
      },
      TerminateJob: {
        permissions: () => [{ action: "batch:TerminateJob", resource: "*" }],
        run: ({ jobId }: { jobId: string }) => {
          this.terminated.push(jobId);
          return {};
        },
      },
    },
  };
}

export const trusts = (principal: object, condition?: object): object => ({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", ...(condition === undefined ? {} : { Condition: condition }) },
  ],
});

export const trustsStates = trusts({ Service: "states.amazonaws.com" });

export async function startAccount(): Promise<Account> {
  const batch = new HandledBatch();
  const made: { lambda?: Lambda; states?: States } = {};
  const emulator = await startTestEmulator({
    services: ({ environment, gateway, roles, network }) => {
      const keys = createKms(environment);
      made.lambda = createLambda(environment, { gateway, roles, keys, subnets: network });
      made.states = createStates(environment, { gateway, roles, keys, jobs: batch });
      return [keys, made.lambda, batch, made.states];
    },
  });
  const { lambda, states } = made;
  if (lambda === undefined || states === undefined) throw new Error("the emulator started without its services");
  const iam = emulator.client(IAMClient);
  const sfn = emulator.client(SFNClient);
  return {
    ...emulator,
    lambda,
    states,
    batch,
    sfn,
    async addRole(name, { trust, allow = [] }) {
      await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }));
      if (allow.length === 0) return;
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: allow.map((of) => ({ Effect: "Allow", ...of })) });
      await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "own", PolicyDocument }));
    },
    async addFunction(name, code) {
      const folder = await mkdtemp(join(tmpdir(), "keyturn-states-"));
      await writeFile(join(folder, "index.mjs"), code);
      const type = lambda.resourceTypes.find((of) => of.type === "AWS::Lambda::Function");
      const context: ResourceContext = { stackName: "s", logicalId: "F", generatedName: () => name, assetPath: () => folder, tags: {} };
      const properties = {
        FunctionName: name,
        Code: { S3Bucket: "b", S3Key: "k" },
        Role: roleArn("Runs"),
        Runtime: "nodejs24.x",
        Handler: "index.handler",
      };
      await type?.create(type.properties.parse(properties), context);
    },
    async addMachine(name, flow, { role = "Machine", keyId } = {}) {
      const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: Object.keys(flow)[0], States: flow });
      const { stateMachineArn = "" } = await sfn.send(
        new CreateStateMachineCommand({
          name,
          definition,
          roleArn: roleArn(role),
          ...(keyId === undefined ? {} : { encryptionConfiguration: { type: "CUSTOMER_MANAGED_KMS_KEY", kmsKeyId: keyId } }),
        }),
      );
      return stateMachineArn;
    },
    ended: (executionArn) =>
      vi.waitUntil(
        async () => {
          const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
          return execution.status === "RUNNING" ? undefined : execution;
        },
        { timeout: 20_000, interval: 20 },
      ) as Promise<DescribeExecutionOutput>,
  };
}
