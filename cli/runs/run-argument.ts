// The word that names a run on the command line.

import { executionOf } from "../../core/resume.ts";
import { isRunId, runIdRule } from "../../core/run-id.ts";
import { UsageError } from "../outcome.ts";

export const runArgument = { type: "positional", required: true, description: "the run's id, as keyturn runs lists it" } as const;

export interface NamedRun {
  readonly run: string;
  /** Name of the one execution that is meant; absent where the newest is. */
  readonly execution?: string;
}

/** A run id means the run's newest execution; a replay's name or an ARN means that very execution. Throws UsageError. */
export function parseRun(text: string): NamedRun {
  // The console shows ARNs, and people copy them.
  const name = text.startsWith("arn:") ? (text.split(":").at(-1) ?? "") : text;
  if (!isRunId(name)) throw new UsageError(`${JSON.stringify(text)} is no run id: that is ${runIdRule}. keyturn runs lists the runs.`);
  const { run } = executionOf(name);
  return run === text ? { run } : { run, execution: name };
}
