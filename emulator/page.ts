// Paging of lists: every list operation takes a limit and an opaque token, and gives the next token.

import type { AwsError } from "./aws-error.ts";

/**
 * One page of `items`. The token is the position, so a list that changes between two pages may repeat or skip, as AWS's own lists may.
 * @param of.invalid - the service's own error for a token that it did not give out
 */
export function page<Item>(
  items: readonly Item[],
  of: { limit: number; token: string | undefined; invalid: () => AwsError },
): { items: readonly Item[]; nextToken?: string } {
  const start = of.token === undefined ? 0 : Number(Buffer.from(of.token, "base64url").toString("utf8") || Number.NaN);
  if (!Number.isInteger(start) || start < 0) throw of.invalid();
  const end = start + of.limit;
  const shown = items.slice(start, end);
  return end < items.length ? { items: shown, nextToken: Buffer.from(String(end)).toString("base64url") } : { items: shown };
}
