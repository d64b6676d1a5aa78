// Requests and answers as CloudTrail writes them down: what the service's model calls sensitive is hidden, binary data is left out.

import { membersOf, type Shape } from "../../gateway/model.ts";
import { ownMember } from "../../own-member.ts";

const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** Codes and session tokens, which the models do not call sensitive. AWS shows session tokens; here no trail holds a part of a credential. */
const hiddenNames: readonly string[] = ["TokenCode", "AuthenticationCode1", "AuthenticationCode2", "SessionToken"];

type Logged = string | number | boolean | readonly Logged[] | { readonly [name: string]: Logged };

/** Longest JSON of a request or an answer; CloudTrail leaves out what is longer. */
const longest = 100_000;

/** `null` where there is nothing to tell, or too much. */
export function loggedParameters(shape: Shape, value: object | undefined): Logged | null {
  const logged = value === undefined ? undefined : logOf(shape, value);
  if (logged === undefined || Object.keys(logged).length === 0) return null;
  return JSON.stringify(logged).length > longest ? null : logged;
}

function logOf(shape: Shape, value: unknown): Logged | undefined {
  if (value === undefined || value === null || value instanceof Uint8Array || shape.isStreaming()) return undefined;
  if (isSensitive(shape)) return hidden;
  if (value instanceof Date) return dateText(value);
  if (shape.isStructSchema()) {
    const members = membersOf(shape).flatMap(([name, member]) => {
      const given = ownMember(value as Readonly<Record<string, unknown>>, name);
      const logged = given !== undefined && hiddenNames.includes(name) ? hidden : logOf(member, given);
      return logged === undefined ? [] : [[`${name.charAt(0).toLowerCase()}${name.slice(1)}`, logged] as const];
    });
    return Object.fromEntries(members);
  }
  if (shape.isListSchema() && Array.isArray(value)) return value.flatMap((item) => logOf(shape.getValueSchema(), item) ?? []);
  if (shape.isMapSchema()) {
    const entries = Object.entries(value as object).map(([key, item]) => [key, logOf(shape.getValueSchema(), item)] as const);
    return Object.fromEntries(entries.flatMap(([key, logged]) => (logged === undefined ? [] : [[key, logged]])));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

const isSensitive = (shape: Shape): boolean => Boolean((shape.getMergedTraits() as { readonly sensitive?: unknown }).sensitive);

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `Oct 28, 2016 1:17:25 AM`, as CloudTrail writes the times inside requests and answers. */
function dateText(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = date.getUTCHours();
  const time = `${hours % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${hours < 12 ? "AM" : "PM"}`;
  return `${months[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()} ${time}`;
}
