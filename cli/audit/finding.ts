// What an audit finds: which record or object, and what it means.

export type FindingRule =
  | "foreign-object"
  | "second-version"
  | "hidden"
  | "missing"
  | "unreadable"
  | "malformed"
  | "broken-link"
  | "unlocked"
  | "other-key"
  | "other-time"
  | "recorded-twice"
  | "mark-without-record"
  | "unrecorded"
  | "unknown-execution"
  | "differs"
  | "bucket-unlocked";

export interface Finding {
  readonly rule: FindingRule;
  /** Number of the record; null where it is about something else. */
  readonly sequence: number | null;
  readonly message: string;
}
