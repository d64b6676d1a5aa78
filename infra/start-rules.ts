// Which EventBridge rules start runs (one per declared event, and one that tells of ends where a schedule queues), and what they watch.

import { eventRuleName, scheduledRunEndedRuleName } from "../core/naming.ts";
import type { JobDefinition, JobEvent } from "../jobs/definition.ts";

export const queueingJobs = (jobs: readonly JobDefinition[]): readonly JobDefinition[] =>
  jobs.filter(({ schedule }) => schedule?.whilePending === "queue");

export const startRuleNames = (jobs: readonly JobDefinition[]): readonly string[] => [
  ...jobs.flatMap((job) => (job.events ?? []).map((event) => eventRuleName(job.name, event.name))),
  ...(queueingJobs(jobs).length > 0 ? [scheduledRunEndedRuleName] : []),
];

/** The jobs whose buckets an event's pattern is about. */
export function bucketsWatchedBy({ pattern }: JobEvent): ReadonlySet<string> {
  const asked = new Set<string>();
  pattern({
    partition: "aws",
    account: "111122223333",
    region: "us-east-1",
    bucketArn: "arn:aws:s3:::any",
    bucketOf: (job) => {
      asked.add(job);
      return job;
    },
  });
  return asked;
}

export const isWatched = (job: string, jobs: readonly JobDefinition[]): boolean =>
  jobs.some(({ events = [] }) => events.some((event) => bucketsWatchedBy(event).has(job)));
