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
import { credentialSecondsFor, type Order, type ParameterValue } from "../core/order.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import config from "../keyturn.config.ts";
import { command } from "./command.ts";
import { jobNames, parametersOfJob } from "./completion/values.ts";
import { fargateUsd } from "./fargate-price.ts";
import { admittedParameters, everyParam, readParameters, requireJob } from "./runs/new-run.ts";
import { type SessionPermission, sessionEffect } from "./session-effect.ts";
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
  /** What a run's session may do of that; null where it may do all of it, or where that depends on parameters that were not given. */
  readonly session: readonly SessionPermission[] | null;
  readonly isNarrowed: boolean;
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
    param: { type: "string", valueHint: "name=value", description: "A parameter of the job, to see what comes of it; once for each." },
    json: { type: "boolean", description: "Print one JSON document." },
  },
  values: { job: jobNames, param: parametersOfJob },
  repeated: ["param"],
  examples: [
    "keyturn plan credential-report",
    "keyturn plan credential-report --json",
    "keyturn plan disable-access-key --param user=deployer --param path=/ci/ --param accessKeyId=AKIAIOSFODNN7EXAMPLE",
  ],
  run: ({ args, rawArgs }) => {
    const job = requireJob(args.job);
    const given = everyParam(rawArgs);
    const planned = planOf(job, given.length === 0 ? {} : { parameters: admittedParameters(job, readParameters(given, job)) });
    console.log(args.json ? JSON.stringify(planned) : planText(planned));
  },
});

/** What is known of one run; without `at`, what the configuration says of account and region. */
export interface PlannedRun {
  readonly at?: { readonly account: string; readonly region: string; readonly partition: string };
  /** Complete; the job's defaults if left out. */
  readonly parameters?: Order["parameters"];
  readonly run?: string;
}

export function planOf(job: JobDefinition, { at, parameters, run = "<run>" }: PlannedRun = {}): Plan {
  const { queueSeconds, approvalSeconds } = config.limits;
  const { attempts, timeoutSeconds } = job;
  const known = parameters ?? defaultsOf(job);
  const { partition, account, region } = at ?? { partition: "aws", account: config.account ?? unknownAccount, region: config.region };
  const place = { partition, account, region, bucketArn: `arn:${partition}:s3:::${jobBucketName(job.name, { account, region })}` };
  return {
    job: job.name,
    description: job.description,
    admins: job.admins,
    parameters: parametersOf(job),
    // A parameter without a default leaves the command open.
    command: known === undefined ? null : job.command(known),
    jobRole: jobRoleName(job.name),
    launcherRole: launcherRoleName(job.name),
    permissions: job.permissions.map(({ actions, resources, reason }) => ({
      actions,
      resources: resources(place),
      ...(reason === undefined ? {} : { reason }),
    })),
    session: (known && sessionEffect(job, { parameters: known, run, at: { partition, account, region } })) ?? null,
    isNarrowed: job.sessionPolicy !== undefined,
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

/** Undefined where a parameter has no default. */
function defaultsOf(job: JobDefinition): Order["parameters"] | undefined {
  const { data } = job.parameters.safeParse({});
  return data && Object.fromEntries(Object.entries(data).filter((entry): entry is [string, ParameterValue] => entry[1] !== undefined));
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
    ["Permissions of the run's session", sessionText(of)],
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

function sessionText({ session, isNarrowed }: Plan): string {
  if (!isNarrowed) return "  all of these";
  if (session === null) return `  ${wrap("fewer: narrowed by the run's parameters; give them with --param to see to what", { indent: 2 })}`;
  return session
    .map(({ effect, actions, resources }) => permissionText({ actions: effect === "Deny" ? ["never:", ...actions] : actions, resources }))
    .join("\n");
}
