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
