// The Batch jobs of an attempt as a record keeps them: how each ended, and from which image; never its environment.

import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import type { StateVisit } from "../../core/run-history.ts";
import type { RecordedJob } from "../../core/run-record.ts";

const text = z.optional(z.string());
const number = z.optional(z.number());

/** Of a job as Batch describes it; Step Functions writes the same in PascalCase. */
const Job = z.object({
  jobId: z.string(),
  status: text,
  container: z.optional(z.object({ image: text, exitCode: number })),
  attempts: z.optional(z.array(z.object({ container: z.optional(z.object({ exitCode: number })), startedAt: number, stoppedAt: number }))),
});

/** Gives those of the jobs that Batch still knows: it forgets one a week after its end. */
export type DescribeJobs = (ids: readonly string[]) => Promise<readonly unknown[]>;

const Submitted = z.object({ JobId: z.string() });

/** Ids of the jobs that were submitted in these visits, oldest first. */
export const submittedJobs = (visits: readonly StateVisit[]): readonly string[] =>
  visits.flatMap(({ name, taskSubmitted }) => {
    const submitted = name === stateNames.runJob ? Submitted.safeParse(taskSubmitted) : undefined;
    return submitted?.success ? [submitted.data.JobId] : [];
  });

export async function batchJobs(visits: readonly StateVisit[], describe: DescribeJobs): Promise<readonly RecordedJob[]> {
  const ids = submittedJobs(visits);
  if (ids.length === 0) return [];
  const known = [...(await describe(ids)), ...visits.map(toldByHistory)].flatMap((job) => {
    const parsed = Job.safeParse(job);
    return parsed.success ? [parsed.data] : [];
  });
  return ids.map((id) =>
    recorded(
      id,
      known.find(({ jobId }) => jobId === id),
    ),
  );
}

/** Whether nothing of the jobs will change any more. */
export const haveEnded = (jobs: readonly RecordedJob[]): boolean =>
  jobs.every(({ status }) => status === null || status === "SUCCEEDED" || status === "FAILED");

function recorded(id: string, job: z.infer<typeof Job> | undefined): RecordedJob {
  const image = job?.container?.image;
  const instant = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    id,
    status: job?.status ?? null,
    exitCode: job?.container?.exitCode ?? null,
    image:
      image === undefined
        ? null
        : {
            reference: image,
            digest: /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1] ?? null,
            sources: /^[^@]*:([0-9a-f]{64})$/.exec(image)?.[1] ?? null,
          },
    attempts: (job?.attempts ?? []).map(({ container, startedAt, stoppedAt }) => ({
      exitCode: container?.exitCode ?? null,
      startedAt: instant(startedAt),
      stoppedAt: instant(stoppedAt),
    })),
  };
}

function toldByHistory({ name, taskOutput, error }: StateVisit): unknown {
  return name === stateNames.runJob ? lowerCamelCase(taskOutput ?? json(error?.cause ?? "")) : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lowerCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCamelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), lowerCamelCase(member)]),
  );
}
