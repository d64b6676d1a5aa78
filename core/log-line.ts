// One structured log line: a JSON object per line, so that CloudWatch Logs Insights finds a run by its fields.

/** Fields of a line; `undefined` members are left out. Callers put names, durations and counts here, never a payload. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Errors in the fields are reduced to their names: a foreign message may quote what it choked on. */
const plain = (_name: string, value: unknown): unknown =>
  value instanceof Error ? value.name : typeof value === "bigint" ? value.toString() : value;

/** The line without its end; line breaks inside values are escaped by JSON, so that nobody can forge a second line. */
export const logLine = (fields: LogFields): string => JSON.stringify(fields, plain);
