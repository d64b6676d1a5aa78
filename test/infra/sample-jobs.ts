// Two jobs that differ in everything the stacks look at.

import { z } from "zod";
import { defineJob } from "../../jobs/definition.ts";

export const keyReport = defineJob({
  name: "key-report",
  description: "Lists the access keys.",
  parameters: z.strictObject({}),
  command: () => [],
  permissions: [
    { actions: ["iam:ListUsers"], resources: () => ["*"], reason: "AWS offers no resource level for iam:ListUsers." },
    { actions: ["iam:ListAccessKeys"], resources: ({ partition, account }) => [`arn:${partition}:iam::${account}:user/*`] },
    { actions: ["s3:PutObject"], resources: ({ bucketArn }) => [`${bucketArn}/*`] },
  ],
  admins: ["alice"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 1800,
  attempts: 2,
  spot: true,
  schedule: { expression: "cron(0 7 ? * MON *)", admin: "alice", reason: "Weekly key report", whilePending: "replace" },
});

export const announce = defineJob({
  name: "announce",
  description: "Publishes what it is told.",
  parameters: z.strictObject({ text: z.string().default("hello") }),
  command: ({ text }) => [text],
  permissions: [
    {
      actions: ["sns:Publish"],
      resources: ({ partition, region, account }) => [`arn:${partition}:sns:${region}:${account}:announcements`],
    },
  ],
  admins: ["alice", "bob"],
  vcpu: 1,
  memoryMiB: 2048,
  timeoutSeconds: 60,
  attempts: 1,
  schedule: {
    expression: "cron(30 8 1 * ? *)",
    timeZone: "Europe/Berlin",
    admin: "bob",
    reason: "Monthly greeting",
    whilePending: "queue",
  },
  events: [
    {
      name: "report",
      pattern: ({ bucketOf }) => ({
        source: ["aws.s3"],
        "detail-type": ["Object Created"],
        detail: { bucket: { name: [bucketOf("announce")] } },
      }),
      admin: "alice",
      reason: "A greeting was kept",
      parameters: { text: "$.detail.object.key" },
    },
  ],
});

export const sampleJobs = [keyReport, announce];
