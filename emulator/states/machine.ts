// A state machine ready to run: what `compile.ts` makes of a definition.

import type { Integration } from "./resource.ts";
import type { Template } from "./template.ts";

/** States that run together: a machine, a branch, the processor of a Map. */
export interface Flow {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export interface Machine extends Flow {
  readonly timeoutSeconds?: number;
}

/** Where a state goes and what it leaves behind; also of a Choice rule and a Catch. */
export interface Transition {
  /** Absent: the flow ends here. */
  readonly next?: string;
  readonly output?: Template;
  readonly assign?: Template;
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds?: number;
  readonly fullJitter: boolean;
}

export interface Catcher extends Transition {
  readonly errorEquals: readonly string[];
}

interface Named {
  readonly name: string;
}

/** What Task, Parallel and Map have in common: they can be retried, and their errors caught. */
export interface Guarded {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends Named, Transition {
  readonly type: "Pass";
}

export interface SucceedState extends Named, Transition {
  readonly type: "Succeed";
}

export interface FailState extends Named {
  readonly type: "Fail";
  readonly error?: Template;
  readonly cause?: Template;
}

export interface WaitState extends Named, Transition {
  readonly type: "Wait";
  readonly seconds?: Template;
  readonly timestamp?: Template;
}

export interface ChoiceRule extends Transition {
  readonly condition: Template;
}

export interface ChoiceState extends Named {
  readonly type: "Choice";
  readonly rules: readonly ChoiceRule[];
  /** Absent without `Default`. */
  readonly otherwise?: Transition;
}

export interface TaskState extends Named, Transition, Guarded {
  readonly type: "Task";
  readonly resource: string;
  readonly integration: Integration;
  readonly arguments?: Template;
  readonly roleArn?: string;
  readonly timeoutSeconds?: Template;
  readonly heartbeatSeconds?: Template;
}

export interface ParallelState extends Named, Transition, Guarded {
  readonly type: "Parallel";
  readonly arguments?: Template;
  readonly branches: readonly Flow[];
}

export interface MapState extends Named, Transition, Guarded {
  readonly type: "Map";
  readonly items?: Template;
  readonly itemSelector?: Template;
  readonly processor: Flow;
  readonly maxConcurrency?: Template;
  readonly toleratedFailureCount?: Template;
  readonly toleratedFailurePercentage?: Template;
}

export type State = PassState | SucceedState | FailState | WaitState | ChoiceState | TaskState | ParallelState | MapState;
