// Wait, Choice and Fail.

import type { Branch, Frame } from "./branch.ts";
import { parseInstant } from "./instant.ts";
import type { ChoiceState, FailState, WaitState } from "./machine.ts";
import type { Run, Step } from "./run.ts";
import { QueryError, StateError, whileExecuting } from "./state-error.ts";
import { evaluateAs, type Template } from "./template.ts";

interface In<State> {
  readonly branch: Branch;
  readonly frame: Frame;
  readonly state: State;
}

export async function runWait(run: Run, { branch, frame, state }: In<WaitState>): Promise<Step> {
  const untilMs = await waitEnds(run, { branch, frame, state });
  if (untilMs > run.world.clock.now()) await run.wait(branch, untilMs);
  return run.leave(branch, frame, { transition: state, output: frame.input });
}

async function waitEnds(run: Run, { branch, frame, state }: In<WaitState>): Promise<number> {
  if (state.timestamp !== undefined) {
    return instant((await evaluateAs(state.timestamp, "string", run.bindings(branch, frame, [state.timestamp]))) as string);
  }
  if (state.seconds === undefined) throw new TypeError(`state ${state.name} waits for nothing: validation let it pass`);
  const seconds = await secondsOf(run, { branch, frame, template: state.seconds });
  return run.world.clock.now() + seconds * 1000;
}

function instant(text: string): number {
  const ms = parseInstant(text);
  if (ms !== undefined) return ms;
  const detail = `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`;
  throw new QueryError(detail, { location: "Timestamp", followsEntry: true });
}

/** A whole number of seconds, not negative; throws QueryError. */
export async function secondsOf(
  run: Run,
  { branch, frame, template }: { branch: Branch; frame: Frame; template: Template },
): Promise<number> {
  const seconds = (await evaluateAs(template, "number", run.bindings(branch, frame, [template]))) as number;
  if (Number.isInteger(seconds) && seconds >= 0) return seconds;
  throw new QueryError(`The ${template.location} field must be a non-negative integer but was: ${seconds}`, {
    location: template.location,
  });
}

export async function runChoice(run: Run, { branch, frame, state }: In<ChoiceState>): Promise<Step> {
  for (const rule of state.rules) {
    const chosen = rule.condition.constant ?? (await evaluateAs(rule.condition, "boolean", run.bindings(branch, frame, [rule.condition])));
    if (chosen === true) return run.leave(branch, frame, { transition: rule, output: frame.input });
  }
  if (state.otherwise !== undefined) return run.leave(branch, frame, { transition: state.otherwise, output: frame.input });
  const detail = "Failed to transition out of the state. The state does not point to a next state.";
  throw new StateError("States.NoChoiceMatched", whileExecuting(state.name, frame.enteredEventId, detail));
}

export async function runFail(run: Run, { branch, frame, state }: In<FailState>): Promise<Step> {
  const text = async (template: Template | undefined): Promise<string | undefined> =>
    template === undefined ? undefined : ((await evaluateAs(template, "string", run.bindings(branch, frame, [template]))) as string);
  const error = await text(state.error);
  throw new StateError(error, await text(state.cause));
}
