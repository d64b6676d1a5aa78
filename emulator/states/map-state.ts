// Map, inline: one iteration per item, so many at a time, so many failures tolerated.

import type { Json } from "../../core/canonical-json.ts";
import { type Branch, type Data, dataOf, type Frame } from "./branch.ts";
import { abort, type RunFlow, runChild } from "./children.ts";
import type { MapState } from "./machine.ts";
import type { Run } from "./run.ts";
import { secondsOf as countOf } from "./simple-states.ts";
import { Cancelled, QueryError, StateError } from "./state-error.ts";
import { evaluateAs } from "./template.ts";

interface InMap {
  readonly branch: Branch;
  readonly frame: Frame;
  readonly state: MapState;
  readonly runFlow: RunFlow;
}

/** What an inline Map runs at once where MaxConcurrency is 0 or absent. */
const mostIterationsAtOnce = 40;

export async function runMap(run: Run, of: InMap): Promise<Data> {
  const { branch, frame, state } = of;
  const limits = await limitsOf(run, of);
  if (frame.children === undefined) {
    const items = await itemsOf(run, of);
    run.record(branch, "MapStateStarted", { length: items.length });
    frame.children = items.map((value, index) => branch.child({ flow: state.processor, input: dataOf(value), mapItem: { index, value } }));
  }
  const iterations = new Iterations(run, of, { children: frame.children, ...limits });
  const outputs = await iterations.run();
  const result = dataOf(outputs);
  run.assertFits(result, state.name);
  run.recordAside(branch, "MapStateSucceeded");
  return result;
}

async function itemsOf(run: Run, { branch, frame, state }: InMap): Promise<readonly Json[]> {
  if (state.items !== undefined)
    return (await evaluateAs(state.items, "array", run.bindings(branch, frame, [state.items]))) as readonly Json[];
  const { value, text } = frame.input;
  if (!Array.isArray(value)) throw new QueryError(`Map state input must be an array but was: ${text}`);
  return value;
}

interface Limits {
  readonly atOnce: number;
  /** Undefined: the first failure fails the Map with its own error. */
  readonly tolerated: ((failures: number, of: number) => boolean) | undefined;
}

async function limitsOf(run: Run, { branch, frame, state }: InMap): Promise<Limits> {
  const count = async (template: MapState["maxConcurrency"]): Promise<number | undefined> =>
    template === undefined ? undefined : countOf(run, { branch, frame, template });
  const atOnce = (await count(state.maxConcurrency)) || mostIterationsAtOnce;
  const failures = await count(state.toleratedFailureCount);
  const percentage = await percentageOf(run, { branch, frame, state });
  if (failures === undefined && percentage === undefined) return { atOnce, tolerated: undefined };
  return {
    atOnce,
    tolerated: (failed, of) => failed <= (failures ?? of) && (failed * 100) / of <= (percentage ?? 100),
  };
}

async function percentageOf(run: Run, { branch, frame, state }: Omit<InMap, "runFlow">): Promise<number | undefined> {
  const template = state.toleratedFailurePercentage;
  if (template === undefined) return undefined;
  const percentage = (await evaluateAs(template, "number", run.bindings(branch, frame, [template]))) as number;
  if (percentage >= 0 && percentage <= 100) return percentage;
  throw new QueryError(`The ${template.location} field must be from 0 to 100 but was: ${percentage}`, { location: template.location });
}

class Iterations {
  readonly #run: Run;
  readonly #of: InMap;
  readonly #children: readonly Branch[];
  readonly #limits: Limits;
  /** The event that the next iteration's start follows. */
  #cursor: number;
  #failures = 0;
  #next = 0;
  #firstError: unknown;

  constructor(run: Run, of: InMap, { children, ...limits }: Limits & { children: readonly Branch[] }) {
    this.#run = run;
    this.#of = of;
    this.#children = children;
    this.#limits = limits;
    this.#cursor = of.branch.lastEventId;
  }

  async run(): Promise<Json[]> {
    const lanes = Array.from({ length: Math.min(this.#limits.atOnce, this.#children.length) }, () => this.#lane());
    await Promise.all(lanes);
    if (this.#firstError !== undefined) throw this.#firstError;
    return this.#children.flatMap((child) => (child.result === undefined ? [] : [child.result.value]));
  }

  /** Takes one iteration after the other until none is left or the Map has failed. */
  async #lane(): Promise<void> {
    while (this.#firstError === undefined) {
      const child = this.#children[this.#next++];
      if (child === undefined) return;
      if (child.result === undefined) await this.#iterate(child);
    }
  }

  async #iterate(child: Branch): Promise<void> {
    const { branch, state, runFlow } = this.#of;
    const details = { name: state.name, index: child.mapItem?.index };
    try {
      if (child.frame === undefined) await this.#begin(child, details);
      await runChild(this.#run, child, runFlow);
      this.#cursor = child.lastEventId;
      branch.lastEventId = this.#run.recordAside(child, "MapIterationSucceeded", details);
    } catch (error) {
      if (error instanceof Cancelled) {
        this.#firstError ??= error;
        return;
      }
      this.#fail(child, { error, details });
    }
  }

  async #begin(child: Branch, details: { name: string; index: number | undefined }): Promise<void> {
    const { branch, frame, state } = this.#of;
    if (state.itemSelector !== undefined) {
      const bindings = this.#run.bindings(branch, frame, [state.itemSelector], {}, child.mapItem);
      child.input = dataOf(await state.itemSelector.evaluate(bindings));
    }
    child.lastEventId = this.#cursor;
    this.#run.record(child, "MapIterationStarted", details);
  }

  #fail(child: Branch, { error, details }: { error: unknown; details: { name: string; index: number | undefined } }): void {
    const { branch } = this.#of;
    if (this.#firstError !== undefined) return;
    // The selector belongs to the Map, not to the iteration.
    if (error instanceof QueryError) {
      this.#stop(error);
      return;
    }
    this.#failures += 1;
    this.#run.recordAside(child, "MapIterationFailed", details);
    this.#cursor = child.lastEventId;
    branch.lastEventId = child.lastEventId;
    const { tolerated } = this.#limits;
    if (tolerated === undefined) this.#stop(error);
    else if (!tolerated(this.#failures, this.#children.length)) {
      this.#stop(new StateError("States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"));
    }
  }

  #stop(error: unknown): void {
    this.#firstError = error;
    for (const child of this.#children) {
      if (child.result !== undefined || child.failed || child.frame === undefined) continue;
      abort(this.#run, child);
      this.#run.history.record(
        "MapIterationAborted",
        { ms: this.#run.world.clock.now(), previousEventId: child.lastEventId },
        {
          name: this.#of.state.name,
          index: child.mapItem?.index,
        },
      );
    }
  }
}
