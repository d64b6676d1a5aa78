// The word that names a run on the command line.

import { isRunId, runIdRule } from "../../core/run-id.ts";
import { UsageError } from "../outcome.ts";

export const runArgument = { type: "positional", required: true, description: "the run's id, as keyturn runs lists it" } as const;

/** Throws UsageError. */
export function parseRunId(text: string): string {
  // The console shows ARNs, and people copy them.
  const run = text.startsWith("arn:") ? (text.split(":").at(-1) ?? "") : text;
  if (isRunId(run)) return run;
  throw new UsageError(`${JSON.stringify(text)} is no run id: that is ${runIdRule}. keyturn runs lists the runs.`);
}
