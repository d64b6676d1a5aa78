// The record of a finished attempt: what the bucket keeps of it, in a form that two people can compare.

import type { ParameterValue } from "./order.ts";
import type { EndStatus } from "./run-attempts.ts";

/** A call that CloudTrail has, or why it is not known who made it. */
export type RecordedCall =
  | {
      /** ARN of whoever made it; a service's name where a service made it by itself. */
      readonly by: string;
      readonly sourceIp: string | null;
      readonly at: string;
      /** CloudTrail's event id. */
      readonly event: string;
      /** By what the event was known to be this call: its execution or task token, or, where CloudTrail shows neither, its time alone. */
      readonly matched: "execution" | "time";
    }
  | { readonly by: null; readonly why: string };

export type RecordedAnswer = RecordedCall & { readonly kind: "code" | "failure" };

export interface RecordedJob {
  readonly id: string;
  /** Batch's, or null where neither Batch nor the history tells. */
  readonly status: string | null;
  readonly exitCode: number | null;
  readonly image: {
    /** As the job definition named it. */
    readonly reference: string;
    /** What the registry calls the image itself; null where the reference does not name it, for Batch does not tell. */
    readonly digest: string | null;
    /** Of a CDK asset, the tag: a hash over the image's sources. */
    readonly sources: string | null;
  } | null;
  readonly attempts: readonly { readonly exitCode: number | null; readonly startedAt: string | null; readonly stoppedAt: string | null }[];
}

export interface RunRecord {
  readonly version: 1;
  /** Counts from 1, without a gap. */
  readonly sequence: number;
  /** Lower-case hex SHA-256 of the record before, byte by byte; null for the first, and where the one before cannot be read. */
  readonly previous: string | null;
  readonly recordedAt: string;
  /** Version of Keyturn that wrote it. */
  readonly keyturn: string;
  /** What the bucket locks a record with when it is written. */
  readonly lock: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly days: number };

  readonly run: string;
  /** ARN; differs from the run's name where a replay resumed it in a new execution. */
  readonly execution: string;
  readonly executionStartedAt: string;
  /** 0 for the start, then the redrive count. */
  readonly attempt: number;
  readonly resumed: { readonly run: string; readonly from: string; readonly reason: string | null } | null;

  readonly started: RecordedCall;
  /** Of this attempt; null for the first. */
  readonly redriven: RecordedCall | null;
  readonly answers: readonly RecordedAnswer[];
  readonly stopped: RecordedCall | null;

  /** As it was admitted; before that, as it was asked for. */
  readonly job: string | null;
  readonly admin: string | null;
  readonly reason: string | null;
  /** From here to the digest: null where it was not admitted. */
  readonly parameters: Readonly<Record<string, ParameterValue>> | null;
  readonly jobDefinition: string | null;
  readonly digest: string | null;

  /** Whose code opened it, and when that was accepted; null where none was in this execution. */
  readonly opened: { readonly admin: string; readonly at: string; readonly attempt: number } | null;
  /** The job role's session; null where none was issued. */
  readonly session: {
    readonly role: string;
    readonly name: string;
    readonly sourceIdentity: string;
    readonly until: string | null;
  } | null;
  readonly batchJobs: readonly RecordedJob[];
  readonly states: readonly {
    readonly name: string;
    /** Name of the role that it was invoked under; null for states that only decide. */
    readonly role: string | null;
    readonly enteredAt: string;
    readonly leftAt: string | null;
    readonly error: string | null;
  }[];
  readonly outcome: {
    readonly status: EndStatus;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly error: string | null;
    readonly cause: string | null;
  };
}
