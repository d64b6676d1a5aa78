// A refused or failed call in the words that a Task shows: error name and cause.

import { TaskRoleRefused } from "./role-sessions.ts";

export interface TaskFailure {
  readonly error: string;
  readonly cause: string;
  readonly during?: "start";
}

/** Errors that a service's own model does not name appear under the service's general exception. */
const unmodelled = new Set([
  "AccessDeniedException",
  "AccessDenied",
  "UnrecognizedClientException",
  "ExpiredTokenException",
  "InternalFailure",
]);

/**
 * @param of.prefix - the service as Task errors name it: `Lambda`, `Batch`
 */
export function describeFailure(thrown: unknown, of: { prefix: string }): TaskFailure {
  if (thrown instanceof TaskRoleRefused) return { error: "States.TaskFailed", cause: thrown.message, during: "start" };
  if (!(thrown instanceof Error)) return { error: "States.Runtime", cause: String(thrown) };
  const { prefix } = of;
  const metadata = (thrown as { $metadata?: { httpStatusCode?: number; requestId?: string } }).$metadata;
  const status = metadata?.httpStatusCode ?? 400;
  const cause = `${thrown.message} (Service: ${prefix}, Status Code: ${status}, Request ID: ${metadata?.requestId ?? "none"})`;
  const name = unmodelled.has(thrown.name) ? `AWS${prefix}Exception` : thrown.name;
  return { error: `${prefix}.${name}`, cause };
}
