// The edge where policy text becomes a PolicyDocument, refused in AWS's words when AWS would not store it.

import { statementsOf } from "./compile.ts";
import type { PolicyDocument, Statement } from "./document.ts";
import { MalformedPolicy, statementLabel } from "./malformed.ts";
import type { PolicyType } from "./request.ts";

/** What the policy is to be attached to; a trust policy is a role's resource policy with rules of its own. */
export type PolicyUse = PolicyType | "role-trust";

const whole = "the document";

/** A key that stands twice in one object: `JSON.parse` would silently drop the first. */
const duplicateKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = [];
  let previous = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const keys = open.at(-1);
      const key: unknown = JSON.parse(previous);
      if (keys !== undefined && typeof key === "string") {
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
    previous = token;
  }
  return undefined;
};

const parseJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MalformedPolicy("Syntax errors in policy: it is not valid JSON", whole, { cause });
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined)
    throw new MalformedPolicy(`Syntax errors in policy: ${JSON.stringify(duplicate)} stands twice in one object`, whole);
  return value;
};

const isDocument = (value: unknown): value is PolicyDocument => typeof value === "object" && value !== null && !Array.isArray(value);

const checkSids = (statements: readonly Statement[]): void => {
  const seen = new Set<string>();
  for (const [index, { Sid }] of statements.entries()) {
    if (Sid === undefined || Sid === "") continue;
    if (seen.has(Sid)) throw new MalformedPolicy("Statement IDs (SID) in a single policy must be unique.", statementLabel(index, Sid));
    seen.add(Sid);
  }
};

const checkIdentitySid = (statement: Statement, where: string): void => {
  if (statement.Sid !== undefined && !/^[0-9A-Za-z]*$/.test(statement.Sid)) {
    throw new MalformedPolicy(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
      where,
    );
  }
};

const checkTrust = (statement: Statement, where: string): void => {
  for (const element of ["Resource", "NotResource", "NotPrincipal"] as const) {
    if (statement[element] !== undefined) throw new MalformedPolicy(`Has prohibited field ${element}`, where);
  }
  const actions = [statement.Action ?? statement.NotAction ?? []].flat();
  if (!actions.every((action) => /^(sts:|\*$)/i.test(action))) {
    throw new MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.", where);
  }
};

/**
 * Parses and validates a policy.
 *
 * @param policy - JSON text, or what `JSON.parse` gave for it
 * @throws MalformedPolicy whose `fault` is AWS's message; the code is `MalformedPolicyDocument` (IAM, STS), `MalformedPolicyDocumentException` (KMS), `MalformedPolicy` (S3)
 */
export const parsePolicy = (policy: unknown, use: PolicyUse): PolicyDocument => {
  const document = typeof policy === "string" ? parseJson(policy) : policy;
  if (!isDocument(document)) throw new MalformedPolicy("Syntax errors in policy: a policy must be an object", whole);
  const statements = statementsOf(document, use === "role-trust" ? "resource-policy" : use).map(({ source }) => source);
  if (statements.length === 0) throw new MalformedPolicy("Syntax errors in policy: it has no statement", whole);
  checkSids(statements);
  for (const [index, statement] of statements.entries()) {
    const where = statementLabel(index, statement.Sid);
    if (use === "role-trust") checkTrust(statement, where);
    else if (use === "identity-policy" || use === "permissions-boundary" || use === "session-policy") checkIdentitySid(statement, where);
  }
  return document;
};
