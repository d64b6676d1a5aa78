// The one family of named failures: `name` is the exact string that the workflow's Retry and Catch match.

/** Names of every failure that a task may report, to the workflow or to whoever reads its log; `States.*` names are Step Functions' own. */
export const failureNames = [
  "InvalidRun",
  "OrderMismatch",
  "MfaRejected",
  "MfaLocked",
  "AdminUnknown",
  "CredentialMissing",
  "MfaSessionExpired",
  "JobRoleRefused",
  "EnvelopeUnopenable",
  "SubmissionTooLarge",
  "TooManyEventRuns",
] as const;

/** Of a rotation by schedule, which reports to Secrets Manager and its log, not to a run. */
export const rotationFailureNames = ["RotationRefused", "RotationUnderWay", "RotationOvertaken", "NewKeyUnknown"] as const;

export type FailureName = (typeof failureNames)[number] | (typeof rotationFailureNames)[number];

/**
 * An expected failure: says what happened, to which thing, and what to do next. Never holds a secret.
 *
 * `facts` are fields for the structured log (durations in seconds, names, counts), never shown as prose.
 */
export class KeyturnError extends Error {
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(name: FailureName, message: string, options: { cause?: unknown; facts?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.facts = options.facts ?? {};
  }
}

/** Whether `error` is of the family, and, where `name` is given, that very failure. */
export const isKeyturnError = (error: unknown, name?: FailureName): error is KeyturnError =>
  error instanceof KeyturnError && (name === undefined || error.name === name);
