// Parallel: the same input to every branch, their outputs in an array.

import { type Branch, type Data, dataOf, type Frame } from "./branch.ts";
import { abort, type RunFlow, runChild } from "./children.ts";
import type { ParallelState } from "./machine.ts";
import type { Run } from "./run.ts";

interface InParallel {
  readonly branch: Branch;
  readonly frame: Frame;
  readonly state: ParallelState;
  readonly runFlow: RunFlow;
}

export async function runParallel(run: Run, { branch, frame, state, runFlow }: InParallel): Promise<Data> {
  // After a redrive the branches are there already; only those that did not end well run again.
  frame.children ??= await started(run, { branch, frame, state });
  const { children } = frame;
  const running = children.map((child) => child.result ?? runChild(run, child, runFlow));
  try {
    const outputs = await Promise.all(running);
    branch.lastEventId = Math.max(...children.map((child) => child.lastEventId));
    const result = dataOf(outputs.map(({ value }) => value));
    run.assertFits(result, state.name);
    run.recordAside(branch, "ParallelStateSucceeded");
    return result;
  } catch (error) {
    const failing = children.find((child) => child.failed);
    for (const child of children) if (child.result === undefined) abort(run, child);
    await Promise.allSettled(running);
    if (failing !== undefined) branch.lastEventId = failing.lastEventId;
    throw error;
  }
}

async function started(run: Run, { branch, frame, state }: Omit<InParallel, "runFlow">): Promise<Branch[]> {
  const input = state.arguments === undefined ? frame.input : dataOf(await run.evaluate(branch, frame, state.arguments));
  run.record(branch, "ParallelStateStarted");
  return state.branches.map((flow) => branch.child({ flow, input, ...(branch.mapItem === undefined ? {} : { mapItem: branch.mapItem }) }));
}
