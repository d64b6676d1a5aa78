// Branches and iterations running side by side: the first that fails stops the others.

import type { Branch, Data } from "./branch.ts";
import type { Run } from "./run.ts";

export type RunFlow = (run: Run, branch: Branch) => Promise<Data>;

/** Records what is stopped, innermost first, and stops it. */
export function abort(run: Run, branch: Branch): void {
  recordAborted(run, branch);
  branch.cancel();
}

/** Only these types have an event for being stopped. */
function recordAborted(run: Run, branch: Branch): void {
  const { frame } = branch;
  if (frame === undefined) return;
  const { state, children = [] } = frame;
  for (const child of children) {
    if (child.result !== undefined || child.failed) continue;
    recordAborted(run, child);
    if (state.type === "Map" && child.mapItem !== undefined && child.frame !== undefined) {
      run.record(child, "MapIterationAborted", { name: state.name, index: child.mapItem.index });
    }
  }
  const settled = branch.failed && (state.type === "Map" || state.type === "Parallel");
  if (!settled && (state.type === "Task" || state.type === "Wait" || state.type === "Map" || state.type === "Parallel")) {
    run.record(branch, `${state.type}StateAborted`);
  }
}

/** Runs a branch, noting whether it failed. */
export async function runChild(run: Run, child: Branch, runFlow: RunFlow): Promise<Data> {
  child.failed = false;
  try {
    return await runFlow(run, child);
  } catch (error) {
    child.failed = true;
    throw error;
  }
}
