// Stops a run for good measure twice: the execution, and the Batch job that it may have left; and says what outlives both.

import { TerminateJobCommand } from "@aws-sdk/client-batch";
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { type RunView, readRun } from "../local/follow-run.ts";
import { hasEnded, readJobs } from "./job-of-run.ts";
import type { Operator } from "./operator-session.ts";
import { issuedUntilMs } from "./outputs-of-run.ts";
import type { RunExecution } from "./run-execution.ts";

export interface Stopped {
  readonly run: string;
  /** False where it had ended before. */
  readonly stoppedExecution: boolean;
  /** Batch jobs that were told to end. */
  readonly terminatedJobs: readonly string[];
  /** What was issued and has not ended yet. Sealed for the step that would have used it, but AWS would still honour it. */
  readonly stillValid: readonly { readonly what: "mfa-session" | "job-credentials"; readonly until: string; readonly forSeconds: number }[];
  readonly view: RunView;
}

export async function stopRun({ run, execution }: RunExecution, { sfn, batch, session, executionArn }: Operator): Promise<Stopped> {
  const arn = executionArn(execution);
  const before = await readRun(sfn, arn);
  const isRunning = before.status === "RUNNING";
  if (isRunning) {
    await sfn.send(new StopExecutionCommand({ executionArn: arn, error: "Stopped", cause: `keyturn stop, by ${session.caller.arn}` }));
  }
  const view = await readRun(sfn, arn);
  const terminatedJobs: string[] = [];
  for (const job of await readJobs(batch, view)) {
    if (hasEnded(job)) continue;
    await batch.send(new TerminateJobCommand({ jobId: job.id, reason: `Run ${run} was stopped by ${session.caller.arn}.` }));
    terminatedJobs.push(job.id);
  }
  const nowMs = session.nowMs();
  const issued = [
    ["mfa-session", issuedUntilMs(view, "ValidateMfa")],
    ["job-credentials", issuedUntilMs(view, "RetrieveCredentials")],
  ] as const;
  const stillValid = issued.flatMap(([what, untilMs]) =>
    untilMs !== undefined && untilMs > nowMs
      ? [{ what, until: new Date(untilMs).toISOString(), forSeconds: Math.round((untilMs - nowMs) / 1000) }]
      : [],
  );
  return { run, stoppedExecution: isRunning && view.status === "ABORTED", terminatedJobs, stillValid, view };
}
