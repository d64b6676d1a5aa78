// A job that changes something: what follows from a finding of the credential report, or from a key in wrong hands.

import * as z from "zod";
import { iamPath } from "../../core/naming.ts";
import { defineJob } from "../definition.ts";

/** Narrower than IAM's: without `*`, `?` and `$`, for name and path stand in the session's policy, and in a command to be pasted into a shell. */
const nameForm = /^[A-Za-z0-9_+=,.@-]{1,64}$/;
const pathForm = /^\/([A-Za-z0-9_+=,.@-]+\/)*$/;

export const disableAccessKey = defineJob({
  name: "disable-access-key",
  description: "Deactivates one access key of one IAM user, unless it is in use, and records what was before and after, with the way back.",
  parameters: z.strictObject({
    user: z.string().regex(nameForm, "must be an IAM user's name without its path").describe("The IAM user's name, without its path."),
    path: z
      .string()
      .max(200)
      .regex(pathForm, "must begin and end with / (as /ci/)")
      .refine((path) => !path.startsWith(iamPath), `is Keyturn's own; keys of its admins: keyturn admin rotate, keyturn admin remove`)
      .default("/")
      .describe("The user's IAM path, as its ARN has it before the name."),
    accessKeyId: z
      .string()
      .regex(/^AKIA[A-Z0-9]{16}$/, "must be a long-term access key's id: AKIA and 16 letters and digits")
      .describe("The key's id."),
    // IAM keeps one use of each quarter of an hour ("Getting credential reports", IAM User Guide): less would say nothing.
    quietMinutes: z.int().min(15).max(525_600).default(1440).describe("A key used within so many minutes is in use, and left alone."),
    evenIfInUse: z.boolean().default(false).describe("Deactivates it all the same: for a key in wrong hands."),
    dryRun: z.boolean().default(false).describe("Only says what it would do; the run's credentials could not do more."),
  }),
  command: ({ user, accessKeyId, quietMinutes, evenIfInUse, dryRun }) => [
    `--user=${user}`,
    `--access-key-id=${accessKeyId}`,
    `--quiet-minutes=${quietMinutes}`,
    ...(evenIfInUse ? ["--even-if-in-use"] : []),
    ...(dryRun ? ["--dry-run"] : []),
  ],
  permissions: [
    {
      actions: ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"],
      resources: ({ partition, account }) => [`arn:${partition}:iam::${account}:user/*`],
    },
    { actions: ["s3:PutObject"], resources: ({ bucketArn }) => [`${bucketArn}/*`] },
  ],
  sessionPolicy: ({ user, path, dryRun }, { partition, account, bucketArn, run }) => ({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", ...(dryRun ? [] : ["iam:UpdateAccessKey"])],
        Resource: [`arn:${partition}:iam::${account}:user${path}${user}`],
      },
      { Effect: "Allow", Action: ["s3:PutObject"], Resource: [`${bucketArn}/${run}/*`] },
    ],
  }),
  admins: ["alice", "bob"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 300,
  attempts: 2,
});
