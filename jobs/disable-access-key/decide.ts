// What is done with a key, given what IAM says of it.

import type { KeyState } from "./key-state.ts";

export type Decision =
  | { readonly kind: "deactivate" }
  | { readonly kind: "nothing-to-do" }
  /** Whoever uses it would be cut off. */
  | { readonly kind: "in-use"; readonly minutesAgo: number };

export interface Rules {
  readonly quietMinutes: number;
  readonly evenIfInUse: boolean;
}

const minuteMs = 60_000;

export function decide({ status, lastUsedAt }: KeyState, { quietMinutes, evenIfInUse }: Rules, nowMs: number): Decision {
  if (status === "Inactive") return { kind: "nothing-to-do" };
  if (lastUsedAt === null || evenIfInUse) return { kind: "deactivate" };
  // A use in the future: clocks differ, and it is in use.
  const minutesAgo = Math.max(0, Math.floor((nowMs - Date.parse(lastUsedAt)) / minuteMs));
  return minutesAgo < quietMinutes ? { kind: "in-use", minutesAgo } : { kind: "deactivate" };
}
