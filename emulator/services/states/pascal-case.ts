// Step Functions writes the members of every service's requests and answers in PascalCase; Batch's own API writes them in camelCase.

import type { Json } from "../../../core/canonical-json.ts";

/** Members whose own members are the user's names, not the API's. */
const userMaps = new Set(["tags", "parameters", "options", "labels", "annotations", "limits", "requests"]);

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** What a Task's arguments say, as the service's client takes it. */
export const toCamelCase = (value: Json): Json => renamed(value, lowerFirst);

/** What a service answered, as a Task's result; dates are milliseconds already. */
export const toPascalCase = (value: Json): Json => renamed(value, upperFirst);

function renamed(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [rename(name), userMaps.has(lowerFirst(name)) ? member : renamed(member, rename)]),
  );
}
