// A value that only creation can give stands in plans as a marked string, so that everything around it can be checked beforehand.

import type { Json } from "../../core/canonical-json.ts";

// NUL: no template and no AWS value holds it.
const mark = "\u0000";

/** A string for `what` (`Bucket.Arn`) until it is known. */
export const pending = (what: string): string => `${mark}${what}${mark}`;

/** Whether anything in `value` is still to be known. */
export function isPending(value: unknown): boolean {
  if (typeof value === "string") return value.includes(mark);
  if (typeof value === "object" && value !== null) return Object.values(value).some(isPending);
  return false;
}

/** The first thing that `value` waits for, for messages. */
export const pendingName = (value: Json): string => JSON.stringify(value).split("\\u0000")[1] ?? "a value";
