// Batch's scheduler: takes jobs from their queues in order and gives them to compute environments that have room.

import type { Clock, Timer } from "../../clock.ts";
import type { BatchResources, ComputeEnvironment, JobQueue } from "./batch-resources.ts";
import { isOver, type Job } from "./job.ts";

const maxResource = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE";

export class Dispatcher {
  readonly #resources: BatchResources;
  readonly #clock: Clock;
  readonly #run: (job: Job, on: ComputeEnvironment) => Promise<void>;
  readonly #runnable = new Map<string, Job[]>();
  readonly #usedvCpus = new Map<string, number>();
  readonly #limits = new Map<Job, Timer[]>();

  constructor(of: { resources: BatchResources; clock: Clock; run: (job: Job, on: ComputeEnvironment) => Promise<void> }) {
    this.#resources = of.resources;
    this.#clock = of.clock;
    this.#run = of.run;
  }

  /** Puts a job at the end of its queue. */
  enqueue(job: Job): void {
    const { queue } = job.submission;
    this.#waiting(queue).push(job);
    job.moveTo("RUNNABLE");
    this.#dispatch(queue);
  }

  /** Takes a job that has not started out of its queue. */
  remove(job: Job): void {
    const { queue } = job.submission;
    const waiting = this.#waiting(queue);
    const position = waiting.indexOf(job);
    if (position !== -1) waiting.splice(position, 1);
    this.#forgetLimits(job);
    this.#dispatch(queue);
  }

  /** One array per queue for good: a listener may submit a job while the queue is gone through. */
  #waiting(queue: JobQueue): Job[] {
    const waiting = this.#runnable.get(queue.arn) ?? [];
    this.#runnable.set(queue.arn, waiting);
    return waiting;
  }

  #dispatch(queue: JobQueue): void {
    const waiting = this.#waiting(queue);
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const computeEnvironment = this.#roomFor(head);
      if (computeEnvironment === undefined) {
        this.#block(head);
        return;
      }
      waiting.shift();
      this.#forgetLimits(head);
      void this.#start(head, computeEnvironment);
    }
  }

  #roomFor({ submission }: Job): ComputeEnvironment | undefined {
    return submission.queue.computeEnvironments
      .map((arn) => this.#resources.computeEnvironment(arn))
      .find((of) => of.isEnabled && (this.#usedvCpus.get(of.arn) ?? 0) + submission.container.vcpus <= of.maxvCpus);
  }

  async #start(job: Job, on: ComputeEnvironment): Promise<void> {
    const use = (vcpus: number): void => void this.#usedvCpus.set(on.arn, (this.#usedvCpus.get(on.arn) ?? 0) + vcpus);
    use(job.submission.container.vcpus);
    try {
      await this.#run(job, on);
    } finally {
      use(-job.submission.container.vcpus);
      for (const queue of this.#resources.jobQueues.values()) this.#dispatch(queue);
    }
  }

  /** The head of a queue that cannot start says why, and waits as long as the queue's time limits let it. */
  #block(job: Job): void {
    if (this.#limits.has(job)) return;
    const { queue } = job.submission;
    job.statusReason = `${maxResource} - no compute environment of the job queue is enabled and has room for the job`;
    const limits = queue.timeLimitActions
      .filter(({ reason }) => reason === maxResource)
      .map(({ maxTimeSeconds, reason }) =>
        this.#clock.at(this.#clock.now() + maxTimeSeconds * 1000, () => {
          if (isOver(job.status)) return;
          job.isCancelled = true;
          job.stoppedAtMs = this.#clock.now();
          job.moveTo("FAILED", `Canceled by JobStateTimeLimit action due to reason: ${reason}`);
          this.remove(job);
        }),
      );
    this.#limits.set(job, limits);
  }

  #forgetLimits(job: Job): void {
    for (const limit of this.#limits.get(job) ?? []) limit.cancel();
    this.#limits.delete(job);
  }
}
