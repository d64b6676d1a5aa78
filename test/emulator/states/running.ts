// Runs a definition on a frozen clock, with tasks that the test answers by hand.

import { MovableClock } from "../../../emulator/clock.ts";
import { compileDefinition } from "../../../emulator/states/compile.ts";
import { Execution } from "../../../emulator/states/execution.ts";
import type { Machine } from "../../../emulator/states/machine.ts";
import type { TaskReport, TaskRequest } from "../../../emulator/states/task-runner.ts";

export const lambdaArn = "arn:aws:lambda:us-east-1:111122223333:function:work";

export interface StartedTask {
  readonly request: TaskRequest;
  readonly report: TaskReport;
  cancelled: boolean;
}

export function compile(states: object, more: object = {}): Machine {
  const [startAt] = Object.keys(states);
  const definition = { QueryLanguage: "JSONata", StartAt: startAt, States: states, ...more };
  return compileDefinition(JSON.stringify(definition), { sources: { now: () => 0, uuid: () => "an-id", random: () => 0.5 } });
}

export function start(states: object, of: { input?: unknown; more?: object } = {}) {
  const clock = new MovableClock({ frozenAtMs: Date.parse("2026-01-01T00:00:00Z") });
  const tasks: StartedTask[] = [];
  const execution = new Execution({
    machine: compile(states, of.more),
    identity: {
      executionArn: "arn:aws:states:us-east-1:111122223333:execution:m:run-1",
      name: "run-1",
      stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:m",
      stateMachineName: "m",
      roleArn: "arn:aws:iam::111122223333:role/m",
    },
    inputText: JSON.stringify(of.input ?? {}),
    world: {
      region: "us-east-1",
      clock,
      taskToken: () => `token-${tasks.length + 1}`,
      random: () => 0.5,
      tasks: {
        check: () => undefined,
        start(request, report) {
          const task: StartedTask = { request, report, cancelled: false };
          tasks.push(task);
          report.started();
          return {
            cancel() {
              task.cancelled = true;
            },
          };
        },
      },
    },
  });
  return { execution, clock, tasks, settle, types: () => execution.history.entries.map(({ type }) => type) };
}

/** Lets everything that is ready happen. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const task = (more: object = {}): object => ({ Type: "Task", Resource: lambdaArn, End: true, ...more });
