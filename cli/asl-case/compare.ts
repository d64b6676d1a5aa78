// Compares what the interpreter did with what AWS did; differences are values, one text each.

import type { Json } from "../../core/canonical-json.ts";
import type { Execution } from "../../emulator/states/execution.ts";
import type { JsonObject, RecordedCase } from "./recorded.ts";

/** Details that must agree also where the recording has none. */
const decisive = ["name", "input", "output", "assignedVariables", "error", "cause", "location", "state"] as const;
/** Not of the run: ids chain irregularly in AWS, a worker's name is the test's. */
const ignored = new Set(["type", "id", "previousEventId", "workerName"]);

/** Details that hold JSON texts, which the recordings have parsed. */
const jsonTexts = new Set(["input", "output", "parameters"]);

export function differences(recorded: RecordedCase, execution: Execution): string[] {
  const { expect } = recorded;
  const found: string[] = [];
  const agree = (what: string, wanted: Json | undefined, got: Json | undefined): void => {
    if (!matches(recorded, wanted, got)) found.push(`${what}: expected ${brief(wanted)}, got ${brief(got)}`);
  };
  agree("status", expect.status, execution.status);
  if ("output" in expect) agree("output", expect.output, execution.output?.value);
  agree("error", expect.error, execution.error);
  if (expect.cause !== undefined || expect.status !== "FAILED") agree("cause", expect.cause, parsedLike(expect.cause, execution.cause));
  if (found.length === 0) found.push(...eventDifferences(recorded, execution));
  return found;
}

function eventDifferences(recorded: RecordedCase, execution: Execution): string[] {
  const { events, history, eventOrder } = recorded.expect;
  const wanted = history ?? events?.map((type): JsonObject => ({ type }));
  if (wanted === undefined) return [];
  const got = flattened(execution);
  if (eventOrder === "normalised") return unordered(recorded, wanted, normalised(got));
  if (eventOrder === "concurrent") return unordered(recorded, wanted, got);
  return ordered(recorded, wanted, got);
}

function ordered(recorded: RecordedCase, wanted: readonly JsonObject[], got: readonly JsonObject[]): string[] {
  for (const [index, event] of wanted.entries()) {
    const ours = got[index];
    if (ours === undefined || !sameEvent(recorded, event, ours))
      return [`event ${index + 1}: expected ${brief(event)}, got ${brief(ours)}`];
  }
  return got.length > wanted.length ? [`${got.length - wanted.length} more events than AWS: ${brief(got[wanted.length])}`] : [];
}

function unordered(recorded: RecordedCase, wanted: readonly JsonObject[], got: readonly JsonObject[]): string[] {
  const left = [...got];
  for (const event of wanted) {
    const index = left.findIndex((ours) => sameEvent(recorded, event, ours));
    if (index < 0) return [`no event like ${brief(event)}`];
    left.splice(index, 1);
  }
  return left.length > 0 ? [`more events than AWS: ${brief(left[0])}`] : [];
}

const closing: ReadonlySet<Json | undefined> = new Set([
  "ParallelStateSucceeded",
  "ParallelStateFailed",
  "ParallelStateAborted",
  "ParallelStateExited",
]);

/**
 * What the recorder makes of a Parallel's events before it sorts them: at each closing event it writes back what it collected since the
 * last ParallelStateStarted. At the exit it does so a second time, over the closing event; and since it walks the list that it shortens,
 * it passes over the next event. So some events are missing in the recordings, more of them in nested Parallels.
 */
function normalised(events: readonly JsonObject[]): JsonObject[] {
  const left = [...events];
  let collected: JsonObject[] | undefined;
  let isCollecting = false;
  let start = 0;
  for (let index = 0; index < left.length; index++) {
    const event = left[index];
    if (event === undefined) break;
    if (closing.has(event["type"])) {
      left.splice(start, Math.max(0, index - start), ...(collected ?? []));
      isCollecting = false;
    } else if (event["type"] === "ParallelStateStarted") {
      collected = [];
      isCollecting = true;
      start = index + 1;
    } else if (isCollecting) collected?.push(event);
  }
  return left;
}

function sameEvent(recorded: RecordedCase, wanted: JsonObject, got: JsonObject): boolean {
  if (wanted["type"] !== got["type"]) return false;
  if (Object.keys(wanted).length === 1) return true;
  const members = new Set([...Object.keys(wanted), ...decisive]);
  return [...members].every((member) => ignored.has(member) || matches(recorded, wanted[member], parsedLike(wanted[member], got[member])));
}

/** The events as the recordings show them: type and details in one object, payloads parsed. */
function flattened(execution: Execution): JsonObject[] {
  return execution.history.entries.map(({ type, details = {} }) => {
    const members = Object.entries(details).map(([name, value]) => [name, parsed(name, value as Json)] as const);
    return { type, ...Object.fromEntries(members) };
  });
}

function parsed(name: string, value: Json): Json {
  if (jsonTexts.has(name) && typeof value === "string") return JSON.parse(value) as Json;
  if (name !== "assignedVariables") return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, string>).map(([variable, text]) => [variable, JSON.parse(text) as Json]),
  );
}

/** Causes that were JSON are recorded parsed. */
function parsedLike(wanted: Json | undefined, got: Json | undefined): Json | undefined {
  if (typeof wanted !== "object" || wanted === null || typeof got !== "string") return got;
  return jsonObject(got) ?? got;
}

function jsonObject(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // A text that only looks like JSON is compared as the text it is.
    return undefined;
  }
}

function matches(recorded: RecordedCase, wanted: Json | undefined, got: Json | undefined, name = ""): boolean {
  if (wanted === undefined || got === undefined) return wanted === got;
  if (recorded.masksTimestamps && /timestamp/i.test(name) && wanted === "timestamp") return true;
  if (typeof wanted === "string" && typeof got === "string") return matchesText(recorded, wanted, got);
  if (typeof wanted !== "object" || typeof got !== "object" || wanted === null || got === null)
    return Object.is(normal(wanted), normal(got));
  if (Array.isArray(wanted) !== Array.isArray(got)) return false;
  const [wantedMembers, gotMembers] = [wanted as JsonObject, got as JsonObject];
  const names = Object.keys(wantedMembers);
  if (names.length !== Object.keys(gotMembers).length) return false;
  return names.every((member) => Object.hasOwn(gotMembers, member) && matches(recorded, wantedMembers[member], gotMembers[member], member));
}

/** JSON knows no negative zero. */
const normal = (value: Json): Json => (value === 0 ? 0 : value);

const isoTime = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})/g;

function matchesText(recorded: RecordedCase, wanted: string, got: string): boolean {
  if (wanted === got) return true;
  const masked = recorded.masksDates ? got.replaceAll(isoTime, "date") : got;
  const unmasked = recorded.masksDates ? wanted.replaceAll(isoTime, "date") : wanted;
  if (masked === unmasked) return true;
  const [wantedJson, gotJson] = [jsonObject(unmasked), jsonObject(masked)];
  if (wantedJson !== undefined && gotJson !== undefined) return matches(recorded, wantedJson, gotJson);
  const wildcards = [...recorded.wildcards, ...(unmasked.match(/<uuid:\d+>/g) ?? [])];
  if (!wildcards.some((wildcard) => unmasked.includes(wildcard))) return false;
  let pattern = escaped(unmasked);
  for (const wildcard of wildcards) pattern = pattern.replaceAll(escaped(wildcard), "[\\s\\S]*");
  return new RegExp(`^${pattern}$`).test(masked);
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const brief = (value: Json | undefined): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};
