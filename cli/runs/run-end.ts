// How a conducted run ends for whoever watched: the job's log, its result, or what went wrong and what to do about it.

import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { roughly } from "../fargate-price.ts";
import { type JobMessages, readJobMessages } from "../job-messages.ts";
import { type ExitCode, exitCodes } from "../outcome.ts";
import { bytes, type Colours, duration, table, wrap } from "../terminal.ts";
import type { Conducted } from "./conduct.ts";
import { LogStreamReader } from "./job-log.ts";
import type { Operator } from "./operator-session.ts";
import type { RunExecution } from "./run-execution.ts";
import { type RunReport, reportOf } from "./run-report.ts";
import { stoppedText } from "./stop.ts";

export interface RunEnd {
  readonly report: RunReport;
  /** Of the newest attempt of the newest job. */
  readonly log: JobMessages;
}

export async function readEnd({ view }: Conducted, { of, operator }: { of: RunExecution; operator: Operator }): Promise<RunEnd> {
  const report = await reportOf(view, { of, operator });
  return { report, log: readJobMessages(await newestLog(report, operator.logs)) };
}

async function newestLog({ job, batchJobs }: RunReport, logs: CloudWatchLogsClient): Promise<readonly string[]> {
  const stream = batchJobs.at(-1)?.attempts.at(-1)?.logStream;
  return job === null || stream === undefined ? [] : new LogStreamReader(logs, { job, stream }).more();
}

export function exitCodeOf({ how }: Conducted, { status, waitsFor }: RunReport): ExitCode {
  if (how === "accepted" || status === "SUCCEEDED") return exitCodes.done;
  return waitsFor === null ? exitCodes.failed : exitCodes.waitingForMfa;
}

export const endJson = ({ report, log }: RunEnd): string => JSON.stringify({ ...report, log: log.text, outputs: log.outputs });

export function endText(conducted: Conducted, { report, log }: RunEnd, { paint, flags }: Colours & { flags: string }): string {
  const blocks: string[] = [];
  if (log.text.length > 0) {
    const bar = paint("dim", "│");
    const lines = log.text.map((line) => `  ${bar} ${wrap(line, { indent: 4 }).replaceAll("\n    ", `\n  ${bar} `)}`);
    blocks.push(`${paint("bold", "The job's log")}\n${lines.join("\n")}`);
  }
  if (log.outputs.length > 0) {
    const written = log.outputs.map(({ bucket, key, bytes: size }) => `  ${bytes(size).padStart(8)}  s3://${bucket}/${key}`);
    blocks.push(`${paint("bold", "Written")}\n${written.join("\n")}`);
  }
  blocks.push(conducted.stopped === undefined ? verdict(report, { paint, flags }) : stoppedText(conducted.stopped));
  return blocks.join("\n\n");
}

function verdict(report: RunReport, { paint, flags }: Pick<Colours, "paint"> & { flags: string }): string {
  const { run, status, startedAt, endedAt, exitCode, error, costUsd, batchJobs, waitsFor } = report;
  const took = endedAt === null ? "" : ` after ${duration(Date.parse(endedAt) - Date.parse(startedAt))}`;
  const cost = roughly(costUsd);
  if (status === "SUCCEEDED") {
    return paint("green", `Run ${run} succeeded${took}: exit code ${exitCode ?? "unknown"}, ${cost}.`);
  }
  if (waitsFor !== null) {
    return `Run ${run} waits for a code. Answer with:\n  ${waitsFor.answerWith}`;
  }
  if (status === "RUNNING") {
    return `Run ${run} goes on.\n${table([
      ["watch", `keyturn status ${run}${flags}`],
      ["its log", `keyturn logs ${run}${flags} --follow`],
      ["stop", `keyturn stop ${run}${flags}`],
    ])}`;
  }
  const job = batchJobs.at(-1);
  const reason = job === undefined ? undefined : (job.attempts.at(-1)?.reason ?? job.statusReason);
  const because = [
    ...(error === null ? [] : error.message.split("\n")),
    ...(job === undefined || status === "ABORTED"
      ? []
      : [
          `The job ended with ${exitCode === null ? "no exit code" : `exit code ${exitCode}`}${reason === undefined ? "" : `: ${reason}`}.`,
        ]),
  ];
  return [
    paint("red", `Run ${run} ended as ${status}${took}; ${cost}.`),
    ...because.map((line) => `  ${wrap(line, { indent: 2 })}`),
    table([
      ["more", `keyturn status ${run}${flags}`],
      ["again", `keyturn replay ${run}${flags} --plan   shows what would run again`],
    ]),
  ].join("\n");
}
