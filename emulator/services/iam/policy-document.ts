// The edge where policy text enters IAM and STS: parsed, checked as far as evaluation needs, refused in AWS's words.

import { statementsOf } from "../../../policy/compile.ts";
import type { PolicyDocument, Statement } from "../../../policy/document.ts";
import { MalformedPolicy } from "../../../policy/malformed.ts";
import { AwsError } from "../../aws-error.ts";
import { type IamStore, roleByArn, type StoredDocument } from "./store.ts";

/** A policy of users, groups, roles, boundaries and sessions. Throws `MalformedPolicyDocument`. */
export function parseIdentityPolicy(text: string): StoredDocument {
  const document = parse(text);
  checked(() => statementsOf(document, "identity-policy"));
  return { text, document };
}

/** A role's trust policy: names principals of this account only where they exist. Throws `MalformedPolicyDocument`. */
export function parseTrustPolicy(text: string, store: IamStore, account: string): StoredDocument {
  const document = parse(text);
  checked(() => statementsOf(document, "resource-policy"));
  const statements: readonly Statement[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  for (const statement of statements) {
    if (statement.Resource !== undefined || statement.NotResource !== undefined) throw malformed("Has prohibited field Resource");
    for (const arn of iamPrincipals(statement)) {
      if (!principalExists(arn, store, account)) throw malformed(`Invalid principal in policy: "AWS":"${arn}"`);
    }
  }
  return { text, document };
}

function parse(text: string): PolicyDocument {
  try {
    // Its elements are checked where it is compiled.
    return JSON.parse(text) as PolicyDocument;
  } catch (cause) {
    throw new AwsError("MalformedPolicyDocument", "Syntax errors in policy.", { cause });
  }
}

function checked(compile: () => unknown): void {
  try {
    compile();
  } catch (cause) {
    if (cause instanceof MalformedPolicy) throw malformed(cause.fault, cause);
    throw cause;
  }
}

function iamPrincipals({ Principal }: Statement): readonly string[] {
  if (Principal === undefined || Principal === "*") return [];
  const named = Principal["AWS"] ?? [];
  return typeof named === "string" ? [named] : named;
}

/** Other accounts, the account itself and sessions are taken on trust; users and roles of this account must exist. */
function principalExists(arn: string, store: IamStore, account: string): boolean {
  const match = /^arn:aws:iam::(\d{12}):(user|role)\//.exec(arn);
  if (match === null || match[1] !== account) return true;
  return match[2] === "role" ? roleByArn(store, arn) !== undefined : [...store.users.values()].some((user) => user.arn === arn);
}

const malformed = (fault: string, cause?: unknown): AwsError =>
  new AwsError("MalformedPolicyDocument", fault, cause === undefined ? {} : { cause });
