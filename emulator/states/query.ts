// One JSONata expression of a definition: compiled once, evaluated per state, its result made plain JSON or refused as AWS refuses it.

import jsonata from "jsonata";
import type { Json } from "../../core/canonical-json.ts";
import { limitEvaluations, newEvaluation } from "./evaluation-limits.ts";
import { addStepFunctions, type QuerySources } from "./query-functions.ts";
import { QueryError } from "./state-error.ts";
import { makesFunctions, unsupportedReference } from "./top-level.ts";

/** Variables by name, with `states`. */
export type Bindings = Readonly<Record<string, unknown>>;

export type JsonType = "array" | "boolean" | "null" | "number" | "object" | "string";

export function jsonType(value: Json): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonType;
}

const isFunction = (value: object): boolean => "_jsonata_lambda" in value || "_jsonata_function" in value;

class UnsupportedResult extends Error {}

/** JSON has no infinity; AWS writes its name. */
const plainNumber = (value: number): number | string => (Number.isFinite(value) ? value + 0 : String(value));

/** A copy without JSONata's marks on arrays, which would change how later expressions see them. */
function plain(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return plainNumber(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || isFunction(value)) throw new UnsupportedResult();
  const copy: Record<string, Json> = {};
  for (const name of Object.keys(value)) copy[name] = plain((value as Record<string, unknown>)[name]);
  return copy;
}

/** JSONata throws plain objects with a code and a message; native functions throw errors. */
function describe(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  return typeof code === "string" ? `${code}: ${String(message)}` : String(message);
}

const begins = "{%";
const ends = "%}";

export const isQuery = (text: string): boolean => text.startsWith(begins) && text.endsWith(ends) && text.length >= 4;

/** `context` by name, or `$states` used otherwise than by a member's name. */
const mayReadContext = /context|\$states(?!\s*\.\s*(input|result|errorOutput)\b)/;

/** An expression between `{%` and `%}`. */
export class Query {
  readonly text: string;
  /** The field it stands in, as AWS writes it: `Output/result`. */
  readonly location: string;
  /** Whether it may look at `$states.context`, which is made for those only. */
  readonly readsContext: boolean;
  /** Why AWS would refuse the expression although it can be parsed. */
  readonly unsupported: string | undefined;
  readonly #expression: jsonata.Expression;
  readonly #mayRepeat: boolean;

  /** Throws JSONata's syntax error. */
  constructor(quoted: string, location: string, sources: QuerySources) {
    this.text = quoted.slice(begins.length, -ends.length).trim();
    this.location = location;
    this.readsContext = mayReadContext.test(this.text);
    this.#expression = jsonata(this.text);
    const ast = this.#expression.ast();
    this.unsupported = unsupportedReference(ast);
    this.#mayRepeat = makesFunctions(ast);
    if (this.#mayRepeat) limitEvaluations(this.#expression);
    addStepFunctions(this.#expression, sources);
  }

  /** Throws QueryError. */
  async evaluate(bindings: Bindings): Promise<Json> {
    let result: unknown;
    try {
      result = await this.#expression.evaluate(undefined, this.#mayRepeat ? { ...bindings, ...newEvaluation() } : bindings);
    } catch (thrown) {
      throw this.failure(`threw an error during evaluation. ${describe(thrown)}`);
    }
    if (result === undefined) throw this.failure("returned nothing (undefined).");
    // The very input of the state is plain already.
    if (result === (bindings["states"] as { input: unknown }).input) return result as Json;
    try {
      return plain(result);
    } catch (thrown) {
      if (thrown instanceof UnsupportedResult) throw this.failure("returned an unsupported result type.");
      throw thrown;
    }
  }

  /** The words AWS uses for a result of another type than the field takes. */
  unexpected(value: Json, expected: JsonType): QueryError {
    return this.failure(
      `returned an unexpected result type. Expected '${expected}', but was '${jsonType(value)}' for value: ${JSON.stringify(value)}`,
    );
  }

  failure(what: string): QueryError {
    return new QueryError(`The JSONata expression '${this.text}' specified for the field '${this.location}' ${what}`, {
      location: this.location,
    });
  }
}
