// Compiled policies, remembered by document: a policy is read once and decided with many times.

import type { PolicyDocument } from "./document.ts";
import { MalformedPolicy, statementLabel } from "./malformed.ts";
import type { PolicyType } from "./request.ts";
import { type CompiledStatement, compileStatement } from "./statement.ts";

const compiled = new WeakMap<PolicyDocument, readonly CompiledStatement[]>();
const checked = new Map<"with-principal" | "without-principal", WeakSet<PolicyDocument>>([
  ["with-principal", new WeakSet()],
  ["without-principal", new WeakSet()],
]);

const versions = new Set<unknown>([undefined, "2008-10-17", "2012-10-17"]);
const elements = new Set(["Version", "Id", "Statement"]);

const compileDocument = (document: PolicyDocument): readonly CompiledStatement[] => {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new MalformedPolicy("Syntax errors in policy: a policy must be an object", "the document");
  }
  for (const element of Object.keys(document)) {
    if (!elements.has(element))
      throw new MalformedPolicy(`Syntax errors in policy: unknown element ${JSON.stringify(element)}`, "the document");
  }
  if (!versions.has(document.Version)) {
    throw new MalformedPolicy(
      `Policy document must be version 2012-10-17 or greater, not ${JSON.stringify(document.Version)}`,
      "the document",
    );
  }
  if (document.Statement === undefined) throw new MalformedPolicy("Missing required field Statement", "the document");
  const statements: readonly unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  const withVariables = document.Version === "2012-10-17";
  return statements.map((statement, index) => compileStatement(statement, { index, withVariables }));
};

const isAttachedToResource = (type: PolicyType): boolean => type === "resource-policy" || type === "vpc-endpoint-policy";

/** Principals belong to policies of resources, and resources to policies of principals. */
const checkFor = (type: PolicyType, statements: readonly CompiledStatement[]): void => {
  for (const [index, { source, hasPrincipal }] of statements.entries()) {
    const where = statementLabel(index, source.Sid);
    if (isAttachedToResource(type)) {
      if (!hasPrincipal) throw new MalformedPolicy("Missing required field Principal", where);
    } else if (hasPrincipal) throw new MalformedPolicy("Policy document should not specify a principal.", where);
    else if (source.Resource === undefined && source.NotResource === undefined) {
      throw new MalformedPolicy("Policy statement must contain resources.", where);
    }
  }
};

/**
 * The statements of `document` used as a policy of `type`. A document must not be changed after its first use.
 *
 * @throws MalformedPolicy
 */
export const statementsOf = (document: PolicyDocument, type: PolicyType): readonly CompiledStatement[] => {
  let statements = compiled.get(document);
  if (statements === undefined) {
    statements = compileDocument(document);
    compiled.set(document, statements);
  }
  const seen = checked.get(isAttachedToResource(type) ? "with-principal" : "without-principal");
  if (seen?.has(document) === false) {
    checkFor(type, statements);
    seen.add(document);
  }
  return statements;
};
