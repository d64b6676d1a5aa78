// Why an attempt ended, in words that may be shown: no payload, no container environment, no envelope, no foreign message.

import { failureNames } from "./errors.ts";
import { reduced } from "./foreign-text.ts";
import { stateNames } from "./naming.ts";
import type { Attempt } from "./run-attempts.ts";
import type { StateVisit } from "./run-history.ts";

export interface EndReason {
  /** The error's name; null where Step Functions gave none. */
  readonly error: string | null;
  /** Null where nothing can be said that is surely harmless; the history has the whole of it. */
  readonly cause: string | null;
}

/** Somebody may choose it: whoever answers with SendTaskFailure, or stops a run. */
export const errorName = (name: string): string => reduced(name, 128);

/** An `InvalidRun` lists every fault. */
const causeMaxLength = 1024;

/** Of an attempt that has ended; `visits` are its own. */
export function endReason({ end }: Attempt, visits: readonly StateVisit[]): EndReason {
  if (end?.error === undefined || end.error === "") {
    const cause = end?.status === "ABORTED" && end.cause ? reduced(end.cause, causeMaxLength) : null;
    return { error: null, cause };
  }
  const { status, error, cause = "" } = end;
  return {
    error: errorName(error),
    cause: causeOf({ error, cause, isPersons: status === "ABORTED" || isAnswer(visits.at(-1)) }),
  };
}

/** A failed answer to a request for a code: somebody called SendTaskFailure. The task itself had succeeded by then. */
export const isAnswer = (visit: StateVisit | undefined): boolean =>
  visit?.name === stateNames.requestMfa && visit.taskSubmitted !== undefined && visit.error?.name !== "States.Timeout";

function causeOf({ error, cause, isPersons }: { error: string; cause: string; isPersons: boolean }): string | null {
  if (isPersons) return cause === "" ? null : reduced(cause, causeMaxLength);
  const told = jsonObject(cause);
  // Our own words hold no secret; those of others may quote what they choked on (docs/decisions/0021).
  if (failureNames.some((name) => name === error))
    return typeof told["errorMessage"] === "string" ? reduced(told["errorMessage"], causeMaxLength) : null;
  return typeof told["JobId"] === "string" ? jobEnd(told) : null;
}

/** Of a finished Batch job, which Step Functions gives whole, environment included: how it ended, and nothing else. */
function jobEnd(job: Readonly<Record<string, unknown>>): string {
  const container = record(job["Container"]);
  const exitCode = container["ExitCode"];
  const reasons = [job["StatusReason"], container["Reason"]].filter((text): text is string => typeof text === "string" && text !== "");
  return [
    `The job ended with ${typeof exitCode === "number" ? `exit code ${exitCode}` : "no exit code"}`,
    ...reasons.map((text) => reduced(text, 256)),
  ].join("; ");
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  if (!text.startsWith("{")) return {};
  try {
    return record(JSON.parse(text));
  } catch {
    // Step Functions cuts a long cause.
    return {};
  }
}
