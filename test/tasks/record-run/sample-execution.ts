// An execution's history as Step Functions tells it, put together event by event.

import { roleNames, stateNames } from "../../../core/naming.ts";
import type { HistoryEvent } from "../../../core/run-history.ts";
import type { Execution } from "../../../tasks/record-run/facts.ts";
import { sampleOrder } from "../sample-job.ts";

export const startMs = Date.parse("2026-11-21T08:00:00.000Z");
export const executionArn = "arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1";
export const taskToken = "token-".padEnd(400, "x");
/** What must not get into a record. */
export const session = `kt1.${"c2VhbGVkLW1mYS1zZXNzaW9u".repeat(20)}.bm9uY2U.Y2lwaGVy`;
export const credentials = `kt1.${"c2VhbGVkLWNyZWRlbnRpYWxz".repeat(20)}.bm9uY2U.Y2lwaGVy`;
export const code = "271828";
export const image = `111122223333.dkr.ecr.us-east-1.amazonaws.com/cdk-assets:${"a1b2c3d4".repeat(8)}`;

export const batchJob = (status: "SUCCEEDED" | "FAILED", exitCode: number) => ({
  JobId: "job-1",
  Status: status,
  StatusReason: "Essential container in task exited",
  Container: { Image: image, ExitCode: exitCode, Environment: [{ Name: "KEYTURN_ENVELOPE", Value: credentials }] },
  Attempts: [{ Container: { ExitCode: exitCode }, StartedAt: startMs + 20_000, StoppedAt: startMs + 50_000 }],
});

/** Events follow each other by a second; `at` says where the clock is. */
export class History {
  readonly events: HistoryEvent[] = [];
  #seconds = 0;

  at(seconds: number): this {
    this.#seconds = seconds;
    return this;
  }

  #add(event: HistoryEvent): this {
    this.events.push({ ...event, timestamp: new Date(startMs + this.#seconds * 1000) });
    this.#seconds++;
    return this;
  }

  started(input: object = { job: "rotate-keys", admin: "alice", reason: "Keys are due" }): this {
    return this.#add({ type: "ExecutionStarted", executionStartedEventDetails: { input: JSON.stringify(input) } });
  }

  entered(name: string): this {
    return this.#add({ type: "TaskStateEntered", stateEnteredEventDetails: { name } });
  }

  scheduled(role: string, parameters: object = {}): this {
    return this.#add({
      type: "TaskScheduled",
      taskScheduledEventDetails: {
        parameters: JSON.stringify(parameters),
        taskCredentials: { roleArn: `arn:aws:iam::111122223333:role/${role}` },
      },
    });
  }

  succeeded(output: object): this {
    return this.#add({ type: "TaskSucceeded", taskSucceededEventDetails: { output: JSON.stringify(output) } });
  }

  failed(error: string, cause: string): this {
    return this.#add({ type: "TaskFailed", taskFailedEventDetails: { error, cause } });
  }

  exited(name: string): this {
    return this.#add({ type: "TaskStateExited", stateExitedEventDetails: { name } });
  }

  task(name: string, role: string, output: object): this {
    return this.entered(name).scheduled(role).succeeded(output).exited(name);
  }

  admitted(order: object = sampleOrder({ reason: "Keys are due" })): this {
    return this.task(stateNames.admitRun, roleNames.invokeAdmitRun, { Payload: order });
  }

  waits(): this {
    return this.entered(stateNames.requestMfa)
      .scheduled(roleNames.invokeRequestMfa, { Payload: { taskToken } })
      .#submitted("invoke.waitForTaskToken", {});
  }

  answered(): this {
    return this.succeeded({ mfaCode: code }).exited(stateNames.requestMfa);
  }

  validated(): this {
    return this.task(stateNames.validateMfa, roleNames.invokeValidateMfa, {
      Payload: { session, expiresAt: "2026-11-21T08:15:00.000Z" },
    });
  }

  retrieved(): this {
    return this.task(stateNames.retrieveCredentials, roleNames.invokeRetrieveCredentials, {
      Payload: { credentials, expiresAt: "2026-11-21T09:00:00.000Z" },
    });
  }

  authorized(): this {
    return this.task(stateNames.authorizeSubmission, roleNames.invokeAuthorizeSubmission, { Payload: { submission: {} } });
  }

  submitted(id = "job-1"): this {
    return this.entered(stateNames.runJob).scheduled(roleNames.runJob).#submitted("submitJob.sync", { JobId: id });
  }

  #submitted(resource: string, output: object): this {
    return this.#add({ type: "TaskSubmitted", taskSubmittedEventDetails: { resource, output: JSON.stringify(output) } });
  }

  /** From the start to the submission, without a question. */
  untilSubmission(): this {
    return this.started().admitted().validated().retrieved().authorized().submitted();
  }

  ended(as: "Succeeded" | "Failed" | "TimedOut" | "Aborted", of: { error?: string; cause?: string } = {}): this {
    return this.#add({ type: `Execution${as}`, [`execution${as}EventDetails`]: of });
  }

  redriven(redriveCount: number): this {
    return this.#add({ type: "ExecutionRedriven", executionRedrivenEventDetails: { redriveCount } });
  }

  get execution(): Execution {
    return { arn: executionArn, name: "run-1", startedAtMs: startMs, events: this.events };
  }
}

export const succeededRun = (): History =>
  new History().untilSubmission().succeeded(batchJob("SUCCEEDED", 0)).exited(stateNames.runJob).ended("Succeeded");

export const failedRun = (history = new History().untilSubmission()): History => {
  const failure = { error: "States.TaskFailed", cause: JSON.stringify(batchJob("FAILED", 3)) };
  return history.failed(failure.error, failure.cause).ended("Failed", failure);
};
