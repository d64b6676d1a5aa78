// What all Lambdas share: parse, do, and one structured log line per invocation that says how it ended and holds nothing secret.

import { isKeyturnError } from "../core/errors.ts";
import { type LogFields, logLine } from "../core/log-line.ts";

/** Of Lambda's invocation context, what we use. */
export interface InvocationContext {
  readonly awsRequestId: string;
}

export interface Task<Input, Output> {
  /** The workflow's state that invokes it; of a task that none does, its own name. */
  readonly state: string;
  /** Parses the event; throws a KeyturnError where the workflow can act on what is wrong with it. */
  readonly parse: (event: unknown) => Input;
  /** The run, for the log; read from the raw event too, so that an event that does not parse is found by its run. */
  readonly perform: (input: Input) => Promise<Output>;
  /** Non-secret facts about a success. */
  readonly describe?: (output: Output) => LogFields;
}

export interface TaskShell {
  readonly nowMs: () => number;
  readonly write: (line: string) => void;
}

const shell: TaskShell = {
  nowMs: () => Date.now(),
  // Not console.log: Lambda would wrap the line in one of its own.
  write: (line) => process.stdout.write(`${line}\n`),
};

/**
 * A Lambda handler. Errors pass through unchanged, so that Step Functions sees a KeyturnError's `name` as the error to match, and an AWS
 * error's own name (`ThrottlingException`) likewise. The log has names, durations and facts, never an event, a result or a foreign message.
 */
export function defineTask<Input, Output>(task: Task<Input, Output>, { nowMs, write }: TaskShell = shell) {
  let cold = true;
  return async (event: unknown, context: InvocationContext): Promise<Output> => {
    const startedAtMs = nowMs();
    const fields = { state: task.state, run: runOf(event), requestId: context.awsRequestId, cold };
    cold = false;
    try {
      const output = await task.perform(task.parse(event));
      const durationMs = nowMs() - startedAtMs;
      write(logLine({ level: "INFO", ...fields, outcome: "succeeded", durationMs, ...task.describe?.(output) }));
      return output;
    } catch (error) {
      const durationMs = nowMs() - startedAtMs;
      const errorName = error instanceof Error ? error.name : typeof error;
      const own = isKeyturnError(error) ? { message: error.message, facts: error.facts } : {};
      write(logLine({ level: "ERROR", ...fields, outcome: "failed", durationMs, errorName, ...own }));
      throw error;
    }
  };
}

function runOf(event: unknown): string | undefined {
  const at = (value: unknown, member: string): unknown =>
    typeof value === "object" && value !== null && Object.hasOwn(value, member) ? (value as Record<string, unknown>)[member] : undefined;
  const execution = at(event, "execution");
  const run =
    at(event, "run") ?? at(at(event, "order"), "run") ?? (typeof execution === "string" ? execution.split(":").at(-1) : undefined);
  return typeof run === "string" ? run.slice(0, 80) : undefined;
}
