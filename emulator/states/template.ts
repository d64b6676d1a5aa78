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

/** An expression that is refused at creation. */
export class InvalidQuery extends Error {
  readonly code: "INVALID_JSONATA_EXPRESSION" | "UNSUPPORTED_JSONATA_EXPRESSION";
  /** The field, as a path from where it was compiled. */
  readonly at: string;

  constructor(code: InvalidQuery["code"], message: string, at: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = "InvalidQuery";
    this.code = code;
    this.at = at;
  }

  /** The same, seen from further out. */
  within(outer: string): InvalidQuery {
    return new InvalidQuery(this.code, this.message, `${outer}/${this.at}`, { cause: this });
  }
}

function compileQuery(text: string, location: string, sources: QuerySources): Query {
  let query: Query;
  try {
    query = new Query(text, location, sources);
  } catch (cause) {
    const { message } = cause as { message?: unknown };
    throw new InvalidQuery("INVALID_JSONATA_EXPRESSION", String(message), location, { cause });
  }
  const { unsupported } = query;
  if (unsupported !== undefined) throw new InvalidQuery("UNSUPPORTED_JSONATA_EXPRESSION", unsupported, location);
  return query;
}

const literal = (value: Json, location: string): Template => ({ constant: value, location, readsContext: false, evaluate: () => value });

/** Throws InvalidQuery. */
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
