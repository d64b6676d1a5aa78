// What a job declares about itself: the catalogue, the stacks and the admission of runs all read this and nothing else.

import type { z } from "zod";
import type { ParameterValue } from "../core/order.ts";

/** Where a job's resources live; the stacks pass CloudFormation tokens, so treat all as opaque text. */
export interface JobPlace {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  /** The job's own data bucket. */
  readonly bucketArn: string;
}

/** Where one run of the job is. */
export interface RunPlace extends JobPlace {
  /** The run id; objects of the run are written under it as a prefix of their keys. */
  readonly run: string;
}

/** One statement of a job role's policy. */
export interface JobPermission {
  readonly actions: readonly string[];
  readonly resources: (place: JobPlace) => readonly string[];
  /** Why no narrower resource is possible; required where a resource is `*`. */
  readonly reason?: string;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export type JobParameters = z.ZodObject<Record<string, z.ZodType<ParameterValue | undefined>>>;

/** An IAM policy document's JSON text, for AssumeRole's `Policy`. */
export interface SessionPolicy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly {
    readonly Effect: "Allow" | "Deny";
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  }[];
}

/** What a firing does while an earlier run of the same schedule waits for its code. A run whose job runs is waited for by nobody, and is never stopped. */
export type WhilePending =
  /** Nothing: the run that waits is still the question. */
  | "skip"
  /** Waits in its turn: one firing, the newest, starts when that run has ended. */
  | "queue"
  /** Starts, and the run that waits is stopped. */
  | "replace";

export interface JobSchedule {
  /** EventBridge Scheduler's `cron(minutes hours day-of-month month day-of-week year)` or `rate(7 days)`. */
  readonly expression: string;
  /**
   * IANA name, as `Europe/Berlin`; for cron.
   * @defaultValue UTC
   */
  readonly timeZone?: string;
  readonly admin: string;
  readonly reason: string;
  /** @defaultValue skip */
  readonly whilePending?: WhilePending;
}

/** A job's place, for the patterns of events. */
export interface EventPlace extends JobPlace {
  /** Name of a job's data bucket; a pattern that asks for it makes that bucket tell EventBridge of its objects. */
  readonly bucketOf: (job: string) => string;
}

export interface JobEvent {
  /** Kebab case, at most 15 characters: part of its runs' names. */
  readonly name: string;
  /** EventBridge's event pattern, on the default bus; names at least the source. */
  readonly pattern: (place: EventPlace) => Readonly<Record<string, unknown>> & { readonly source: readonly string[] };
  readonly admin: string;
  /** Said by you, never by the event. */
  readonly reason: string;
  /** Of each parameter that the event gives, where its value stands: `$.detail.object.key`. Foreign text, which admission judges. */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * The most runs that it starts in an hour of the clock, 1 to 20; events beyond it are put aside.
   * @defaultValue 4
   */
  readonly perHour?: number;
}

export interface JobDefinition<Parameters extends JobParameters = JobParameters> {
  /** Kebab case; the folder's name. */
  readonly name: string;
  readonly description: string;
  /** Strict object schema; defaults are resolved at admission. */
  readonly parameters: Parameters;
  /** The program's arguments for these parameters; the launcher runs `main.mjs` with them. */
  readonly command: (parameters: z.output<Parameters>) => readonly string[];
  /** The job role's whole policy, beside its own data key and nothing else. */
  readonly permissions: readonly JobPermission[];
  /** Names of the admins who may launch it; each must be in `keyturn.config.ts`. */
  readonly admins: readonly string[];
  readonly vcpu: 0.25 | 0.5 | 1 | 2 | 4 | 8 | 16;
  readonly memoryMiB: number;
  /** One attempt; at least 60. */
  readonly timeoutSeconds: number;
  /** How often the program is started at most, whatever ended the attempt before: its own failure, a lost host, reclaimed Spot capacity. */
  readonly attempts: number;
  /** Runs on Fargate Spot; a reclaimed attempt is retried within `attempts`. */
  readonly spot?: boolean;
  /** Starts runs that wait for a code. */
  readonly schedule?: JobSchedule;
  /** Events that start runs, which wait for a code. */
  readonly events?: readonly JobEvent[];
  /**
   * Narrows the job role for one run, its own data key left in (`session-policy.ts`). A parameter that stands in a resource must admit no
   * wildcard, or it would widen the session.
   */
  readonly sessionPolicy?: (parameters: z.output<Parameters>, place: RunPlace) => SessionPolicy;
}

/** Checks what the types cannot; throws a plain Error naming the job and the fault (a bug in the catalogue, found on synth and in tests). */
export function defineJob<Parameters extends JobParameters>(job: JobDefinition<Parameters>): JobDefinition {
  const faults: string[] = [];
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(job.name) || job.name.length > 40)
    faults.push("name must be kebab-case, at most 40 characters");
  if (job.timeoutSeconds < 60) faults.push("timeoutSeconds must be at least 60 (AWS Batch's minimum)");
  if (!Number.isInteger(job.attempts) || job.attempts < 1 || job.attempts > 10) faults.push("attempts must be a whole number from 1 to 10");
  if (job.admins.length === 0) faults.push("admins must name at least one admin");
  for (const { actions, resources, reason } of job.permissions) {
    if (actions.some((action) => action === "*" || action.endsWith(":*"))) faults.push(`permission ${actions.join(", ")} has a * action`);
    const place: JobPlace = { partition: "aws", account: "111122223333", region: "us-east-1", bucketArn: "arn:aws:s3:::bucket" };
    if (resources(place).includes("*") && !reason) faults.push(`permission ${actions.join(", ")} has resource * without a reason`);
  }
  if (faults.length > 0) throw new Error(`jobs/${job.name}/job.ts: ${faults.join("; ")}`);
  // The catalogue is heterogeneous; each job's parameters stay checked by its own schema at admission.
  return job as unknown as JobDefinition;
}
