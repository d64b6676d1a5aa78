// What Lambda itself writes around a function's own lines: START, END and REPORT, or platform events where the log format is JSON.

import type { FunctionDefinition } from "./functions.ts";

/** The numbers of one finished event. */
export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  /** Cold starts only. */
  readonly initMs?: number;
  readonly status: "success" | "error" | "failure" | "timeout";
  /** `Runtime.ExitError`, `Sandbox.Timedout`, or the handler's own error name. */
  readonly errorType?: string;
}

type Format = Pick<FunctionDefinition, "logging" | "memoryMb" | "version">;

const milliseconds = (value: number): number => Math.round(value * 100) / 100;

const platformEvent = (nowMs: number, type: string, record: object): string =>
  JSON.stringify({ time: new Date(nowMs).toISOString(), type: `platform.${type}`, record });

export function startLine(of: Format, at: { nowMs: number; requestId: string }): string | undefined {
  if (of.logging.format === "Text") return `START RequestId: ${at.requestId} Version: ${of.version}`;
  if (of.logging.systemLevel === "WARN") return undefined;
  return platformEvent(at.nowMs, "start", { requestId: at.requestId, version: of.version });
}

/** END and REPORT; memory use is not measured, so no line speaks of it. */
export function reportLines(of: Format, at: { nowMs: number } & InvocationReport): readonly string[] {
  const { requestId, initMs, status, errorType } = at;
  const billedMs = Math.ceil(at.durationMs + (initMs ?? 0));
  if (of.logging.format === "JSON") {
    if (of.logging.systemLevel === "WARN" && status === "success") return [];
    const metrics = {
      durationMs: milliseconds(at.durationMs),
      billedDurationMs: billedMs,
      memorySizeMB: of.memoryMb,
      ...(initMs === undefined ? {} : { initDurationMs: milliseconds(initMs) }),
    };
    return [platformEvent(at.nowMs, "report", { requestId, metrics, status, ...(errorType === undefined ? {} : { errorType }) })];
  }
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${at.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs} ms`,
    `Memory Size: ${of.memoryMb} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
    // AWS names the status only where the sandbox, not the handler, ended the event.
    ...(status === "timeout" || status === "failure" ? [`Status: ${status === "timeout" ? "timeout" : "error"}`] : []),
    ...(status === "failure" && errorType !== undefined ? [`Error Type: ${errorType}`] : []),
  ];
  return [`END RequestId: ${requestId}`, fields.join("\t")];
}
