// `keyturn plan JOB`: exactly what a run would use, from the catalogue and the configuration alone; nothing is asked of AWS.

import * as z from "zod";
import {
  jobBucketName,
  jobDefinitionName,
  jobDefinitionParameter,
  jobQueueName,
  jobRoleName,
  launcherRoleName,
  spotJobQueueName,
} from "../core/naming.ts";
import { credentialSecondsFor } from "../core/order.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import config from "../keyturn.config.ts";
import { command } from "./command.ts";
import { jobNames } from "./completion/values.ts";
import { fargateUsd } from "./fargate-price.ts";
import { requireJob } from "./runs/new-run.ts";
import { duration, table, wrap } from "./terminal.ts";

const unknownAccount = "<account>";

export interface Plan {
  readonly job: string;
  readonly description: string;
  readonly admins: readonly string[];
  readonly parameters: readonly {
    readonly name: string;
    readonly description: string;
    readonly byDefault: unknown;
    readonly required: boolean;
  }[];
  readonly command: readonly string[] | null;
  readonly jobRole: string;
  readonly launcherRole: string;
  readonly permissions: readonly { readonly actions: readonly string[]; readonly resources: readonly string[]; readonly reason?: string }[];
  readonly jobDefinition: string;
  readonly revisionIn: string;
  readonly jobQueue: string;
  readonly vcpu: number;
  readonly memoryMiB: number;
  readonly spot: boolean;
  readonly attempts: number;
  readonly timeoutSeconds: number;
  readonly queueSeconds: number;
  readonly credentialSeconds: number;
  readonly approvalSeconds: number;
  readonly mostUsd: number;
}

export const plan = command({
  meta: { name: "plan", description: "Show exactly what a run of a job would use." },
  args: {
    job: { type: "positional", required: true, description: "the job's name, as keyturn jobs lists it" },
    json: { type: "boolean", description: "Print one JSON document." },
  },
  values: { job: jobNames },
  examples: ["keyturn plan credential-report", "keyturn plan credential-report --json"],
  run: ({ args }) => {
    const planned = planOf(requireJob(args.job));
    console.log(args.json ? JSON.stringify(planned) : planText(planned));
  },
});

/** Without `at`, what the configuration says of account and region. */
export function planOf(job: JobDefinition, at?: { account: string; region: string; partition: string }): Plan {
  const { queueSeconds, approvalSeconds } = config.limits;
  const { attempts, timeoutSeconds } = job;
  const defaults = job.parameters.safeParse({});
  const { partition, account, region } = at ?? { partition: "aws", account: config.account ?? unknownAccount, region: config.region };
  const place = { partition, account, region, bucketArn: `arn:${partition}:s3:::${jobBucketName(job.name, { account, region })}` };
  return {
    job: job.name,
    description: job.description,
    admins: job.admins,
    parameters: parametersOf(job),
    // A parameter without a default leaves the command open.
    command: defaults.success ? job.command(defaults.data) : null,
    jobRole: jobRoleName(job.name),
    launcherRole: launcherRoleName(job.name),
    permissions: job.permissions.map(({ actions, resources, reason }) => ({
      actions,
      resources: resources(place),
      ...(reason === undefined ? {} : { reason }),
    })),
    jobDefinition: jobDefinitionName(job.name),
    revisionIn: jobDefinitionParameter(job.name),
    jobQueue: job.spot ? spotJobQueueName : jobQueueName,
    vcpu: job.vcpu,
    memoryMiB: job.memoryMiB,
    spot: job.spot ?? false,
    attempts,
    timeoutSeconds,
    queueSeconds,
    credentialSeconds: credentialSecondsFor({ queueSeconds, attempts, timeoutSeconds }),
    approvalSeconds,
    mostUsd: mostUsd(job),
  };
}

const JsonSchema = z.object({
  properties: z.record(z.string(), z.object({ description: z.string().optional(), default: z.unknown().optional() })),
  required: z.array(z.string()).default([]),
});

function parametersOf(job: JobDefinition): Plan["parameters"] {
  const { properties, required } = JsonSchema.parse(z.toJSONSchema(job.parameters, { io: "input" }));
  return Object.entries(properties).map(([name, { description = "", default: byDefault = null }]) => ({
    name,
    description,
    byDefault,
    required: required.includes(name),
  }));
}

/** Upper bound of one run's Fargate charge, in US dollars: every attempt runs to its limit, on demand. */
const mostUsd = (job: JobDefinition): number => Number(fargateUsd(job, job.attempts * job.timeoutSeconds).toFixed(4));

/** `without`: titles of sections that are said elsewhere. */
export function planText(of: Plan, { without = [] }: { without?: readonly string[] } = {}): string {
  const seconds = (count: number): string => duration(count * 1000);
  const sections: [string, string][] = [
    [
      "Who",
      table([
        ["admins", of.admins.join(", ")],
        ["approval", `a one-time MFA code; a run without one waits ${seconds(of.approvalSeconds)} for it`],
      ]),
    ],
    [
      "Parameters",
      table(
        of.parameters.map(({ name, byDefault, required, description }) => [
          name,
          required ? "required" : `default ${JSON.stringify(byDefault)}`,
          description,
        ]),
      ),
    ],
    ["Command", `  ${wrap(of.command === null ? "depends on the required parameters" : of.command.join(" "), { indent: 2 })}`],
    [
      "Roles",
      table([
        [of.jobRole, "the job's program, with credentials of this run alone"],
        [of.launcherRole, "the launcher, which opens the sealed credentials and drops its own"],
      ]),
    ],
    [`Permissions of ${of.jobRole}`, of.permissions.map(permissionText).join("\n")],
    [
      "Runs as",
      table([
        ["job definition", `${of.jobDefinition}, the revision in SSM parameter ${of.revisionIn}`],
        ["queue", `${of.jobQueue}; a job that waits longer than ${seconds(of.queueSeconds)} is ended`],
        ["size", `${of.vcpu} vCPU, ${of.memoryMiB} MiB, Fargate${of.spot ? " Spot" : ""}`],
        ["limits", `${of.attempts === 1 ? "1 attempt" : `${of.attempts} attempts`} of ${seconds(of.timeoutSeconds)}`],
        ["credentials", `live ${seconds(of.credentialSeconds)}: queue, every attempt and a margin`],
        ["cost", `at most $${of.mostUsd} of Fargate (on-demand list price, us-east-1)`],
      ]),
    ],
  ];
  return `${of.job}\n  ${wrap(of.description, { indent: 2 })}\n\n${sections
    .filter(([title]) => !without.includes(title))
    .map(([title, body]) => `${title}\n${body}`)
    .join("\n\n")}`;
}

const permissionText = ({ actions, resources, reason }: Plan["permissions"][number]): string =>
  [
    `  ${wrap(actions.join(", "), { indent: 2 })}`,
    `    on ${wrap(resources.join(", "), { indent: 7 })}`,
    ...(reason === undefined ? [] : [`    ${wrap(reason, { indent: 4 })}`]),
  ].join("\n");
