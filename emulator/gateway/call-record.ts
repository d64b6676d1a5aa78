// One call as it ended, for whoever watches: a demo, a test, a log.

import { AwsError } from "../aws-error.ts";
import type { Caller, Origin } from "../service.ts";
import type { OperationModel } from "./model.ts";

export interface CallRecord {
  readonly requestId: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** Endpoint name of the service, as far as it was found. */
  readonly service?: string;
  readonly operation?: string;
  /** Who signed it, as far as it was authenticated. */
  readonly caller?: Caller;
  readonly origin: Origin;
  /** Services that made it for the caller. */
  readonly calledVia: readonly string[];
  readonly outcome: "answered" | "denied" | "failed";
  readonly error?: { readonly code: string; readonly message: string };
}

/** A call as it ended with what was asked and answered, for the service that keeps a trail of calls. */
export interface EndedCall {
  readonly record: CallRecord;
  readonly userAgent?: string;
  /** Absent for calls that services forward. */
  readonly model?: OperationModel;
  readonly input?: object;
  readonly output?: object;
}

/** What a call collects on its way. */
export interface Trace {
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly origin: Origin;
  readonly calledVia: readonly string[];
  service?: string;
  operation?: string;
  caller?: Caller;
  userAgent?: string;
  model?: OperationModel;
  input?: object;
  output?: object;
}

/** @param thrown - what ended the call, if it was not its answer */
export function recordOf(trace: Trace, nowMs: number, thrown?: unknown): CallRecord {
  const { requestId, startedAtMs, origin, calledVia, service, operation, caller } = trace;
  return {
    requestId,
    atMs: startedAtMs,
    durationMs: nowMs - startedAtMs,
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    ...(caller && { caller }),
    origin,
    calledVia,
    ...(thrown === undefined ? { outcome: "answered" } : failure(thrown)),
  };
}

export const endedCall = (record: CallRecord, { userAgent, model, input, output }: Trace): EndedCall => ({
  record,
  ...(userAgent !== undefined && { userAgent }),
  ...(model && { model }),
  ...(input && { input }),
  ...(output && { output }),
});

function failure(thrown: unknown): Pick<CallRecord, "outcome"> & Required<Pick<CallRecord, "error">> {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof AwsError)
    return { outcome: thrown.statusCode === 403 ? "denied" : "failed", error: { code: thrown.code, message } };
  return { outcome: "failed", error: { code: thrown instanceof Error ? thrown.name : "Error", message } };
}
