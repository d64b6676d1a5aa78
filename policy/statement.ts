// One statement, compiled: everything that can be refused is refused here, so that deciding only compares.

import { type ConditionTest, compileCondition } from "./condition.ts";
import type { RequestContext } from "./context.ts";
import type { OneOrMany, Statement } from "./document.ts";
import { MalformedPolicy, statementLabel } from "./malformed.ts";
import { compileGlob, compileResource, type Matcher } from "./pattern.ts";
import { type Caller, compilePrincipal, type PrincipalMatch, type PrincipalTest } from "./principal.ts";
import { parseTemplate, resolveTemplate } from "./variables.ts";

/** Undefined where a variable has no value. */
type ResourceTest = (resource: string, context: RequestContext) => boolean | undefined;

export interface Asked {
  readonly action: string;
  /** Actions are not case-sensitive. */
  readonly lowerAction: string;
  readonly resource: string;
  readonly caller: Caller;
  readonly context: RequestContext;
  readonly hasBoundary: boolean;
}

/** The first element that does not fit the request. */
export type Mismatch = "Action" | "NotAction" | "Resource" | "NotResource" | "Principal" | "NotPrincipal" | ConditionTest;

export interface CompiledStatement {
  readonly source: Statement;
  readonly effect: "Allow" | "Deny";
  readonly hasPrincipal: boolean;
  /** Undefined when the statement applies. */
  mismatch(asked: Asked): Mismatch | undefined;
  /** How the statement means the caller; `direct` where it names no principal. */
  principalMatch(asked: Asked): PrincipalMatch | undefined;
}

const elements = new Set(["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A string or a list of strings, of at least one. */
const texts = (value: unknown, element: string): readonly string[] => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const strings = list.filter((each) => typeof each === "string");
  if (strings.length !== list.length) throw new RangeError(`${element} must be a string or a list of strings`);
  if (strings.length === 0) throw new RangeError(`Policy statement must contain ${element === "Action" ? "actions" : "resources"}.`);
  return strings;
};

const eitherOf = <Name extends keyof Statement>(statement: Statement, name: Name, not: keyof Statement): boolean => {
  if (statement[name] !== undefined && statement[not] !== undefined) {
    throw new RangeError(`Statement/policy already has instance of ${name}: ${name} and ${not} exclude each other`);
  }
  return statement[not] !== undefined;
};

const compileAction = (action: string): Matcher => {
  if (action !== "*" && !/^[A-Za-z0-9*?-]+:[^\s:]+$/.test(action)) {
    throw new RangeError(`Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (${JSON.stringify(action)})`);
  }
  return compileGlob([{ text: action.toLowerCase(), verbatim: false }]);
};

const compileResourceElement = (resource: string, withVariables: boolean): ResourceTest => {
  if (!/^\*+$/.test(resource) && !/^arn:/.test(resource)) {
    throw new RangeError(`Resource ${resource} must be in ARN format or "*".`);
  }
  const template = parseTemplate(resource, withVariables);
  if (template.fixed !== undefined) return compileResource(template.fixed);
  const [head] = template.parts;
  if (head === undefined || !("text" in head) || head.text.split(":").length < 6) {
    throw new RangeError(`Resource ${resource} has a variable before the resource part of the ARN, where AWS takes none`);
  }
  return (requested, context) => {
    const pieces = resolveTemplate(template, context);
    return pieces === undefined ? undefined : compileResource(pieces)(requested);
  };
};

const compilePrincipals = (value: unknown): readonly PrincipalTest[] => {
  if (value === "*") return [compilePrincipal("AWS", "*")];
  if (!isRecord(value) || Object.keys(value).length === 0)
    throw new RangeError('Invalid principal in policy: it must be "*" or a map of kinds');
  return Object.entries(value).flatMap(([kind, values]) => {
    const list: readonly unknown[] = Array.isArray(values) ? values : [values];
    return list.map((each) => {
      if (typeof each !== "string") throw new RangeError(`Invalid principal in policy: values of ${JSON.stringify(kind)} must be strings`);
      return compilePrincipal(kind, each);
    });
  });
};

const closest = (tests: readonly PrincipalTest[], caller: Caller): PrincipalMatch | undefined => {
  let best: PrincipalMatch | undefined;
  for (const test of tests) {
    const match = test.match(caller);
    if (match === "direct") return match;
    if (match !== undefined && best !== "role") best = match;
  }
  return best;
};

/**
 * NotPrincipal spares whom it names. An account spares its principals, unless the list also names some of them: then only those,
 * for AWS checks the account first, then the role, then the session.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
const spares = (tests: readonly PrincipalTest[], caller: Caller): boolean => {
  const match = closest(tests, caller);
  return match === "account" ? tests.every(({ namedIn }) => namedIn !== caller.accountId) : match !== undefined;
};

const checkCondition = (condition: unknown): void => {
  if (!isRecord(condition)) throw new RangeError("Condition must be a map of operators");
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isRecord(keys)) throw new RangeError(`Condition ${operator} must be a map of condition keys`);
    for (const [key, values] of Object.entries(keys)) {
      const list: readonly unknown[] = Array.isArray(values) ? values : [values];
      if (!list.every((value) => typeof value === "string" || typeof value === "number" || typeof value === "boolean")) {
        throw new RangeError(`Condition ${operator} ${key} must have strings, numbers or booleans as values`);
      }
    }
  }
};

const compile = (statement: Statement, withVariables: boolean): CompiledStatement => {
  for (const element of Object.keys(statement)) {
    if (!elements.has(element)) throw new RangeError(`Syntax errors in policy: unknown element ${JSON.stringify(element)}`);
  }
  if (statement.Sid !== undefined && typeof statement.Sid !== "string") throw new RangeError("Sid must be a string");
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
    throw new RangeError(`Invalid effect: ${JSON.stringify(statement.Effect) ?? "missing"}; it must be "Allow" or "Deny"`);
  }
  const isNotAction = eitherOf(statement, "Action", "NotAction");
  const isNotResource = eitherOf(statement, "Resource", "NotResource");
  const isNotPrincipal = eitherOf(statement, "Principal", "NotPrincipal");
  const actionElement = statement.Action ?? statement.NotAction;
  if (actionElement === undefined) throw new RangeError("Policy statement must contain actions.");
  const actions = texts(actionElement, "Action").map(compileAction);
  const resourceElement: OneOrMany<string> | undefined = statement.Resource ?? statement.NotResource;
  const resources =
    resourceElement === undefined
      ? undefined
      : texts(resourceElement, "Resource").map((each) => compileResourceElement(each, withVariables));
  const principalElement = statement.Principal ?? statement.NotPrincipal;
  const principals = principalElement === undefined ? undefined : compilePrincipals(principalElement);
  if (statement.Condition !== undefined) checkCondition(statement.Condition);
  const conditions = compileCondition(statement.Condition ?? {}, withVariables);

  const principalMatch = ({ caller, hasBoundary }: Asked): PrincipalMatch | undefined => {
    if (principals === undefined) return "direct";
    if (!isNotPrincipal) return closest(principals, caller);
    // AWS: NotPrincipal with Deny denies every principal that has a permissions boundary, whatever it lists.
    if (statement.Effect === "Deny" && hasBoundary) return "direct";
    return spares(principals, caller) ? undefined : "direct";
  };

  const fitsResource = ({ resource, context }: Asked): boolean => {
    if (resources === undefined) return true;
    for (const test of resources) {
      const result = test(resource, context);
      if (isNotResource ? result !== false : result === true) return !isNotResource;
    }
    return isNotResource;
  };

  return {
    source: statement,
    effect: statement.Effect,
    hasPrincipal: principals !== undefined,
    principalMatch,
    mismatch(asked) {
      if (actions.some((matches) => matches(asked.lowerAction)) === isNotAction) return isNotAction ? "NotAction" : "Action";
      if (!fitsResource(asked)) return isNotResource ? "NotResource" : "Resource";
      if (principalMatch(asked) === undefined) return isNotPrincipal ? "NotPrincipal" : "Principal";
      for (const condition of conditions) if (!condition.holds(asked.context)) return condition;
      return undefined;
    },
  };
};

/** @throws MalformedPolicy naming the statement */
export const compileStatement = (statement: unknown, at: { index: number; withVariables: boolean }): CompiledStatement => {
  if (!isRecord(statement)) throw new MalformedPolicy("Syntax errors in policy: a statement must be an object", statementLabel(at.index));
  try {
    // Its elements are checked one by one as they are compiled.
    return compile(statement as unknown as Statement, at.withVariables);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const sid = statement["Sid"];
    throw new MalformedPolicy(cause.message, statementLabel(at.index, typeof sid === "string" ? sid : undefined), { cause });
  }
};
