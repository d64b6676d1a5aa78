// Why a run is asked for: one rule, applied where a reason is declared and where it comes in with a run.

const reasonMaxLength = 256;

/** What is wrong with a reason, or nothing. */
export function reasonFault(reason: string): string | undefined {
  if (reason.trim() === "") return "is empty; leave it out or say why";
  if (reason.length > reasonMaxLength) return `${reason.length} characters; at most ${reasonMaxLength}`;
  // It goes into a notification that a person trusts: no line breaks to forge further lines with, no direction marks.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(reason)) return "must be one line without control characters";
  return undefined;
}
