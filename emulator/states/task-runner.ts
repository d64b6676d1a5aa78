// The interpreter's way out: whoever runs it does the tasks and reports on them.

import type { Json } from "../../core/canonical-json.ts";
import type { Integration } from "./resource.ts";

/** Which execution a task belongs to. */
export interface ExecutionIdentity {
  readonly executionArn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
}

export interface TaskRequest {
  readonly execution: ExecutionIdentity;
  readonly state: string;
  readonly integration: Integration;
  /** The arguments, or the state's input where it has none. */
  readonly input: Json;
  readonly inputText: string;
  /** `Credentials.RoleArn`. */
  readonly roleArn?: string;
  /** What SendTaskSuccess and the like name: callbacks and activities only. */
  readonly taskToken?: string;
}

/** How a task goes on; after its end, and after it was cancelled, reports are ignored. */
export interface TaskReport {
  started(details?: { workerName?: string }): void;
  /** The service took a callback's or a job's request and answered this. */
  submitted(output: Json): void;
  succeeded(output: Json): void;
  /** `during`: the phase that failed, where it was not the work itself. */
  failed(error: string | undefined, cause: string | undefined, during?: "start" | "submit"): void;
  heartbeat(): void;
}

export interface RunningTask {
  /** The state timed out, or was stopped: end the work. */
  cancel(): void;
}

export interface TaskRunner {
  /** Throws StateError where the task cannot even be scheduled (`States.Runtime`: an activity that does not exist). */
  check(request: TaskRequest): void;
  start(request: TaskRequest, report: TaskReport): RunningTask;
}
