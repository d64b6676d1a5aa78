// The first real job: which credentials of the account's IAM users are old, idle or unprotected.

import * as z from "zod";
import { defineJob } from "../definition.ts";

const days = (byDefault: number, meaning: string) => z.int().min(1).max(3650).default(byDefault).describe(meaning);

export const credentialReport = defineJob({
  name: "credential-report",
  description: "For every IAM user: age and last use of each access key, MFA devices and console password, with findings, as CSV and JSON.",
  parameters: z.strictObject({
    maxKeyAgeDays: days(90, "An access key older than this is a finding."),
    unusedDays: days(45, "An access key or password that nobody has used for this long is a finding."),
    pathPrefix: z
      .string()
      .max(200)
      .regex(/^\/([\x21-\x2e\x30-\x7e]+\/)*$/, "must begin and end with / (as /keyturn/)")
      .default("/")
      .describe("Only users under this IAM path."),
  }),
  command: ({ maxKeyAgeDays, unusedDays, pathPrefix }) => [
    `--max-key-age-days=${maxKeyAgeDays}`,
    `--unused-days=${unusedDays}`,
    `--path-prefix=${pathPrefix}`,
  ],
  permissions: [
    { actions: ["iam:ListUsers"], resources: () => ["*"], reason: "AWS offers no resource level for iam:ListUsers." },
    {
      actions: ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:ListMFADevices", "iam:GetLoginProfile"],
      resources: ({ partition, account }) => [`arn:${partition}:iam::${account}:user/*`],
    },
    { actions: ["s3:PutObject"], resources: ({ bucketArn }) => [`${bucketArn}/*`] },
  ],
  admins: ["alice"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 1800,
  attempts: 2,
  spot: true,
  schedule: {
    expression: "cron(0 7 ? * MON *)",
    timeZone: "UTC",
    admin: "alice",
    reason: "Weekly credential report",
  },
  events: [
    {
      // Amazon GuardDuty alone can say so: nobody in the account puts events of AWS's sources.
      name: "finding",
      pattern: () => ({
        source: ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        detail: { type: [{ wildcard: "*:IAMUser/*" }] },
      }),
      admin: "alice",
      reason: "GuardDuty finds an IAM user's credentials misused",
      perHour: 1,
    },
  ],
});
