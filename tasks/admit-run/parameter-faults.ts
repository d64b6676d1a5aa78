// Says what is wrong with a run's parameters in the words of the job, not of the schema library.

import type { z } from "zod";
import type { JobDefinition } from "../../jobs/definition.ts";

/** One line per fault. Values are not quoted: somebody may have put a secret there by mistake. */
export function parameterFaults(
  issues: readonly z.core.$ZodIssue[],
  { job, given }: { job: JobDefinition; given: Readonly<Record<string, unknown>> },
): readonly string[] {
  const known = Object.keys(job.parameters.shape);
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const takes = known.length === 0 ? "no parameters" : known.join(", ");
      return issue.keys.map((name) => `parameters.${printable(name)}: unknown; ${job.name} takes ${takes}`);
    }
    const name = issue.path.join(".");
    if (typeof issue.path[0] === "string" && !Object.hasOwn(given, issue.path[0])) return [`parameters.${name}: missing`];
    return [`parameters.${name}: ${issue.message}`];
  });
}

const printable = (name: string): string => JSON.stringify(name.slice(0, 60)).slice(1, -1);
