// A field of a definition that may hold expressions at any depth, compiled once.

import type { Json } from "../../core/canonical-json.ts";
import { type Bindings, isQuery, type JsonType, jsonType, Query } from "./query.ts";
import type { QuerySources } from "./query-functions.ts";
import { QueryError } from "./state-error.ts";

export interface Template {
  /** What it always gives, where no expression is in it. */
  readonly constant?: Json;
  /** Set where the whole field is one expression. */
  readonly query?: Query;
  /** The field, as AWS writes it. */
  readonly location: string;
  /** Whether `$states.context` may be asked for. */
  readonly readsContext: boolean;
  /** Throws QueryError. */
  evaluate(bindings: Bindings): Json | Promise<Json>;
}

/** Throws JSONata's syntax error, with the field's location in `at`. */
export class QuerySyntaxError extends Error {
  readonly at: string;
  constructor(location: string, text: string, options: { cause: unknown }) {
    const { message } = options.cause as { message?: unknown };
    super(`The JSONata expression '${text}' cannot be parsed: ${String(message)}`, options);
    this.name = "QuerySyntaxError";
    this.at = location;
  }
}

function compileQuery(text: string, location: string, sources: QuerySources): Query {
  try {
    return new Query(text, location, sources);
  } catch (cause) {
    throw new QuerySyntaxError(location, text, { cause });
  }
}

const literal = (value: Json, location: string): Template => ({ constant: value, location, readsContext: false, evaluate: () => value });

export function compileTemplate(value: Json, location: string, sources: QuerySources): Template {
  if (typeof value === "string" && isQuery(value)) {
    const query = compileQuery(value, location, sources);
    return { query, location, readsContext: query.readsContext, evaluate: (bindings) => query.evaluate(bindings) };
  }
  if (value === null || typeof value !== "object") return literal(value, location);
  return Array.isArray(value)
    ? compileArray(value, location, sources)
    : compileObject(value as { readonly [member: string]: Json }, location, sources);
}

function compileArray(value: readonly Json[], location: string, sources: QuerySources): Template {
  const items = value.map((item, index) => compileTemplate(item, `${location}[${index}]`, sources));
  if (items.every((item) => item.constant !== undefined)) return literal(value, location);
  return {
    location,
    readsContext: items.some((item) => item.readsContext),
    async evaluate(bindings) {
      const result: Json[] = [];
      for (const item of items) result.push(item.constant ?? (await item.evaluate(bindings)));
      return result;
    },
  };
}

function compileObject(value: { readonly [member: string]: Json }, location: string, sources: QuerySources): Template {
  const members = Object.entries(value).map(([name, member]) => [name, compileTemplate(member, `${location}/${name}`, sources)] as const);
  if (members.every(([, member]) => member.constant !== undefined)) return literal(value, location);
  return {
    location,
    readsContext: members.some(([, member]) => member.readsContext),
    async evaluate(bindings) {
      const result: Record<string, Json> = {};
      for (const [name, member] of members) result[name] = member.constant ?? (await member.evaluate(bindings));
      return result;
    },
  };
}

/** Evaluates a field that takes one JSON type only; throws QueryError with AWS's words. */
export async function evaluateAs(template: Template, expected: JsonType, bindings: Bindings): Promise<Json> {
  const value = await template.evaluate(bindings);
  if (jsonType(value) === expected) return value;
  if (template.query !== undefined) throw template.query.unexpected(value, expected);
  throw new QueryError(`The field '${template.location}' must be of type '${expected}', but was '${jsonType(value)}'.`, {
    location: template.location,
  });
}
