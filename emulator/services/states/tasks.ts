// Runs the tasks of state machines for real: every call is signed by the task's role, verified and authorised.

import type { Gateway } from "../../service.ts";
import { StateError } from "../../states/state-error.ts";
import type { RunningTask, TaskReport, TaskRequest, TaskRunner } from "../../states/task-runner.ts";
import type { Activities } from "./activities.ts";
import { describeJob, type JobCalls, submitJob, terminateJob } from "./batch-task.ts";
import type { Callbacks } from "./callbacks.ts";
import { invokeLambda } from "./lambda-task.ts";
import type { RoleSessions } from "./role-sessions.ts";
import { describeFailure } from "./task-failures.ts";

/** Batch as Step Functions follows it, through EventBridge on AWS. */
export interface JobEvents {
  /** Tells the job's present state, soon but never synchronously, and then every change; gives a way to stop listening. */
  onJobState(jobId: string, listener: (change: { readonly status: string }) => void): () => void;
}

export interface TaskDependencies {
  readonly gateway: Gateway;
  readonly sessions: RoleSessions;
  readonly callbacks: Callbacks;
  readonly activities: Activities;
  readonly jobs: JobEvents;
  /** A job that was to be ended with its state and could not be. */
  readonly onJobLeftRunning?: (of: { jobId: string; executionArn: string; error: unknown }) => void;
}

export class Tasks implements TaskRunner {
  readonly #of: TaskDependencies;

  constructor(of: TaskDependencies) {
    this.#of = of;
  }

  check({ integration }: TaskRequest): void {
    if (integration.kind === "activity" && this.#of.activities.find(integration.arn) === undefined) {
      throw new StateError("States.Runtime", `The activity ${integration.arn} does not exist.`);
    }
  }

  start(request: TaskRequest, report: TaskReport): RunningTask {
    const { integration } = request;
    if (integration.kind === "activity") return this.#activity(integration.arn, request, report);
    if (integration.kind === "lambda-function") return this.#lambda(request, report);
    if (integration.service === "lambda") {
      return integration.pattern === "waitForTaskToken" ? this.#callback(request, report) : this.#lambda(request, report);
    }
    return integration.pattern === "sync" ? this.#job(request, report) : this.#submission(request, report);
  }

  #activity(arn: string, request: TaskRequest, report: TaskReport): RunningTask {
    const { activities, callbacks } = this.#of;
    const token = tokenOf(request);
    callbacks.open(token, { executionArn: request.execution.executionArn, report, held: false });
    const queued = activities.schedule(arn, { token, input: request.inputText, report });
    return {
      cancel() {
        queued.cancel();
        callbacks.close(token);
      },
    };
  }

  #lambda(request: TaskRequest, report: TaskReport): RunningTask {
    void this.#attempt(request, report, {
      prefix: "Lambda",
      work: async () => report.succeeded(await this.#invoke(request, report)),
    });
    // Step Functions cannot stop a function either: it runs to its end, and nobody hears of it.
    return { cancel: () => undefined };
  }

  #callback(request: TaskRequest, report: TaskReport): RunningTask {
    const { callbacks } = this.#of;
    const token = tokenOf(request);
    callbacks.open(token, { executionArn: request.execution.executionArn, report, held: true });
    void this.#attempt(request, report, {
      prefix: "Lambda",
      work: async () => {
        report.submitted(await this.#invoke(request, report));
        callbacks.release(token);
      },
    });
    return { cancel: () => callbacks.close(token) };
  }

  async #invoke(request: TaskRequest, report: TaskReport): ReturnType<typeof invokeLambda> {
    const credentials = await this.#of.sessions.ofTask(request);
    report.started();
    return invokeLambda(request, { gateway: this.#of.gateway, credentials });
  }

  #submission(request: TaskRequest, report: TaskReport): RunningTask {
    const calls = this.#jobCalls(request);
    void this.#attempt(request, report, {
      prefix: "Batch",
      work: async () => {
        await calls.credentials();
        report.started();
        report.succeeded((await submitJob(request.input, { waits: false }, calls)).answer);
      },
    });
    return { cancel: () => undefined };
  }

  #job(request: TaskRequest, report: TaskReport): RunningTask {
    const calls = this.#jobCalls(request);
    let stopped = false;
    let jobId: string | undefined;
    let stopListening = (): void => undefined;
    const end = (id: string): void => {
      stopListening();
      const { executionArn } = request.execution;
      terminateJob(id, calls).catch((error: unknown) => this.#of.onJobLeftRunning?.({ jobId: id, executionArn, error }));
    };
    void this.#attempt(request, report, {
      prefix: "Batch",
      work: async () => {
        await calls.credentials();
        report.started();
        const submitted = await submitJob(request.input, { waits: true }, calls);
        ({ jobId } = submitted);
        if (stopped) {
          end(submitted.jobId);
          return;
        }
        report.submitted(submitted.answer);
        stopListening = this.#of.jobs.onJobState(submitted.jobId, ({ status }) => {
          if (status !== "SUCCEEDED" && status !== "FAILED") return;
          stopListening();
          void this.#attempt(request, report, { prefix: "Batch", work: () => this.#jobEnded(submitted.jobId, calls, report) });
        });
      },
    });
    return {
      cancel() {
        stopped = true;
        if (jobId !== undefined) end(jobId);
      },
    };
  }

  async #jobEnded(jobId: string, calls: JobCalls, report: TaskReport): Promise<void> {
    const job = await describeJob(jobId, calls);
    if (job?.["Status"] === "SUCCEEDED") report.succeeded(job);
    else report.failed("States.TaskFailed", JSON.stringify(job ?? { JobId: jobId, StatusReason: "The job is not known any more." }));
  }

  /** Reports whatever the work throws, as the failure of the phase it was in. */
  async #attempt(request: TaskRequest, report: TaskReport, { prefix, work }: { prefix: string; work: () => Promise<void> }): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (request.taskToken !== undefined) this.#of.callbacks.close(request.taskToken);
      if (thrown instanceof StateError) {
        report.failed(thrown.error, thrown.cause);
        return;
      }
      const { error, cause, during } = describeFailure(thrown, { prefix });
      report.failed(error, cause, during);
    }
  }

  #jobCalls(request: TaskRequest): JobCalls {
    const { gateway, sessions } = this.#of;
    return { gateway, credentials: () => sessions.ofTask(request) };
  }
}

function tokenOf({ taskToken, state }: TaskRequest): string {
  if (taskToken === undefined) throw new TypeError(`state ${state} has no task token`);
  return taskToken;
}
