// `keyturn status RUN`: where a run is, what it waits for, how it got there and what it has cost.

import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { roughly } from "../fargate-price.ts";
import { readRun } from "../local/follow-run.ts";
import { type Colours, colours, duration, moment, table, wrap } from "../terminal.ts";
import { asOperator } from "./operator-session.ts";
import { stateHeading, stateLines } from "./progress.ts";
import { parseRun, runArgument } from "./run-argument.ts";
import { findExecution } from "./run-execution.ts";
import { type RunReport, reportOf } from "./run-report.ts";

export const status = command({
  meta: { name: "status", description: "Show a run: its states, what it waits for, its job and its cost so far." },
  args: { run: runArgument, json: { type: "boolean", description: "Print one JSON document." }, ...sessionArguments },
  values: { profile: profileNames },
  examples: ["keyturn status 20261122-010628-x7kq2", "keyturn status 20261122-010628-x7kq2 --json"],
  run: ({ args }) => {
    const named = parseRun(args.run);
    return asOperator(args, async (operator) => {
      const of = await findExecution(named, operator);
      const view = await readRun(operator.sfn, operator.executionArn(of.execution));
      const report = await reportOf(view, { of, operator });
      console.log(args.json ? JSON.stringify(report) : statusText(report, colours(process.stdout)));
    });
  },
});

function statusText(report: RunReport, shown: Colours): string {
  const { paint } = shown;
  const { run, startedAt, endedAt, costUsd, waitsFor, error } = report;
  const began = Date.parse(startedAt);
  const now = Date.parse(report.readAt);
  const overview = table([
    ["job", report.job ?? "unknown: the run was not admitted"],
    ["admin", report.admin ?? "unknown"],
    ["reason", report.reason ?? "none was given"],
    ...(report.replays === null ? [] : [["replays", replaysText(report.replays)]]),
    ...(report.parameters === null ? [] : [["parameters", parametersText(report.parameters)]]),
    ...(report.jobDefinition === null ? [] : [["revision", report.jobDefinition.split("/").at(-1) ?? ""]]),
    ["started", `${moment(began)}${endedAt === null ? `, ${duration(now - began)} ago` : ""}`],
    ...(endedAt === null ? [] : [["ended", `${moment(Date.parse(endedAt))}, after ${duration(Date.parse(endedAt) - began)}`]]),
    ["cost so far", `${roughly(costUsd)} (Fargate at list price, and the workflow's transitions)`],
  ]);
  const blocks = [`${paint("bold", `Run ${run}: ${inWords(report)}`)}\n${overview}`, ...attemptsText(report, shown)];
  if (waitsFor !== null) {
    const until = Date.parse(waitsFor.until);
    blocks.push(
      `${paint("bold", "Waits for a one-time code")}\n${table([
        ["why", waitsFor.why],
        ["until", `${moment(until)} (${duration(Math.max(0, until - now))} more)`],
        ["answer with", waitsFor.answerWith],
      ])}`,
    );
  }
  blocks.push(...jobsText(report, shown));
  if (error !== null && error.message !== "") {
    const lines = error.message.split("\n").map((line) => `  ${wrap(line, { indent: 2 })}`);
    blocks.push(`${paint("bold", "Why it ended")}\n${lines.join("\n")}`);
  }
  // On a line of its own: it is long, and people copy it.
  blocks.push(`In the console:\n${report.consoleUrl}`);
  return blocks.join("\n\n");
}

const replaysText = ({ execution, from }: NonNullable<RunReport["replays"]>): string =>
  `execution ${execution}${from === null ? "" : `, from ${from} on`}`;

const parametersText = (parameters: Readonly<Record<string, unknown>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join(", ") || "none";

/** `waits for a code`, `in RunJob`, or the status that it ended with. */
export function inWords({ status: now, waitsFor, states }: Pick<RunReport, "status" | "waitsFor" | "states">): string {
  if (now !== "RUNNING") return now.toLowerCase().replace("_", " ");
  return waitsFor === null ? `in ${states.at(-1)?.name ?? "its first state"}` : "waits for a code";
}

/** One table per attempt; a state without a role only decides the way. */
function attemptsText({ states, attempts }: RunReport, shown: Colours): string[] {
  return attempts.map((beganAt, index) => {
    const title =
      attempts.length === 1
        ? []
        : [shown.paint("bold", `Attempt ${index + 1}: ${index === 0 ? "started" : "redriven"} ${moment(Date.parse(beganAt))}`)];
    const visited = states.filter(({ attempt, role, error }) => attempt === index + 1 && (role !== null || error !== null));
    const lines = visited.map(({ role, error, ...state }) =>
      stateLines({ ...state, role: role ?? "", error: error?.split("\n")[0] ?? null }, shown),
    );
    return [...title, stateHeading(shown), ...lines].join("\n");
  });
}

function jobsText({ batchJobs, readAt }: RunReport, { paint }: Colours): string[] {
  return batchJobs.map(({ id, status: now, statusReason, attempts }) => {
    const rows = attempts.map(({ exitCode, reason, startedAtMs, stoppedAtMs, logStream }, index) => [
      `attempt ${index + 1}`,
      exitCode === undefined ? (stoppedAtMs === undefined ? "runs" : "no exit code") : `exit code ${exitCode}`,
      startedAtMs === undefined ? "" : duration((stoppedAtMs ?? Date.parse(readAt)) - startedAtMs),
      reason ?? logStream ?? "",
    ]);
    const why = statusReason === undefined ? [] : [`  ${wrap(statusReason, { indent: 2 })}`];
    return [paint("bold", `Batch job ${id}: ${now}`), ...why, ...(rows.length === 0 ? [] : [table(rows)])].join("\n");
  });
}
