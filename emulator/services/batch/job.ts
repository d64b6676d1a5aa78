// A job from its submission to its end: its state, its attempts, and who wants to know of them.

import type { AttemptDetail, JobStatus, RetryStrategy } from "@aws-sdk/client-batch";
import type { ContainerProperties, JobDefinition, JobQueue } from "./batch-resources.ts";

/** What was submitted, overrides applied. */
export interface Submission {
  readonly jobId: string;
  readonly jobArn: string;
  readonly jobName: string;
  readonly queue: JobQueue;
  readonly definition: JobDefinition;
  readonly container: ContainerProperties;
  /** Length of what Batch hands to ECS beside the definition, in characters. */
  readonly overridesLength: number;
  readonly timeoutSeconds?: number;
  readonly retryStrategy: RetryStrategy;
  readonly dependsOn: readonly string[];
  readonly propagateTags: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** How one attempt ended. `exitCode` is absent where the container never started. */
export interface AttemptEnd {
  readonly statusReason: string;
  readonly exitCode?: number;
  /** The container's own reason (`CannotPullContainerError: …`). */
  readonly reason?: string;
  /** Ends the job whatever the retry strategy says: a timeout, a termination. */
  readonly isFinal?: boolean;
}

/** What is known of the attempt that runs, or ran last. */
export interface AttemptStart {
  readonly taskArn: string;
  readonly logStreamName?: string;
  readonly networkInterfaces: readonly { readonly attachmentId: string; readonly privateIpv4Address: string }[];
  readonly startedAtMs?: number;
}

export interface JobState {
  readonly jobId: string;
  readonly status: JobStatus;
}

export type JobListener = (state: JobState) => void;

export const isOver = (status: JobStatus): boolean => status === "SUCCEEDED" || status === "FAILED";

export class Job {
  readonly submission: Submission;
  readonly attempts: AttemptDetail[] = [];
  statusReason: string | undefined;
  /** The attempt under way. */
  attempt: AttemptStart | undefined;
  lastEnd: AttemptEnd | undefined;
  startedAtMs: number | undefined;
  stoppedAtMs: number | undefined;
  isCancelled = false;
  isTerminated = false;
  /** Ends the attempt under way; set while there is one. */
  terminate: ((reason: string) => void) | undefined;
  #status: JobStatus = "SUBMITTED";
  readonly #listeners = new Set<JobListener>();

  constructor(submission: Submission) {
    this.submission = submission;
  }

  get status(): JobStatus {
    return this.#status;
  }

  moveTo(status: JobStatus, statusReason?: string): void {
    this.#status = status;
    this.statusReason = statusReason;
    for (const listener of [...this.#listeners]) listener({ jobId: this.submission.jobId, status });
  }

  /** Tells `listener` the present state, soon, and then every change. */
  listen(listener: JobListener): () => void {
    queueMicrotask(() => {
      listener({ jobId: this.submission.jobId, status: this.#status });
      this.#listeners.add(listener);
    });
    return () => queueMicrotask(() => this.#listeners.delete(listener));
  }
}
