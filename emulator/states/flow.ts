// Runs the states of one branch one after the other, from its start or from where it stopped.

import type { Branch, Data, Frame } from "./branch.ts";
import { runGuarded } from "./guard.ts";
import type { State } from "./machine.ts";
import { runMap } from "./map-state.ts";
import { runParallel } from "./parallel-state.ts";
import type { Run, Step } from "./run.ts";
import { runChoice, runFail, runWait } from "./simple-states.ts";
import { runTask } from "./task-state.ts";

/** Gives the branch's output; throws StateError where a state fails and nothing catches it. */
export async function runFlow(run: Run, branch: Branch): Promise<Data> {
  let frame = resumed(branch) ?? run.enter(branch, stateNamed(branch, branch.flow.startAt), branch.input);
  for (;;) {
    const { next, output } = await runState(run, branch, frame);
    if (next === undefined) {
      branch.frame = undefined;
      branch.result = output;
      return output;
    }
    frame = run.enter(branch, stateNamed(branch, next), output);
  }
}

/** A redriven branch goes on inside the state it was in; a Fail state is entered anew. */
function resumed(branch: Branch): Frame | undefined {
  const { frame } = branch;
  if (frame?.state.type !== "Fail") return frame;
  return undefined;
}

function stateNamed(branch: Branch, name: string): State {
  const state = branch.flow.states.get(name);
  if (state === undefined) throw new TypeError(`no state ${name}: validation let it pass`);
  return state;
}

function runState(run: Run, branch: Branch, frame: Frame): Promise<Step> {
  const { state } = frame;
  switch (state.type) {
    case "Task":
      return runGuarded(run, { branch, frame, state, attempt: () => runTask(run, { branch, frame, state }) });
    case "Parallel":
      return runGuarded(run, { branch, frame, state, attempt: () => runParallel(run, { branch, frame, state, runFlow }) });
    case "Map":
      return runGuarded(run, { branch, frame, state, attempt: () => runMap(run, { branch, frame, state, runFlow }) });
    default:
      return runSimple(run, branch, frame);
  }
}

/** States without Retry and Catch: an evaluation failure ends the branch. */
async function runSimple(run: Run, branch: Branch, frame: Frame): Promise<Step> {
  const { state } = frame;
  try {
    switch (state.type) {
      case "Pass":
        return await run.leave(branch, frame, { transition: state, output: frame.input });
      case "Succeed":
        return await run.leave(branch, frame, { transition: state, output: frame.input });
      case "Wait":
        return await runWait(run, { branch, frame, state });
      case "Choice":
        return await runChoice(run, { branch, frame, state });
      case "Fail":
        return await runFail(run, { branch, frame, state });
      default:
        throw new TypeError(`${state.type} states do not run here`);
    }
  } catch (thrown) {
    throw run.failure(branch, frame, thrown);
  }
}
