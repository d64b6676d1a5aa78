// What the demo found, as `--json` prints it.

import type { RunStatus } from "./follow-run.ts";

export interface DemoResult {
  readonly run: string;
  readonly status: RunStatus;
  /** Every visit of a Task state, in order; a state that was entered twice stands twice. */
  readonly states: readonly { readonly name: string; readonly role: string; readonly durationMs: number; readonly cold?: boolean }[];
  readonly job: { readonly id: string; readonly exitCode: number | null; readonly attempts: number };
  readonly outputs: readonly { readonly bucket: string; readonly key: string; readonly bytes: number }[];
  readonly refusals: readonly { readonly what: string; readonly error: string }[];
  /** `readyMs` counts from the end of the synthesis to the enrolled admins, `runMs` the main run alone. */
  readonly timings: { readonly synthMs: number; readonly readyMs: number; readonly runMs: number };
}
