// IAM's lists, a page at a time: `IsTruncated` is true exactly while something is left.

import { validationError } from "./faults.ts";

export interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly end: { readonly IsTruncated: boolean; readonly Marker?: string };
}

const defaultItems = 100;
const mostItems = 1000;

/** @param keyOf - what the items are sorted by and resumed after; unique */
export function pageOf<T>(all: Iterable<T>, input: PageInput, keyOf: (item: T) => string): Page<T> {
  const size = input.MaxItems ?? defaultItems;
  if (!Number.isInteger(size) || size < 1 || size > mostItems)
    throw validationError(
      `1 validation error detected: Value '${size}' at 'maxItems' failed to satisfy constraint: Member must be from 1 to ${mostItems}`,
    );
  const after = input.Marker === undefined ? undefined : keyOfMarker(input.Marker);
  const sorted = [...all].map((item) => ({ item, key: keyOf(item) })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const left = after === undefined ? sorted : sorted.filter(({ key }) => key > after);
  const taken = left.slice(0, size);
  const last = taken.at(-1);
  return {
    items: taken.map(({ item }) => item),
    end: left.length > taken.length && last !== undefined ? { IsTruncated: true, Marker: markerOf(last.key) } : { IsTruncated: false },
  };
}

const markerOf = (key: string): string => Buffer.from(JSON.stringify({ after: key })).toString("base64url");

function keyOfMarker(marker: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(marker, "base64url").toString());
    if (typeof parsed === "object" && parsed !== null && "after" in parsed && typeof parsed.after === "string") return parsed.after;
  } catch (cause) {
    throw Object.assign(validationError("Invalid Marker: it is not one that this operation returned."), { cause });
  }
  throw validationError("Invalid Marker: it is not one that this operation returned.");
}
