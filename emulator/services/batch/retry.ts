// Whether a failed attempt is followed by another, as the job's retry strategy says.

import type { EvaluateOnExit, RetryStrategy } from "@aws-sdk/client-batch";
import type { AttemptEnd } from "./job.ts";

/**
 * The first condition that matches decides; an attempt that none matches is tried again.
 *
 * Source: EvaluateOnExit, AWS Batch API Reference.
 */
export function isRetried(end: AttemptEnd, of: { strategy: RetryStrategy; attemptsMade: number }): boolean {
  if (end.isFinal || of.attemptsMade >= (of.strategy.attempts ?? 1)) return false;
  const decisive = of.strategy.evaluateOnExit?.find((condition) => matches(condition, end));
  return decisive === undefined || decisive.action?.toUpperCase() === "RETRY";
}

function matches(condition: EvaluateOnExit, end: AttemptEnd): boolean {
  return (
    isLike(condition.onStatusReason, end.statusReason) &&
    isLike(condition.onReason, end.reason ?? "") &&
    isLike(condition.onExitCode, end.exitCode === undefined ? "" : String(end.exitCode))
  );
}

/** Patterns may end in `*`; an absent pattern matches. */
function isLike(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith("*")
    ? text.toLowerCase().startsWith(pattern.slice(0, -1).toLowerCase())
    : text.toLowerCase() === pattern.toLowerCase();
}
