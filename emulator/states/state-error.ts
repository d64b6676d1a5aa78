// How a state fails: the error name that Retry and Catch match, and the cause that the history shows.

/** Largest payload, variable or task result: 256 KiB of UTF-8 (Step Functions quotas). */
export const payloadLimitBytes = 262_144;

/** A failure that a state reports; Retry and Catch may handle it. */
export class StateError extends Error {
  readonly error: string | undefined;
  override readonly cause: string | undefined;

  constructor(error: string | undefined, cause?: string) {
    super(cause ?? error ?? "the state failed");
    this.name = error ?? "StateError";
    this.error = error;
    this.cause = cause;
  }
}

/** A query or a field that it gave could not be used: `States.QueryEvaluationError`. */
export class QueryError extends Error {
  /** The field, as AWS writes it (`Assign/result`); absent where AWS names none. */
  readonly location: string | undefined;
  /** AWS chains this event to the state's entry, unlike other evaluation failures. */
  readonly followsEntry: boolean;

  constructor(detail: string, options: { location?: string; followsEntry?: boolean } = {}) {
    super(detail);
    this.name = "States.QueryEvaluationError";
    this.location = options.location;
    this.followsEntry = options.followsEntry ?? false;
  }
}

/** Ends a branch that was stopped from outside; never seen by Retry or Catch. */
export class Cancelled extends Error {
  constructor() {
    super("the branch was stopped");
    this.name = "Cancelled";
  }
}

/** @param what - the state, or what its task called: `lambda`, the function's or the activity's ARN */
export const dataLimitExceeded = (what: string): StateError =>
  new StateError(
    "States.DataLimitExceeded",
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );

/** What AWS puts before the cause of an error that the interpreter itself raises. */
export const whileExecuting = (state: string, enteredEventId: number, detail: string): string =>
  `An error occurred while executing the state '${state}' (entered at the event id #${enteredEventId}). ${detail}`;

/** What `States.ALL` and `States.TaskFailed` never match. The guide also lists States.DataLimitExceeded; recorded executions catch it. */
const terminalError = "States.Runtime";

/** Whether an `ErrorEquals` list matches the error, with the wildcards of the Amazon States Language. */
export function matchesError(errorEquals: readonly string[], error: string | undefined): boolean {
  if (error !== undefined && errorEquals.includes(error)) return true;
  if (error === terminalError) return false;
  if (errorEquals.includes("States.ALL")) return true;
  if (error === "States.HeartbeatTimeout") return errorEquals.includes("States.Timeout");
  return error !== "States.Timeout" && errorEquals.includes("States.TaskFailed");
}
