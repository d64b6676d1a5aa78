// The condition operators: each turns one value of a policy into a test of one value of the request.

import type { RequestContext } from "./context.ts";
import { compileIpRange } from "./ip-range.ts";
import { compileArn, compileGlob, type Matcher, type Piece } from "./pattern.ts";
import { parseTemplate, resolveTemplate } from "./variables.ts";

/** Undefined where a variable of the policy's value has no value in this request. */
export type ValueTest = (value: string, context: RequestContext) => boolean | undefined;

export interface Operator {
  /** A negated operator holds where none of the policy's values matches, and where the key is absent. */
  readonly isNegated: boolean;
  /** @throws RangeError when the policy's value is not of the operator's type */
  readonly compile: (value: string, withVariables: boolean) => ValueTest;
}

type CompileValue = Operator["compile"];

const plainText = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join("");

/** Operators whose values may hold variables; a value without any is compiled once. */
const templated =
  (matcherOf: (pieces: readonly Piece[]) => Matcher): CompileValue =>
  (value, withVariables) => {
    const template = parseTemplate(value, withVariables);
    if (template.fixed !== undefined) return matcherOf(template.fixed);
    return (requested, context) => {
      const pieces = resolveTemplate(template, context);
      return pieces === undefined ? undefined : matcherOf(pieces)(requested);
    };
  };

const equalsText = templated((pieces) => {
  const expected = plainText(pieces);
  return (value) => value === expected;
});

const equalsIgnoringCase = templated((pieces) => {
  const expected = plainText(pieces).toLowerCase();
  return (value) => value.toLowerCase() === expected;
});

const numberOf = (text: string): number | undefined => {
  const trimmed = text.trim();
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined;
};

const dateForm = /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?$/i;

/** Milliseconds since 1970 of an ISO 8601 date in one of W3C's forms, or of epoch seconds; four digits alone are a year. */
const instantOf = (text: string): number | undefined => {
  const trimmed = text.trim();
  if (/^-?\d+(\.\d+)?$/.test(trimmed) && !/^\d{4}$/.test(trimmed)) return Number(trimmed) * 1000;
  if (!dateForm.test(trimmed)) return undefined;
  // Without a zone a date-time is UTC, as AWS has it; JavaScript would take local time.
  const parsed = Date.parse(/T/i.test(trimmed) && !/(Z|[+-]\d{2}:?(\d{2})?)$/i.test(trimmed.slice(10)) ? `${trimmed}Z` : trimmed);
  return Number.isNaN(parsed) ? undefined : parsed;
};

/** Numbers and dates: a request's value that is neither is no match. */
const ordered =
  (parse: (text: string) => number | undefined, kind: string) =>
  (compare: (requested: number, expected: number) => boolean): CompileValue =>
  (value) => {
    const expected = parse(value);
    if (expected === undefined) throw new RangeError(`${JSON.stringify(value)} is not ${kind}`);
    return (text) => {
      const requested = parse(text);
      return requested !== undefined && compare(requested, expected);
    };
  };

export const booleanOf = (value: string): boolean => {
  const lower = value.toLowerCase();
  if (lower !== "true" && lower !== "false") throw new RangeError(`${JSON.stringify(value)} is not "true" or "false"`);
  return lower === "true";
};

const equalsBoolean: CompileValue = (value) => {
  const expected = String(booleanOf(value));
  return (requested) => requested.toLowerCase() === expected;
};

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const equalsBinary: CompileValue = (value) => {
  if (!base64Form.test(value)) throw new RangeError(`${JSON.stringify(value)} is not base64`);
  const expected = Buffer.from(value, "base64");
  return (requested) => base64Form.test(requested) && Buffer.from(requested, "base64").equals(expected);
};

const inRange: CompileValue = (value) => {
  const test = compileIpRange(value);
  if (test === undefined) throw new RangeError(`${JSON.stringify(value)} is not an IP address or a CIDR range`);
  return test;
};

const number = ordered(numberOf, "a number");
const date = ordered(instantOf, "a date");
const like = templated(compileGlob);
const arn = templated(compileArn);

const plain = (compile: CompileValue): Operator => ({ isNegated: false, compile });
const negated = (compile: CompileValue): Operator => ({ isNegated: true, compile });

const equal = (requested: number, expected: number): boolean => requested === expected;
const below = (requested: number, expected: number): boolean => requested < expected;
const notAbove = (requested: number, expected: number): boolean => requested <= expected;
const above = (requested: number, expected: number): boolean => requested > expected;
const notBelow = (requested: number, expected: number): boolean => requested >= expected;

/**
 * All operators but `Null`, which asks for the key and not for its value.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ["StringEquals", plain(equalsText)],
  ["StringNotEquals", negated(equalsText)],
  ["StringEqualsIgnoreCase", plain(equalsIgnoringCase)],
  ["StringNotEqualsIgnoreCase", negated(equalsIgnoringCase)],
  ["StringLike", plain(like)],
  ["StringNotLike", negated(like)],
  ["NumericEquals", plain(number(equal))],
  ["NumericNotEquals", negated(number(equal))],
  ["NumericLessThan", plain(number(below))],
  ["NumericLessThanEquals", plain(number(notAbove))],
  ["NumericGreaterThan", plain(number(above))],
  ["NumericGreaterThanEquals", plain(number(notBelow))],
  ["DateEquals", plain(date(equal))],
  ["DateNotEquals", negated(date(equal))],
  ["DateLessThan", plain(date(below))],
  ["DateLessThanEquals", plain(date(notAbove))],
  ["DateGreaterThan", plain(date(above))],
  ["DateGreaterThanEquals", plain(date(notBelow))],
  ["Bool", plain(equalsBoolean)],
  ["BinaryEquals", plain(equalsBinary)],
  ["IpAddress", plain(inRange)],
  ["NotIpAddress", negated(inRange)],
  ["ArnEquals", plain(arn)],
  ["ArnLike", plain(arn)],
  ["ArnNotEquals", negated(arn)],
  ["ArnNotLike", negated(arn)],
]);
