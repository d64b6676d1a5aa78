// A job made for the tests of the tasks, with one parameter of each kind, so that the real catalogue may change.

import * as z from "zod";
import { composeOrder, type DeployedJob } from "../../jobs/compose-order.ts";
import { defineJob } from "../../jobs/definition.ts";

export const sampleJob = defineJob({
  name: "rotate-keys",
  description: "For tests.",
  parameters: z.strictObject({
    days: z.int().min(1).max(365).default(30),
    path: z.string().max(20),
    dryRun: z.boolean().optional(),
  }),
  command: ({ days, path, dryRun }) => [`--days=${days}`, `--path=${path}`, ...(dryRun ? ["--dry-run"] : [])],
  permissions: [{ actions: ["s3:PutObject"], resources: ({ bucketArn }) => [`${bucketArn}/*`] }],
  admins: ["alice", "bob"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 600,
  attempts: 3,
  sessionPolicy: ({ path }, { bucketArn, run }) => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:PutObject"], Resource: [`${bucketArn}/${run}/${path}/*`] }],
  }),
});

export const deployedSample: DeployedJob = {
  jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
  jobRole: "arn:aws:iam::111122223333:role/BatchRoleRotateKeys",
  jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/keyturn",
  queueSeconds: 900,
};

export const samplePlace = { partition: "aws", account: "111122223333", region: "us-east-1", bucketArn: "arn:aws:s3:::data" };

export const startedAt = "2026-11-21T08:00:00.000Z";

export const sampleOrder = (change: { run?: string; admin?: string; reason?: string; path?: string } = {}) =>
  composeOrder(sampleJob, {
    run: change.run ?? "run-1",
    admin: change.admin ?? "alice",
    parameters: { days: 30, path: change.path ?? "team" },
    reason: change.reason,
    startedAtMs: Date.parse(startedAt),
    deployed: deployedSample,
  });
