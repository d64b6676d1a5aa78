// What a run has cost by now, roughly: Fargate for as long as its job's attempts ran, and the state machine's transitions.

import { fargateUsd } from "../fargate-price.ts";
import type { RunView } from "../local/follow-run.ts";
import { hasEnded, type RunJob } from "./job-of-run.ts";

/** US dollars per transition of a Standard workflow, us-east-1 (https://aws.amazon.com/step-functions/pricing/). */
const perTransition = 0.025 / 1000;

/** US dollars; Lambda, KMS, SNS and logs are left out, which cost less than a cent a run. */
export function costSoFarUsd({ view, jobs, nowMs }: { view: Pick<RunView, "visits">; jobs: readonly RunJob[]; nowMs: number }): number {
  const fargate = jobs.map((job) => {
    const ranMs = job.attempts.map(({ startedAtMs, stoppedAtMs }) =>
      startedAtMs === undefined || (stoppedAtMs === undefined && hasEnded(job)) ? 0 : (stoppedAtMs ?? nowMs) - startedAtMs,
    );
    return fargateUsd(job, ranMs.reduce((sum, ms) => sum + Math.max(0, ms), 0) / 1000);
  });
  return fargate.reduce((sum, usd) => sum + usd, view.visits.length * perTransition);
}
