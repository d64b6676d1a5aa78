// The Batch jobs of a run as Batch describes them, or, once Batch has forgotten, as Step Functions wrote them into the history.

import { type BatchClient, DescribeJobsCommand } from "@aws-sdk/client-batch";
import * as z from "zod";
import { stateNames } from "../../core/naming.ts";
import type { RunView } from "../local/follow-run.ts";

const text = z.string().optional();
const number = z.number().optional();
const Container = z.object({ exitCode: number, reason: text, logStreamName: text });

const Job = z.object({
  jobId: z.string(),
  status: z.string(),
  statusReason: text,
  createdAt: number,
  startedAt: number,
  stoppedAt: number,
  jobDefinition: text,
  attempts: z.array(z.object({ container: Container.default({}), startedAt: number, stoppedAt: number, statusReason: text })).default([]),
  container: Container.extend({
    resourceRequirements: z.array(z.object({ type: z.string(), value: z.string() })).default([]),
  }).default({ resourceRequirements: [] }),
});

export interface JobAttempt {
  readonly logStream?: string | undefined;
  readonly exitCode?: number | undefined;
  /** Why it ended, in Batch's words. */
  readonly reason?: string | undefined;
  readonly startedAtMs?: number | undefined;
  /** Absent while it runs. */
  readonly stoppedAtMs?: number | undefined;
}

export interface RunJob {
  readonly id: string;
  /** Batch's: SUBMITTED, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED. */
  readonly status: string;
  readonly statusReason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly attempts: readonly JobAttempt[];
  readonly vcpu: number;
  readonly memoryMiB: number;
}

export const hasEnded = ({ status }: RunJob): boolean => status === "SUCCEEDED" || status === "FAILED";

const Submitted = z.object({ JobId: z.string() });

/** Ids of all jobs that the run submitted, oldest first. */
export const jobIdsOf = ({ visits }: Pick<RunView, "visits">): readonly string[] =>
  visits.flatMap(({ name, taskSubmitted }) =>
    name === stateNames.runJob && taskSubmitted !== undefined ? [Submitted.parse(taskSubmitted).JobId] : [],
  );

/** The run's jobs, oldest first; a run that was redriven after its job had failed has several. */
export async function readJobs(batch: BatchClient, view: Pick<RunView, "visits">): Promise<readonly RunJob[]> {
  const ids = jobIdsOf(view);
  if (ids.length === 0) return [];
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [...ids] }));
  return ids.flatMap((id) => {
    const known = jobs.find(({ jobId }) => jobId === id) ?? remembered(view, id);
    return known === undefined ? [] : [runJob(Job.parse(known))];
  });
}

/** Batch keeps a job that has ended for a week. */
function remembered({ visits }: Pick<RunView, "visits">, id: string): unknown {
  for (const { name, taskOutput, error } of visits) {
    if (name !== stateNames.runJob) continue;
    const told = lowerCamelCase(taskOutput ?? (error?.cause.startsWith("{") ? JSON.parse(error.cause) : undefined));
    if (typeof told === "object" && told !== null && "jobId" in told && told.jobId === id) return told;
  }
  return undefined;
}

/** Step Functions writes members in PascalCase. */
function lowerCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCamelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), lowerCamelCase(member)]),
  );
}

function runJob(job: z.output<typeof Job>): RunJob {
  const { container } = job;
  const ended: JobAttempt[] = job.attempts.map((attempt) => ({
    logStream: attempt.container.logStreamName,
    exitCode: attempt.container.exitCode,
    reason: attempt.statusReason ?? attempt.container.reason,
    startedAtMs: attempt.startedAt,
    stoppedAtMs: attempt.stoppedAt,
  }));
  // An attempt under way stands in the container alone.
  const isListed = container.logStreamName === undefined || ended.some(({ logStream }) => logStream === container.logStreamName);
  const running = { logStream: container.logStreamName, startedAtMs: job.startedAt, stoppedAtMs: job.stoppedAt };
  const requirement = (type: string): number => Number(container.resourceRequirements.find((one) => one.type === type)?.value ?? 0);
  return {
    id: job.jobId,
    status: job.status,
    statusReason: job.statusReason,
    exitCode: container.exitCode,
    attempts: isListed ? ended : [...ended, running],
    vcpu: requirement("VCPU"),
    memoryMiB: requirement("MEMORY"),
  };
}
