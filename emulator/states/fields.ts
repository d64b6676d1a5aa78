// Which fields each part of a definition takes in JSONata mode (Amazon States Language), and of what JSON type.

export type FieldType =
  | "text"
  | "flag"
  /** A non-negative integer, or an expression. */
  | "count"
  /** 0 to 100, or an expression. */
  | "percentage"
  | "number"
  | "text-or-query"
  | "list"
  | "object"
  /** A list, or an expression. */
  | "list-or-query"
  | "any";

export type Fields = Readonly<Record<string, FieldType>>;

const named: Fields = { Type: "text", Comment: "text", QueryLanguage: "text" };
const leaving: Fields = { Next: "text", End: "flag", Output: "any", Assign: "object" };
const guarded: Fields = { Retry: "list", Catch: "list" };

export const stateFields: Readonly<Record<string, Fields>> = {
  Pass: { ...named, ...leaving },
  Task: {
    ...named,
    ...leaving,
    ...guarded,
    Resource: "text",
    Arguments: "any",
    Credentials: "object",
    TimeoutSeconds: "count",
    HeartbeatSeconds: "count",
  },
  Choice: { ...named, Choices: "list", Default: "text", Output: "any", Assign: "object" },
  Wait: { ...named, ...leaving, Seconds: "count", Timestamp: "text-or-query" },
  Succeed: { ...named, Output: "any" },
  Fail: { ...named, Error: "text-or-query", Cause: "text-or-query" },
  Parallel: { ...named, ...leaving, ...guarded, Branches: "list", Arguments: "any" },
  Map: {
    ...named,
    ...leaving,
    ...guarded,
    Items: "list-or-query",
    ItemProcessor: "object",
    // The older name of ItemProcessor.
    Iterator: "object",
    ItemSelector: "any",
    MaxConcurrency: "count",
    ToleratedFailureCount: "count",
    ToleratedFailurePercentage: "percentage",
    Label: "text",
    ItemReader: "object",
    ItemBatcher: "object",
    ResultWriter: "object",
  },
};

export const requiredFields: Readonly<Record<string, readonly string[]>> = {
  Task: ["Resource"],
  Choice: ["Choices"],
  Parallel: ["Branches"],
};

export const machineFields: Fields = {
  Comment: "text",
  QueryLanguage: "text",
  StartAt: "text",
  States: "object",
  TimeoutSeconds: "count",
  Version: "text",
};
export const branchFields: Fields = { Comment: "text", QueryLanguage: "text", StartAt: "text", States: "object" };
export const processorFields: Fields = { ...branchFields, ProcessorConfig: "object" };
export const ruleFields: Fields = { Condition: "any", Next: "text", Output: "any", Assign: "object", Comment: "text" };
export const catcherFields: Fields = { ErrorEquals: "list", Next: "text", Output: "any", Assign: "object", Comment: "text" };
export const retrierFields: Fields = {
  ErrorEquals: "list",
  IntervalSeconds: "count",
  MaxAttempts: "count",
  BackoffRate: "number",
  MaxDelaySeconds: "count",
  JitterStrategy: "text",
  Comment: "text",
};

/** Distributed Map only. */
export const distributedFields = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"] as const;

/** Fields that exist in JSONPath mode only. */
export const jsonPathFields: ReadonlySet<string> = new Set([
  "InputPath",
  "OutputPath",
  "ResultPath",
  "Parameters",
  "ResultSelector",
  "Result",
  "SecondsPath",
  "TimestampPath",
  "TimeoutSecondsPath",
  "HeartbeatSecondsPath",
  "ItemsPath",
  "MaxConcurrencyPath",
  "ToleratedFailureCountPath",
  "ToleratedFailurePercentagePath",
  "ErrorPath",
  "CausePath",
  "Variable",
  "And",
  "Or",
  "Not",
]);
