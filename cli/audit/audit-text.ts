// Records and findings as people read them.

import type { RecordedCall, RunRecord } from "../../core/run-record.ts";
import { type Colours, moment, table, wrap } from "../terminal.ts";
import type { ListedRecord } from "./records-bucket.ts";
import type { Verification } from "./verification.ts";

export function recordsText(records: readonly ListedRecord[], { paint }: Colours): string {
  if (records.length === 0) return "No records. A finished run leaves one within an hour and a half.";
  const rows = records.map(({ sequence, record }) => [
    String(sequence),
    moment(Date.parse(record.outcome.endedAt)).slice(0, 16),
    runOf(record),
    record.job ?? "?",
    record.admin ?? "?",
    startedBy(record),
    answeredBy(record),
    outcomeOf(record),
  ]);
  return table([
    ["NO.", "ENDED (UTC)", "RUN", "JOB", "ADMIN", "STARTED BY", "ANSWERED BY", "OUTCOME"].map((name) => paint("dim", name)),
    ...rows,
  ]);
}

const runOf = ({ run, execution, attempt }: RunRecord): string => {
  const name = execution.split(":").at(-1) ?? "";
  return [name === "" ? run : name, ...(attempt === 0 ? [] : [`(redrive ${attempt})`])].join(" ");
};

/** `Operators/olivia` of an assumed role's session, `olivia` of a user. */
const callerName = (call: RecordedCall): string => {
  if (call.by === null) return "unknown";
  const [, kind, ...name] = /^arn:[^:]+:(?:iam|sts)::\d*:([^/]+)\/(.+)$/.exec(call.by) ?? [];
  if (name[0] === undefined) return call.by;
  return kind === "assumed-role" ? name[0] : (name[0].split("/").at(-1) ?? name[0]);
};

const startedBy = ({ started, redriven }: RunRecord): string => callerName(redriven ?? started);

const answeredBy = ({ answers }: RunRecord): string => {
  const names = [...new Set(answers.map(callerName))];
  return names.length === 0 ? "–" : names.join(", ");
};

/** Short, for it is the last of many columns: the error says that it failed. */
function outcomeOf({ outcome, stopped, batchJobs }: RunRecord): string {
  const { status, error } = outcome;
  if (stopped !== null) return `stopped by ${callerName(stopped)}`;
  const exitCode = batchJobs.at(-1)?.exitCode ?? null;
  if (status === "FAILED" && exitCode !== null) return `exit code ${exitCode}`;
  return status === "SUCCEEDED" || error === null ? status.toLowerCase().replace("_", " ") : error;
}

export function verificationText(
  { bucket, records, newest, executions, findings, pending, late }: Verification,
  { paint }: Colours,
): string {
  const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? "" : "s"}`;
  const blocks = [
    table([
      ["bucket", bucket],
      ["checked", `${count(records, "record")} against each other, and against ${count(executions, "execution")} of the last 90 days`],
      ["newest", newest === null ? "none" : `record ${newest.sequence}, SHA-256 ${newest.sha256}`],
      ...(pending.length === 0 ? [] : [["not due yet", count(pending.length, "record")]]),
      ...(late.length === 0
        ? []
        : [["written late", `${late.join(", ")}: record-run was not at work for hours after the end, or somebody wrote them again`]]),
    ]),
  ];
  if (findings.length === 0) {
    return [...blocks, paint("green", "Nothing was changed, removed, reordered or added.")].join("\n\n");
  }
  const lines = findings.map(({ rule, message }) => `  ${paint("red", "!")} ${wrap(`${message} [${rule}]`, { indent: 4 })}`);
  return [...blocks, [paint("red", `${count(findings.length, "finding")}:`), ...lines].join("\n")].join("\n\n");
}
