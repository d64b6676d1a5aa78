// One thread of an execution: the machine itself, a branch of a Parallel, an iteration of a Map. It remembers how far it got, for redrive.

import type { Json } from "../../core/canonical-json.ts";
import type { Flow, State } from "./machine.ts";
import { Cancelled } from "./state-error.ts";

/** A payload, with the JSON text that the history shows. */
export interface Data {
  readonly value: Json;
  readonly text: string;
}

export const dataOf = (value: Json): Data => ({ value, text: JSON.stringify(value) });

/** All that a branch sees; an inner scope starts with the outer's, and what it assigns stays inside. */
export type Variables = Readonly<Record<string, Json>>;

export interface MapItem {
  readonly index: number;
  readonly value: Json;
}

/** The state that a branch is in. */
export interface Frame {
  readonly state: State;
  readonly input: Data;
  /** The event before the state's entry. */
  readonly previousEventId: number;
  readonly enteredEventId: number;
  readonly enteredAtMs: number;
  retryCount: number;
  taskToken?: string;
  /** Branches or iterations under way or done; kept for redrive. */
  children?: Branch[];
}

interface Settle<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class Branch {
  readonly flow: Flow;
  readonly mapItem: MapItem | undefined;
  /** A Map's selector may replace the item. */
  input: Data;
  variables: Variables;
  /** The event that the next one follows. */
  lastEventId: number;
  frame: Frame | undefined;
  /** Set once the branch has ended well. */
  result: Data | undefined;
  /** Set once the branch has ended in a failure. */
  failed = false;
  #cancelled = false;
  #interrupt: (() => void) | undefined;

  constructor(of: { flow: Flow; input: Data; variables: Variables; lastEventId: number; mapItem?: MapItem }) {
    this.flow = of.flow;
    this.input = of.input;
    this.mapItem = of.mapItem;
    this.variables = of.variables;
    this.lastEventId = of.lastEventId;
  }

  /** An inner scope. */
  child(of: { flow: Flow; input: Data; mapItem?: MapItem }): Branch {
    return new Branch({ ...of, variables: this.variables, lastEventId: this.lastEventId });
  }

  assign(values: Variables): void {
    this.variables = { ...this.variables, ...values };
  }

  assertRunning(): void {
    if (this.#cancelled) throw new Cancelled();
  }

  /** Waits for something that `cancel` can end; `begin` returns how to clean up, which runs however the wait ends. */
  async interruptible<T>(begin: (settle: Settle<T>) => () => void): Promise<T> {
    this.assertRunning();
    let cleanUp: (() => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#interrupt = () => reject(new Cancelled());
        cleanUp = begin({ resolve, reject });
      });
    } finally {
      this.#interrupt = undefined;
      cleanUp?.();
    }
  }

  cancel(): void {
    this.#cancelled = true;
    for (const child of this.frame?.children ?? []) child.cancel();
    this.#interrupt?.();
  }

  /** Before a redrive: everything that did not end well may run again. */
  revive(lastEventId: number): void {
    this.#cancelled = false;
    this.failed = false;
    this.lastEventId = lastEventId;
    if (this.frame === undefined) return;
    this.frame.retryCount = 0;
    for (const child of this.frame.children ?? []) if (child.result === undefined) child.revive(lastEventId);
  }
}
