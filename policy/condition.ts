// The Condition block: which tests it makes, what absent and many-valued keys mean, and what holds all of it together.

import type { RequestContext } from "./context.ts";
import type { OneOrMany } from "./document.ts";
import { booleanOf, type Operator, operators, type ValueTest } from "./operators.ts";

/** One operator on one key. */
export interface ConditionTest {
  /** As the policy spells it: `ForAnyValue:StringLike`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  holds(context: RequestContext): boolean;
}

const form = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

const listOf = <T>(value: OneOrMany<T>): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** One value of the request against all values of the policy: any for a plain operator, none for a negated one. */
const matchesValues =
  (isNegated: boolean, tests: readonly ValueTest[]) =>
  (value: string, context: RequestContext): boolean => {
    for (const test of tests) {
      const result = test(value, context);
      // A variable without a value matches nothing, and makes a negation fail too: the statement is then not in effect.
      if (isNegated ? result !== false : result === true) return !isNegated;
    }
    return isNegated;
  };

interface Quantified {
  readonly key: string;
  readonly ifExists: boolean;
  readonly operator: Operator;
  readonly matches: (value: string, context: RequestContext) => boolean;
}

/** Without a set operator: an absent key fails a plain operator and satisfies a negated one. */
const single =
  ({ key, ifExists, operator, matches }: Quantified) =>
  (context: RequestContext): boolean => {
    const [value, ...more] = context.values(key) ?? [];
    if (value === undefined) return ifExists || operator.isNegated;
    // AWS requires a set operator for a key with several values; without one it matches nothing.
    return more.length === 0 && matches(value, context);
  };

/** An absent key, an empty list and an empty string are all "no values" to a set operator. */
const requestedSet = (context: RequestContext, key: string): readonly string[] => {
  const values = context.values(key) ?? [];
  return values.length === 1 && values[0] === "" ? [] : values;
};

const forAll =
  ({ key, matches }: Quantified) =>
  (context: RequestContext): boolean =>
    requestedSet(context, key).every((value) => matches(value, context));

const forAny =
  ({ key, ifExists, matches }: Quantified) =>
  (context: RequestContext): boolean =>
    (ifExists && context.values(key) === undefined) || requestedSet(context, key).some((value) => matches(value, context));

const nullTest = (key: string, values: readonly string[]): ConditionTest["holds"] => {
  const wanted = new Set(values.map(booleanOf));
  return (context) => wanted.has(context.values(key) === undefined);
};

/**
 * @param condition - operator → key → values
 * @param withVariables - whether the policy's version knows variables
 * @throws RangeError naming an unknown operator or a value that is not of the operator's type
 */
export const compileCondition = (
  condition: Readonly<Record<string, Readonly<Record<string, OneOrMany<string | number | boolean>>>>>,
  withVariables: boolean,
): readonly ConditionTest[] =>
  Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => {
      const values = listOf(value).map(String);
      return { operator, key, values, holds: holdsFor(operator, { key: key.toLowerCase(), values, withVariables }) };
    }),
  );

const holdsFor = (
  name: string,
  { key, values, withVariables }: { key: string; values: readonly string[]; withVariables: boolean },
): ConditionTest["holds"] => {
  const [, set, base = "", suffix] = form.exec(name) ?? [];
  if (name === "Null") return nullTest(key, values);
  const operator = operators.get(base);
  if (operator === undefined) throw new RangeError(`Invalid Condition type : ${name}`);
  const matches = matchesValues(
    operator.isNegated,
    values.map((value) => operator.compile(value, withVariables)),
  );
  const quantified = { key, ifExists: suffix !== undefined, operator, matches };
  return set === "ForAllValues" ? forAll(quantified) : set === "ForAnyValue" ? forAny(quantified) : single(quantified);
};
