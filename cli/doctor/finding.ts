// What a check found; and what it could not find out, and why.

import { auditorPolicyName } from "../../core/naming.ts";
import { explained } from "../aws-session.ts";
import { CommandFailed, Denied } from "../outcome.ts";

export type Standing = "ok" | "warning" | "missing" | "cannot tell" | "does not apply";

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly standing: Standing;
  readonly found: string;
  /** What to do about it: a command to paste, where one does it. */
  readonly wayOut?: string;
}

/**
 * What `look` finds. Where AWS refuses it or does not answer, the findings say so instead, and the other checks go on.
 * @param of.needs - the actions that it takes
 */
export async function lookedAt(
  check: string,
  { needs, look }: { needs: readonly string[]; look: () => Promise<readonly Finding[]> },
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const because = explained(error);
    if (because instanceof Denied) {
      const wayOut = `the managed policy ${auditorPolicyName} gives it: choose a --profile that has it`;
      return [{ check, standing: "cannot tell", found: `denied: ${needs.join(", ")}`, wayOut }];
    }
    if (because instanceof CommandFailed) return [{ check, standing: "cannot tell", ...splitWayOut(because) }];
    throw error;
  }
}

/** Failures of this program say what happened in their first line and what to do in the others. */
export function splitWayOut({ message }: Error): Pick<Finding, "found" | "wayOut"> {
  const [found = "", ...rest] = message.split("\n");
  return rest.length === 0 ? { found } : { found, wayOut: rest.join("\n").trim() };
}
