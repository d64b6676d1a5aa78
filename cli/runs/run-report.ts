// One run as a program wants it: the document that `--json` prints, and what the human output is made from.

import { executionName } from "../../core/resume.ts";
import { errorMessage } from "../../core/run-history.ts";
import { consoleUrl } from "../../tasks/notification.ts";
import type { RunStatus, RunView } from "../local/follow-run.ts";
import { codeRequestOf, whyItWaits } from "./code-request.ts";
import { costSoFarUsd } from "./cost-so-far.ts";
import { type RunJob, readJobs } from "./job-of-run.ts";
import type { Operator } from "./operator-session.ts";
import { askedFor, orderOf, resumedFrom } from "./order-of-run.ts";
import type { RunExecution } from "./run-execution.ts";

export interface RunReport {
  readonly run: string;
  /** Name of the execution that this is about: the run's id, and in a replay a number behind it. */
  readonly execution: string;
  /** The execution that this one replays, and the state that it resumed at; null where this is the run's first. */
  readonly replays: { readonly execution: string; readonly from: string | null } | null;
  /** When this was so, by AWS's clock. */
  readonly readAt: string;
  readonly status: RunStatus;
  readonly job: string | null;
  readonly admin: string | null;
  readonly reason: string | null;
  readonly parameters: Readonly<Record<string, unknown>> | null;
  /** What was admitted; null before that. */
  readonly jobRole: string | null;
  readonly jobDefinition: string | null;
  readonly digest: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Every visit of a state, in order; `attempt` 1 is the start, 2 the first redrive. */
  readonly states: readonly {
    readonly name: string;
    readonly attempt: number;
    readonly role: string | null;
    readonly enteredAt: string;
    /** Null while it is in it. */
    readonly durationMs: number | null;
    readonly error: string | null;
  }[];
  /** When each attempt began. */
  readonly attempts: readonly string[];
  readonly waitsFor: { readonly what: "mfa-code"; readonly why: string; readonly until: string; readonly answerWith: string } | null;
  readonly batchJobs: readonly RunJob[];
  /** Of the newest job. */
  readonly exitCode: number | null;
  /** Why it ended as it did; null where it runs or succeeded. */
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly costUsd: number;
  readonly consoleUrl: string;
}

export async function reportOf(view: RunView, { of, operator }: { of: RunExecution; operator: Operator }): Promise<RunReport> {
  const { run, execution, number } = of;
  const jobs = await readJobs(operator.batch, view);
  const order = orderOf(view);
  const asked = askedFor(view.input);
  const request = codeRequestOf(view);
  const iso = (ms: number): string => new Date(ms).toISOString();
  const { failure } = view;
  const nowMs = operator.session.nowMs();
  return {
    run,
    execution,
    replays: number === 1 ? null : { execution: executionName(run, number - 1), from: resumedFrom(view.input) },
    readAt: iso(nowMs),
    status: view.status,
    job: order?.job ?? asked.job ?? null,
    admin: order?.admin ?? asked.admin ?? null,
    reason: order?.reason ?? asked.reason ?? null,
    parameters: order?.parameters ?? null,
    jobRole: order?.jobRole ?? null,
    jobDefinition: order?.jobDefinition ?? null,
    digest: order?.digest ?? null,
    startedAt: iso(view.startedAtMs),
    endedAt: view.endedAtMs === undefined ? null : iso(view.endedAtMs),
    states: view.visits.map(({ name, redrive, role = null, enteredAtMs, leftAtMs, error }) => ({
      name,
      attempt: redrive + 1,
      role,
      enteredAt: iso(enteredAtMs),
      durationMs: leftAtMs === undefined ? null : leftAtMs - enteredAtMs,
      error: error === undefined ? null : errorMessage(error),
    })),
    attempts: [view.startedAtMs, ...view.redrivenAtMs].map(iso),
    waitsFor:
      request === undefined
        ? null
        : {
            what: "mfa-code",
            why: whyItWaits(request),
            until: iso(request.deadlineMs),
            answerWith: `keyturn approve ${run}${operator.session.flags}`,
          },
    batchJobs: jobs,
    exitCode: jobs.at(-1)?.exitCode ?? null,
    error: failure === undefined ? null : { name: failure.name, message: errorMessage(failure) },
    costUsd: Number(costSoFarUsd({ view, jobs, nowMs }).toFixed(6)),
    consoleUrl: consoleUrl(operator.executionArn(execution)),
  };
}
