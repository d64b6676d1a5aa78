// Takes jobs from submission to their end: dependencies, queue, attempts, cancellation.

import type { AttemptDetail } from "@aws-sdk/client-batch";
import type { Environment } from "../../service.ts";
import { Attempt, type AttemptDependencies } from "./attempt.ts";
import type { BatchResources, ComputeEnvironment } from "./batch-resources.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type AttemptEnd, isOver, Job, type JobListener, type Submission } from "./job.ts";
import { isRetried } from "./retry.ts";

export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #environment: Environment;
  readonly #dependencies: AttemptDependencies;
  readonly #dispatcher: Dispatcher;
  readonly #onJobState: JobListener | undefined;
  readonly #running = new Set<Promise<void>>();

  /** @param onJobState - told every state of every job */
  constructor(resources: BatchResources, dependencies: AttemptDependencies, onJobState?: JobListener) {
    this.#onJobState = onJobState;
    this.#environment = dependencies.environment;
    this.#dependencies = dependencies;
    this.#dispatcher = new Dispatcher({
      resources,
      clock: dependencies.environment.clock,
      run: (job, on) => {
        const running = this.#run(job, on).finally(() => this.#running.delete(running));
        this.#running.add(running);
        return running;
      },
    });
  }

  get(jobId: string): Job | undefined {
    return this.#jobs.get(jobId);
  }

  list(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  submit(submission: Submission): Job {
    const job = new Job(submission);
    this.#jobs.set(submission.jobId, job);
    if (this.#onJobState !== undefined) job.listen(this.#onJobState);
    setImmediate(() => this.#await(job));
    return job;
  }

  /** Ends a job that has not started. Does nothing to one that has. */
  cancel(job: Job, reason: string): void {
    if (isOver(job.status) || job.status === "STARTING" || job.status === "RUNNING") return;
    job.isCancelled = true;
    this.#fail(job, reason);
    this.#dispatcher.remove(job);
  }

  /** Ends a job wherever it stands. */
  terminate(job: Job, reason: string): void {
    if (isOver(job.status)) return;
    if (job.terminate === undefined) {
      this.cancel(job, reason);
      return;
    }
    job.isTerminated = true;
    job.terminate(reason);
  }

  /** Settles when no attempt is under way; new ones may have been refused by then. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  #await(job: Job): void {
    if (isOver(job.status)) return;
    if (job.status === "SUBMITTED") job.moveTo("PENDING");
    const awaited = job.submission.dependsOn.flatMap((jobId) => this.#jobs.get(jobId) ?? []);
    if (awaited.some(({ status }) => status === "FAILED")) {
      this.#fail(job, "Dependent Job failed");
      return;
    }
    const open = awaited.find(({ status }) => !isOver(status));
    if (open === undefined) {
      this.#dispatcher.enqueue(job);
      return;
    }
    const unlisten = open.listen(({ status }) => {
      if (!isOver(status)) return;
      unlisten();
      this.#await(job);
    });
  }

  async #run(job: Job, on: ComputeEnvironment): Promise<void> {
    job.moveTo("STARTING");
    const end = await new Attempt(job, on, this.#dependencies).run();
    job.attempts.push(this.#attemptDetail(job, end));
    job.lastEnd = end;
    if (end.exitCode === 0 && !end.isFinal) {
      job.stoppedAtMs = this.#environment.clock.now();
      job.moveTo("SUCCEEDED", end.statusReason);
    } else if (isRetried(end, { strategy: job.submission.retryStrategy, attemptsMade: job.attempts.length })) {
      this.#dispatcher.enqueue(job);
    } else {
      this.#fail(job, end.statusReason);
    }
  }

  #attemptDetail({ attempt }: Job, end: AttemptEnd): AttemptDetail {
    return {
      container: {
        ...(attempt === undefined ? {} : { taskArn: attempt.taskArn, networkInterfaces: [...attempt.networkInterfaces] }),
        ...(attempt?.logStreamName === undefined ? {} : { logStreamName: attempt.logStreamName }),
        ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
        ...(end.reason === undefined ? {} : { reason: end.reason }),
      },
      ...(attempt?.startedAtMs === undefined ? {} : { startedAt: attempt.startedAtMs }),
      stoppedAt: this.#environment.clock.now(),
      statusReason: end.statusReason,
    };
  }

  #fail(job: Job, statusReason: string): void {
    job.stoppedAtMs = this.#environment.clock.now();
    job.moveTo("FAILED", statusReason);
  }
}
