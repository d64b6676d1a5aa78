// Composes what people read when a run has ended: which, for whom and why, how it ended, and what to do now.

import { oneLine } from "../../core/foreign-text.ts";
import { stateNames } from "../../core/naming.ts";
import { executionNameOf } from "../../core/record-chain.ts";
import { executionOf } from "../../core/resume.ts";
import { type Attempt, attemptsOf, type EndStatus } from "../../core/run-attempts.ts";
import { endReason } from "../../core/run-end.ts";
import { type RunFacts, runFacts } from "../../core/run-facts.ts";
import { type HistoryEvent, type StateVisit, stateVisits } from "../../core/run-history.ts";
import { consoleUrl, factLines, type Notification, type Publish, regionOf, subjectLine, utc } from "../notification.ts";
import type { ReadHistory } from "../read-history.ts";

export interface EndOfRun {
  /** The execution's ARN. */
  readonly execution: string;
  readonly status: EndStatus;
}

export interface AnnounceEndDependencies {
  readonly readHistory: ReadHistory;
  readonly publish: Publish;
}

export async function announceEnd(end: EndOfRun, { readHistory, publish }: AnnounceEndDependencies): Promise<void> {
  await publish(composeEnd(end, await readHistory(end.execution)));
}

const ended: Readonly<Record<EndStatus, string>> = {
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed out",
  ABORTED: "was stopped",
};

/** Of the newest attempt that ended so: a run may go on by a redrive before this is read. Throws a plain Error where none has. */
export function composeEnd({ execution, status }: EndOfRun, events: readonly HistoryEvent[]): Notification {
  const attempt = attemptsOf(events).findLast(({ end }) => end?.status === status);
  if (attempt?.end === undefined) throw new Error(`The history of ${execution} has no end as ${status}.`);
  const untilThen = stateVisits(events).filter(({ redrive }) => redrive <= attempt.number);
  const input: unknown = JSON.parse(events[0]?.executionStartedEventDetails?.input ?? "null");
  const facts = runFacts({ input, visits: untilThen });
  const run = facts.order?.run ?? executionOf(executionNameOf(execution)).run;
  const job = facts.order?.job ?? facts.asked.job;
  const isAdmitted = facts.order !== undefined;
  const what = isAdmitted || status !== "FAILED" ? ended[status] : "was not admitted";
  const title = job === undefined ? `Run ${run} ${what}` : `Run ${run} of ${job} ${what}`;
  const steps = nextSteps({ run, isAdmitted, status });
  const width = Math.max(...steps.map(([command]) => command.length));
  const lines = [
    `${title}.`,
    "",
    ...factLines(factsOf({ run, facts, attempt, execution, visits: untilThen.filter(({ redrive }) => redrive === attempt.number) })),
    "",
    "What you can do now, choose one way:",
    "",
    "1. Keyturn's command line:",
    "",
    ...steps.map(([command, does]) => `    ${command.padEnd(width)}  ${does}`),
    "",
    "2. The AWS CLI:",
    "",
    `    aws stepfunctions describe-execution --region ${regionOf(execution)} --execution-arn ${execution}`,
    ...(isAdmitted && status !== "SUCCEEDED"
      ? [`    aws stepfunctions redrive-execution --region ${regionOf(execution)} --execution-arn ${execution}`]
      : []),
    "",
    "3. The AWS console:",
    "",
    `    ${consoleUrl(execution)}`,
    "",
    `Who started, answered or stopped it stands in its record, an hour and a half from now at the latest: keyturn audit --run ${run}`,
  ];
  return { subject: subjectLine(`Keyturn: ${job ?? "a run"} ${what} (${run})`), message: `${lines.join("\n")}\n` };
}

function factsOf(of: {
  run: string;
  facts: RunFacts;
  attempt: Attempt;
  execution: string;
  visits: readonly StateVisit[];
}): readonly (readonly [string, string])[] {
  const { run, facts, attempt, execution, visits } = of;
  const { order, asked, resumed } = facts;
  const { error, cause } = endReason(attempt, visits);
  const because = [error, cause].filter((text) => text !== null).join(": ");
  const name = executionNameOf(execution);
  const exitCode = exitCodeOf(visits);
  const at = (ms: number): string => utc(new Date(ms).toISOString());
  return [
    ["Job", order?.job ?? asked.job ?? "unknown"],
    ["Admin", order?.admin ?? asked.admin ?? "unknown"],
    ["Reason", oneLine(order?.reason ?? asked.reason ?? "") || "none was given"],
    ["Run", run],
    ...(name === run ? [] : ([["Execution", name]] as const)),
    ...(resumed === undefined ? [] : ([["Replay", `of run ${resumed.run}, from ${resumed.from}`]] as const)),
    ...(attempt.number === 0 ? [] : ([["Attempt", `${attempt.number + 1} (redrive ${attempt.number})`]] as const)),
    ["Started", at(attempt.startedAtMs)],
    ["Ended", attempt.end === undefined ? "not yet" : at(attempt.end.atMs)],
    ["Last state", visits.at(-1)?.name ?? "none"],
    ...(because === "" ? [] : ([["Why", because]] as const)),
    ...(exitCode === undefined ? [] : ([["Exit code", String(exitCode)]] as const)),
  ];
}

/** Of a job that ended well; how another one ended is in the reason. */
function exitCodeOf(visits: readonly StateVisit[]): number | undefined {
  const output = visits.findLast(({ name, taskOutput }) => name === stateNames.runJob && taskOutput !== undefined)?.taskOutput;
  const container = typeof output === "object" && output !== null && "Container" in output ? output.Container : undefined;
  const exitCode = typeof container === "object" && container !== null && "ExitCode" in container ? container.ExitCode : undefined;
  return typeof exitCode === "number" ? exitCode : undefined;
}

function nextSteps({
  run,
  isAdmitted,
  status,
}: {
  run: string;
  isAdmitted: boolean;
  status: EndStatus;
}): readonly (readonly [string, string])[] {
  const look = [`keyturn status ${run}`, "every state, and why it ended"] as const;
  if (!isAdmitted) return [look, ["keyturn run JOB", "starts anew, with the faults mended"]];
  const log = [`keyturn logs ${run}`, "the job's log"] as const;
  return status === "SUCCEEDED"
    ? [look, log]
    : [look, log, [`keyturn replay ${run} --plan`, "what would run again, and whether a code is needed"]];
}
