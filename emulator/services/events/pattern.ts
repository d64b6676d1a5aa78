// Event patterns: read once, then asked of every event. What no page documents is refused.
// Source: "Creating event patterns" and "Comparison operators in event patterns", EventBridge User Guide.

import { ownMember } from "../../own-member.ts";
import { invalidPattern, type LeafMatcher, leafMatcher } from "./pattern-leaf.ts";

/** Whether an event, or a part of one, is as the pattern says. */
export type EventPattern = (event: unknown) => boolean;

const longestPatternBytes = 4096;

/** Throws InvalidEventPatternException. */
export function parsePattern(text: string): EventPattern {
  if (Buffer.byteLength(text) > longestPatternBytes) throw invalidPattern(`Pattern is longer than ${longestPatternBytes} bytes`);
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalidPattern(`not JSON: ${(cause as Error).message}`), { cause });
  }
  if (!isObject(pattern)) throw invalidPattern("Filter is not an object");
  return objectPattern(pattern, []);
}

function objectPattern(pattern: Record<string, unknown>, path: readonly string[]): EventPattern {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw invalidPattern("Empty objects are not allowed");
  const parts = entries.map(([name, value]) => (name === "$or" ? anyOf(value, path) : memberPattern(name, value, path)));
  return (event) => inSomeElement(event, (element) => parts.every((part) => part(element)));
}

function memberPattern(name: string, value: unknown, path: readonly string[]): EventPattern {
  const at = [...path, name];
  if (Array.isArray(value)) {
    if (value.length === 0) throw invalidPattern("Empty arrays are not allowed");
    const matchers = value.map((one) => leafMatcher(one, at.join(".")));
    return (event) => matchesLeaf(memberOf(event, name), matchers);
  }
  if (!isObject(value)) throw invalidPattern(`"${at.join(".")}" must be an object or an array`);
  const inner = objectPattern(value, at);
  return (event) => inner(memberOf(event, name));
}

function anyOf(value: unknown, path: readonly string[]): EventPattern {
  if (!Array.isArray(value) || value.length < 2 || !value.every(isObject)) {
    throw invalidPattern("$or must be an array of two or more objects");
  }
  const alternatives = value.map((one) => objectPattern(one, path));
  return (event) => alternatives.some((alternative) => alternative(event));
}

/** An array of objects is as the pattern says where one of its elements is, in all its members together. */
const inSomeElement = (event: unknown, matches: EventPattern): boolean =>
  Array.isArray(event) ? event.some((element) => inSomeElement(element, matches)) : matches(event);

function matchesLeaf(value: unknown, matchers: readonly LeafMatcher[]): boolean {
  const leaves = leavesOf(value);
  return matchers.some((matcher) => (matcher.kind === "absent" ? leaves.length === 0 : leaves.some((leaf) => matcher.matches(leaf))));
}

/** An array stands for its elements; an object is no leaf, and neither is what is not there. */
function leavesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return value === undefined || isObject(value) ? [] : [value];
}

const memberOf = (event: unknown, name: string): unknown => (isObject(event) ? ownMember(event, name) : undefined);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
