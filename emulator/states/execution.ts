// One execution from start to end, and on again after a redrive.

import type { Json } from "../../core/canonical-json.ts";
import type { Timer } from "../clock.ts";
import { Branch, type Data } from "./branch.ts";
import { abort } from "./children.ts";
import { runFlow } from "./flow.ts";
import { History } from "./history.ts";
import type { Machine } from "./machine.ts";
import { type ExecutionContext, Run, type World } from "./run.ts";
import { Cancelled, StateError } from "./state-error.ts";
import type { ExecutionIdentity } from "./task-runner.ts";

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** How long after its end an execution can be redriven (Step Functions Developer Guide, "Redriving executions"). */
export const redrivableMs = 14 * 24 * 3600 * 1000;

/** An execution that cannot be redriven, and why, in AWS's words. */
export class NotRedrivable extends Error {}

export class Execution {
  readonly identity: ExecutionIdentity;
  readonly inputText: string;
  readonly startedAtMs: number;
  readonly history = new History();
  status: ExecutionStatus = "RUNNING";
  stoppedAtMs: number | undefined;
  output: Data | undefined;
  error: string | undefined;
  cause: string | undefined;
  redriveCount = 0;
  redrivenAtMs: number | undefined;
  /** Settles, never rejects, when the execution (or its latest redrive) ends. */
  ended: Promise<void>;
  readonly #machine: Machine;
  readonly #world: World;
  readonly #input: Json;
  readonly #root: Branch;
  #run: Run;
  #timeout: Timer | undefined;

  /** Starts at once. `inputText` is JSON. */
  constructor(of: { machine: Machine; identity: ExecutionIdentity; inputText: string; world: World }) {
    this.identity = of.identity;
    this.inputText = of.inputText;
    this.#machine = of.machine;
    this.#world = of.world;
    this.#input = JSON.parse(of.inputText) as Json;
    this.startedAtMs = of.world.clock.now();
    const input = { value: this.#input, text: of.inputText };
    this.#root = new Branch({ flow: of.machine, input, variables: {}, lastEventId: 0 });
    this.#run = this.#newRun();
    // The first state's entry does not follow this event; AWS has it follow none.
    this.#run.recordAside(this.#root, "ExecutionStarted", { input: of.inputText, roleArn: of.identity.roleArn }, 0);
    this.ended = this.#drive();
  }

  /** Ends a running execution as StopExecution does; another one stays as it is. */
  stop(error: string | undefined, cause: string | undefined): void {
    if (this.status !== "RUNNING") return;
    abort(this.#run, this.#root);
    this.#finish("ABORTED", { error, cause });
  }

  /** When a redrive would be refused, why; undefined where it can go ahead. */
  redriveRefusal(): string | undefined {
    if (this.status === "RUNNING") return "Execution is RUNNING and cannot be redriven";
    if (this.status === "SUCCEEDED") return "Execution is SUCCEEDED and cannot be redriven";
    const endedMs = this.stoppedAtMs ?? this.startedAtMs;
    if (this.#world.clock.now() - endedMs > redrivableMs) return "Execution has exceeded redrivable period of 14 days";
    return undefined;
  }

  /** Goes on in the state that failed, with its input and variables; retry counts and timeouts start anew. Throws NotRedrivable. */
  redrive(): void {
    const refusal = this.redriveRefusal();
    if (refusal !== undefined) throw new NotRedrivable(refusal);
    this.redriveCount += 1;
    this.redrivenAtMs = this.#world.clock.now();
    this.status = "RUNNING";
    this.stoppedAtMs = undefined;
    this.error = undefined;
    this.cause = undefined;
    this.#run = this.#newRun();
    const at = { ms: this.redrivenAtMs, previousEventId: this.history.entries.length };
    this.#root.revive(this.history.record("ExecutionRedriven", at, { redriveCount: this.redriveCount }));
    this.ended = this.#drive();
  }

  #newRun(): Run {
    const { identity } = this;
    const redriven = this.redrivenAtMs === undefined ? {} : { RedriveTime: new Date(this.redrivenAtMs).toISOString() };
    const executionContext: ExecutionContext = {
      Id: identity.executionArn,
      Input: this.#input,
      Name: identity.name,
      RoleArn: identity.roleArn,
      StartTime: new Date(this.startedAtMs).toISOString(),
      RedriveCount: this.redriveCount,
      ...redriven,
    };
    return new Run({ identity, world: this.#world, history: this.history, executionContext });
  }

  async #drive(): Promise<void> {
    const { timeoutSeconds } = this.#machine;
    if (timeoutSeconds !== undefined) {
      const { clock } = this.#world;
      this.#timeout = clock.at(clock.now() + timeoutSeconds * 1000, () => {
        this.#root.cancel();
        this.#finish("TIMED_OUT", {});
      });
    }
    try {
      const output = await runFlow(this.#run, this.#root);
      this.output = output;
      this.#finish("SUCCEEDED", {});
    } catch (thrown) {
      if (thrown instanceof Cancelled) return;
      this.#finish("FAILED", thrown instanceof StateError ? thrown : { error: "States.Runtime", cause: String(thrown) });
    }
  }

  #finish(status: Exclude<ExecutionStatus, "RUNNING">, { error, cause }: { error?: string | undefined; cause?: string | undefined }): void {
    if (this.status !== "RUNNING") return;
    this.status = status;
    this.error = error;
    this.cause = cause;
    this.#timeout?.cancel();
    this.stoppedAtMs = this.#world.clock.now();
    const details =
      status === "SUCCEEDED"
        ? { output: this.output?.text }
        : { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
    const type = (
      { SUCCEEDED: "ExecutionSucceeded", FAILED: "ExecutionFailed", TIMED_OUT: "ExecutionTimedOut", ABORTED: "ExecutionAborted" } as const
    )[status];
    // A timeout is named in its event only, and that event follows none.
    const timedOut = status === "TIMED_OUT";
    const at = { ms: this.stoppedAtMs, previousEventId: timedOut ? 0 : this.#root.lastEventId };
    this.history.record(type, at, timedOut ? { error: "States.Timeout" } : details);
  }
}
