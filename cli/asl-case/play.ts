// Plays a recorded case on the emulator's interpreter, with mocked tasks and a clock that jumps from one timer to the next.

import type { Json } from "../../core/canonical-json.ts";
import type { Clock, Timer } from "../../emulator/clock.ts";
import { compileDefinition } from "../../emulator/states/compile.ts";
import { Execution } from "../../emulator/states/execution.ts";
import { StateError } from "../../emulator/states/state-error.ts";
import type { TaskReport, TaskRequest, TaskRunner } from "../../emulator/states/task-runner.ts";
import type { JsonObject, RecordedCase } from "./recorded.ts";

class JumpingClock implements Clock {
  #nowMs = Date.parse("2025-01-01T00:00:00Z");
  readonly #timers = new Set<{ atMs: number; fire: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const timer = { atMs, fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** False where there is nothing to wait for. */
  jump(): boolean {
    const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.fire();
    return true;
  }
}

class MockedTasks implements TaskRunner {
  readonly #case: RecordedCase;
  #failures = 0;

  constructor(recorded: RecordedCase) {
    this.#case = recorded;
  }

  check({ integration }: TaskRequest): void {
    if (integration.kind !== "activity") return;
    if (this.#case.activities[integration.arn]?.kind === "missing") {
      throw new StateError("States.Runtime", `The activity ${integration.arn} does not exist.`);
    }
  }

  start(request: TaskRequest, report: TaskReport): { cancel(): void } {
    if (request.integration.kind === "activity") this.#activity(request.integration.arn, request, report);
    else this.#lambda(request, report);
    return { cancel: () => undefined };
  }

  #activity(arn: string, { input }: TaskRequest, report: TaskReport): void {
    const activity = this.#case.activities[arn];
    if (activity?.kind === "silent" && activity.takesTask !== true) return;
    report.started({ workerName: "worker" });
    if (activity?.kind === "return") report.succeeded(activity.value ?? input);
    if (activity?.kind === "raise") report.failed(activity.error, activity.cause);
  }

  #lambda({ integration, input }: TaskRequest, report: TaskReport): void {
    const bare = integration.kind === "lambda-function";
    const { FunctionName: name, Payload: payload = {} } = (bare ? { FunctionName: integration.arn, Payload: input } : input) as JsonObject;
    const lambda = Object.entries(this.#case.lambdas).find(([key, { arn }]) => name === key || name === arn)?.[1];
    report.started();
    if (lambda === undefined) {
      report.failed("Lambda.ResourceNotFoundException", `Function not found: ${JSON.stringify(name)}`);
      return;
    }
    if (lambda.kind === "raise") {
      this.#failures += 1;
      report.failed(lambda.error, lambda.cause?.replaceAll("<uuid:1>", `<uuid:${this.#failures}>`));
      return;
    }
    const answer: Json = lambda.kind === "return" ? (lambda.value ?? null) : (payload ?? {});
    report.succeeded(bare ? answer : { ExecutedVersion: "$LATEST", Payload: answer, StatusCode: 200 });
  }
}

/** Throws where the definition is refused, or where the execution waits for something that never comes. */
export async function play(recorded: RecordedCase): Promise<Execution> {
  const clock = new JumpingClock();
  const sources = { now: () => clock.now(), uuid: () => crypto.randomUUID(), random: Math.random };
  const machine = compileDefinition(JSON.stringify(recorded.definition), { sources });
  const execution = new Execution({
    machine,
    identity: {
      executionArn: "arn:aws:states:us-east-1:111111111111:execution:recorded:run",
      name: "run",
      stateMachineArn: "arn:aws:states:us-east-1:111111111111:stateMachine:recorded",
      stateMachineName: "recorded",
      roleArn: "arn:aws:iam::111111111111:role/recorded",
    },
    inputText: JSON.stringify(recorded.input),
    world: { region: "us-east-1", clock, tasks: new MockedTasks(recorded), taskToken: () => crypto.randomUUID(), random: Math.random },
  });
  while (execution.status === "RUNNING") {
    await new Promise((resolve) => setImmediate(resolve));
    if (execution.status === "RUNNING" && !clock.jump()) throw new Error("the execution waits for something that never comes");
  }
  return execution;
}
