// Retry and Catch, the same for Task, Parallel and Map.

import type { Json } from "../../core/canonical-json.ts";
import { type Branch, type Data, dataOf, type Frame } from "./branch.ts";
import type { MapState, ParallelState, Retrier, TaskState } from "./machine.ts";
import type { Run, Step } from "./run.ts";
import { matchesError, type StateError } from "./state-error.ts";

interface GuardedState {
  readonly branch: Branch;
  readonly frame: Frame;
  readonly state: TaskState | ParallelState | MapState;
  attempt(): Promise<Data>;
}

export async function runGuarded(run: Run, { branch, frame, state, attempt }: GuardedState): Promise<Step> {
  const retries = new Map<Retrier, number>();
  for (;;) {
    try {
      const result = await attempt();
      return await run.leave(branch, frame, { transition: state, output: result, scope: { result: result.value } });
    } catch (thrown) {
      const failure = run.failure(branch, frame, thrown);
      const delayMs = retryDelayMs(run, { retries, state, failure });
      if (delayMs === undefined) return await handle(run, { branch, frame, state, failure });
      if (delayMs > 0) await run.wait(branch, run.world.clock.now() + delayMs);
      delete frame.children;
      frame.retryCount += 1;
    }
  }
}

/** Undefined where no retrier takes the error (any more). */
function retryDelayMs(
  run: Run,
  { retries, state, failure }: { retries: Map<Retrier, number>; state: GuardedState["state"]; failure: StateError },
): number | undefined {
  const retrier = state.retry.find(({ errorEquals }) => matchesError(errorEquals, failure.error));
  if (retrier === undefined) return undefined;
  const done = retries.get(retrier) ?? 0;
  if (done >= retrier.maxAttempts) return undefined;
  retries.set(retrier, done + 1);
  const grown = retrier.intervalSeconds * retrier.backoffRate ** done;
  const delayMs = Math.min(grown, retrier.maxDelaySeconds ?? grown) * 1000;
  return retrier.fullJitter ? delayMs * run.world.random() : delayMs;
}

async function handle(run: Run, { branch, frame, state, failure }: Omit<GuardedState, "attempt"> & { failure: StateError }): Promise<Step> {
  if (state.type !== "Task") run.record(branch, `${state.type}StateFailed`);
  const catcher = state.catch.find(({ errorEquals }) => matchesError(errorEquals, failure.error));
  if (catcher === undefined) throw failure;
  const errorOutput: Record<string, Json> = {};
  if (failure.error !== undefined) errorOutput["Error"] = failure.error;
  if (failure.cause !== undefined) errorOutput["Cause"] = failure.cause;
  try {
    return await run.leave(branch, frame, { transition: catcher, output: dataOf(errorOutput), scope: { errorOutput } });
  } catch (thrown) {
    throw run.failure(branch, frame, thrown);
  }
}
