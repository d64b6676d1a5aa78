// What every state's code shares while an execution runs: its history, its variables, its context object, its clock.

import type { HistoryEventType } from "@aws-sdk/client-sfn";
import type { Json } from "../../core/canonical-json.ts";
import type { Clock } from "../clock.ts";
import { type Branch, type Data, dataOf, type Frame, type Variables } from "./branch.ts";
import { type History, historyLimit } from "./history.ts";
import type { State, Transition } from "./machine.ts";
import type { Bindings } from "./query.ts";
import { dataLimitExceeded, payloadLimitBytes, QueryError, StateError, whileExecuting } from "./state-error.ts";
import type { ExecutionIdentity, TaskRunner } from "./task-runner.ts";
import type { Template } from "./template.ts";

/** Everything an execution needs from outside. */
export interface World {
  readonly region: string;
  readonly clock: Clock;
  readonly tasks: TaskRunner;
  taskToken(): string;
  /** 0 ≤ n < 1, for retry jitter. */
  random(): number;
}

/** Where a state's end leads; without `next` the flow ends. */
export interface Step {
  readonly next?: string;
  readonly output: Data;
}

/** What `$states` holds beside `input` and `context`. */
export interface Scope {
  readonly result?: Json;
  readonly errorOutput?: Json;
}

/** `$states.context.Execution`. */
export type ExecutionContext = Readonly<Record<string, Json>>;

/** Whether a payload is within 256 KiB. */
export const fits = ({ text }: Pick<Data, "text">): boolean =>
  text.length * 3 <= payloadLimitBytes || Buffer.byteLength(text) <= payloadLimitBytes;

export class Run {
  readonly identity: ExecutionIdentity;
  readonly world: World;
  readonly history: History;
  readonly #executionContext: ExecutionContext;

  constructor(of: { identity: ExecutionIdentity; world: World; history: History; executionContext: ExecutionContext }) {
    this.identity = of.identity;
    this.world = of.world;
    this.history = of.history;
    this.#executionContext = of.executionContext;
  }

  /** Records an event and makes it the one that the branch's next event follows. */
  record(branch: Branch, type: HistoryEventType, details?: Readonly<Record<string, unknown>>): number {
    branch.lastEventId = this.recordAside(branch, type, details);
    return branch.lastEventId;
  }

  /** Records an event that the branch's next event does not follow. */
  recordAside(
    branch: Branch,
    type: HistoryEventType,
    details?: Readonly<Record<string, unknown>>,
    previousEventId = branch.lastEventId,
  ): number {
    branch.assertRunning();
    if (this.history.entries.length >= historyLimit - 1) {
      throw new StateError("States.Runtime", `The execution reached the maximum number of history events (${historyLimit}).`);
    }
    return this.history.record(type, { ms: this.world.clock.now(), previousEventId }, details);
  }

  enter(branch: Branch, state: State, input: Data): Frame {
    const previousEventId = branch.lastEventId;
    const enteredEventId = this.record(branch, `${state.type}StateEntered`, { name: state.name, input: input.text });
    const frame: Frame = { state, input, previousEventId, enteredEventId, enteredAtMs: this.world.clock.now(), retryCount: 0 };
    branch.frame = frame;
    return frame;
  }

  /** Evaluates Assign and Output over the variables as they were, records the exit, then lets the new variables in. */
  async leave(
    branch: Branch,
    frame: Frame,
    { transition, output, scope = {} }: { transition: Transition; output: Data; scope?: Scope },
  ): Promise<Step> {
    const { assign, output: made } = transition;
    if (assign === undefined && made === undefined) return this.#left(branch, frame, { transition, left: output });
    const bindings = this.bindings(branch, frame, [assign, made], scope);
    const assigned = assign === undefined ? undefined : ((assign.constant ?? (await assign.evaluate(bindings))) as Variables);
    const left = made === undefined ? output : dataOf(made.constant ?? (await made.evaluate(bindings)));
    return this.#left(branch, frame, { transition, left, ...(assigned === undefined ? {} : { assigned }) });
  }

  #left(branch: Branch, frame: Frame, { transition, left, assigned }: { transition: Transition; left: Data; assigned?: Variables }): Step {
    this.assertFits(left, frame.state.name);
    this.#recordExit(branch, frame, left, assigned);
    return transition.next === undefined ? { output: left } : { next: transition.next, output: left };
  }

  #recordExit(branch: Branch, frame: Frame, output: Data, assigned?: Variables): void {
    const { state } = frame;
    const details: Record<string, unknown> = { name: state.name, output: output.text };
    if (assigned !== undefined) {
      const texts = Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)] as const);
      for (const [name, text] of texts) this.assertFits({ text }, `${state.name}/Assign/${name}`);
      if (texts.length > 0) details["assignedVariables"] = Object.fromEntries(texts);
      branch.assign(assigned);
    }
    // A Fail state has no exit; it never comes here.
    this.record(branch, `${state.type as Exclude<State["type"], "Fail">}StateExited`, details);
  }

  /** Evaluates a field in the state's own scope. */
  evaluate(branch: Branch, frame: Frame, template: Template): Json | Promise<Json> {
    return template.constant ?? template.evaluate(this.bindings(branch, frame, [template]));
  }

  /** Variables and `$states`, as the fields' expressions see them. */
  bindings(
    branch: Branch,
    frame: Frame,
    templates: readonly (Template | undefined)[],
    scope: Scope = {},
    mapItem = branch.mapItem,
  ): Bindings {
    const states: Record<string, Json> = { input: frame.input.value, ...scope };
    if (templates.some((template) => template?.readsContext)) states["context"] = this.#context(frame, mapItem);
    return { ...branch.variables, states };
  }

  #context(frame: Frame, mapItem: Branch["mapItem"]): Json {
    const { identity } = this;
    return {
      Execution: this.#executionContext,
      State: { Name: frame.state.name, EnteredTime: new Date(frame.enteredAtMs).toISOString(), RetryCount: frame.retryCount },
      StateMachine: { Id: identity.stateMachineArn, Name: identity.stateMachineName },
      ...(frame.taskToken === undefined ? {} : { Task: { Token: frame.taskToken } }),
      ...(mapItem === undefined ? {} : { Map: { Item: { Index: mapItem.index, Value: mapItem.value } } }),
    };
  }

  /** Throws States.DataLimitExceeded above 256 KiB. */
  assertFits(data: Pick<Data, "text">, what: string): void {
    if (!fits(data)) throw dataLimitExceeded(what);
  }

  /** What Retry and Catch see of something thrown in a state; an evaluation failure gets its event. */
  failure(branch: Branch, frame: Frame, thrown: unknown): StateError {
    if (thrown instanceof StateError) return thrown;
    if (!(thrown instanceof QueryError)) throw thrown;
    const { location } = thrown;
    const error = "States.QueryEvaluationError";
    const cause = whileExecuting(frame.state.name, frame.enteredEventId, thrown.message);
    const details = { error, cause, ...(location === undefined ? {} : { location }), state: frame.state.name };
    const previous = thrown.followsEntry ? branch.lastEventId : frame.previousEventId;
    branch.lastEventId = this.recordAside(branch, "EvaluationFailed", details, previous);
    return new StateError(error, cause);
  }

  /** Waits on the emulator's clock; a stop ends it. */
  wait(branch: Branch, untilMs: number): Promise<void> {
    return branch.interruptible<void>(({ resolve }) => {
      const timer = this.world.clock.at(untilMs, resolve);
      return () => timer.cancel();
    });
  }
}
