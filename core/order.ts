// The order: what a person approves, what credentials are issued for, and what runs, tied together by one digest.

import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "./canonical-json.ts";
import { KeyturnError } from "./errors.ts";

export type ParameterValue = string | number | boolean;

/** What identifies a run to every later step; the digest covers exactly these. */
export interface OrderSubject {
  /** The execution name; a replay keeps it. */
  readonly run: string;
  readonly job: string;
  readonly admin: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** What the container is told to run: the launcher's arguments. */
  readonly command: readonly string[];
  /** Job definition ARN, revision included. */
  readonly jobDefinition: string;
}

/** What `AdmitRun` returns: the subject, what will be used to run it, and the digest. */
export interface Order extends OrderSubject {
  readonly reason?: string;
  readonly jobRole: string;
  readonly jobQueue: string;
  /** One attempt's limit. */
  readonly timeoutSeconds: number;
  readonly attempts: number;
  /** Longest time the job may wait in the queue before it is ended. */
  readonly queueSeconds: number;
  /** How long the job's credentials are asked for: queue, all attempts and a margin. */
  readonly credentialSeconds: number;
  /** When credentials issued at admission would end, ISO 8601; what is issued later ends later. */
  readonly credentialsWouldEndAt: string;
  /** Lower-case hex SHA-256 of the subject's canonical JSON. */
  readonly digest: string;
}

/** SHA-256 (lower-case hex) over the canonical JSON of run, job, admin, parameters, command and job definition. */
export function orderDigest(subject: OrderSubject): string {
  const { run, job, admin, parameters, command, jobDefinition } = subject;
  const text = canonicalJson({ run, job, admin, parameters, command, jobDefinition } satisfies Json);
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** Throws `OrderMismatch` unless the order's digest is the one its own contents give. */
export function assertOrderIntact(order: Order): void {
  const digest = orderDigest(order);
  if (digest === order.digest) return;
  throw new KeyturnError(
    "OrderMismatch",
    `Run ${order.run}: the order was changed after it was admitted (digest ${order.digest}, contents give ${digest}). Start a new run.`,
    { facts: { run: order.run, expected: order.digest, actual: digest } },
  );
}

/** Of AssumeRole: the shortest and the longest session. */
const credentialSecondsRange = { least: 900, most: 43_200 } as const;

/** For the container to start, per attempt (Fargate: 30 to 90 seconds), and for the run to get from the credentials to the queue. */
const startSeconds = 120;

/**
 * How long a job's credentials must live: queue, all attempts with their starts, and the way to the queue. Seconds, within what AssumeRole gives.
 *
 * Throws a RangeError if even AssumeRole's longest session would not cover the job (a bug in the catalogue or the configuration).
 */
export function credentialSecondsFor(of: { queueSeconds: number; attempts: number; timeoutSeconds: number }): number {
  const needed = of.queueSeconds + of.attempts * (of.timeoutSeconds + startSeconds) + startSeconds;
  if (needed > credentialSecondsRange.most) {
    throw new RangeError(
      `credentials would have to live ${needed} s, but AWS gives at most ${credentialSecondsRange.most} s: lower the timeout, the attempts or the queue limit`,
    );
  }
  return Math.max(needed, credentialSecondsRange.least);
}
