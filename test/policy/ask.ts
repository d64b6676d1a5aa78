// Short forms for the tests' requests: one account, one user, one role, and whatever a case changes.

import type { PolicyDocument, Statement } from "../../policy/document.ts";
import { type EvaluationRequest, evaluate, type Principal } from "../../policy/evaluate.ts";

export const account = "111122223333";
export const otherAccount = "444455556666";

export const alice: Principal = { arn: `arn:aws:iam::${account}:user/keyturn/alice`, accountId: account, userId: "AIDAALICE00000000001" };
export const session: Principal = {
  arn: `arn:aws:sts::${account}:assumed-role/Reader/run-1`,
  accountId: account,
  userId: "AROAREADER0000000001:run-1",
};
export const readerRole = `arn:aws:iam::${account}:role/Reader`;
export const root: Principal = { arn: `arn:aws:iam::${account}:root`, accountId: account };
export const stranger: Principal = { arn: `arn:aws:iam::${otherAccount}:user/mallory`, accountId: otherAccount };
export const lambda: Principal = { arn: "lambda.amazonaws.com", accountId: account, type: "Service" };

export const bucketObject = "arn:aws:s3:::reports/2026/11.csv";

export const policy = (...statements: readonly Statement[]): PolicyDocument => ({ Version: "2012-10-17", Statement: statements });
export const allow = (rest: Partial<Statement> = {}): Statement => ({ Effect: "Allow", Action: "*", Resource: "*", ...rest });
export const deny = (rest: Partial<Statement> = {}): Statement => ({ Effect: "Deny", Action: "*", Resource: "*", ...rest });
/** A statement of a resource's policy. */
export const grant = (principal: Statement["Principal"], rest: Partial<Statement> = {}): Statement => ({
  Effect: "Allow",
  ...(principal === undefined ? {} : { Principal: principal }),
  Action: "*",
  Resource: "*",
  ...rest,
});

export const everything = policy(allow());
export const nothing = policy(allow({ Action: "none:None" }));

/** Alice reads an object of her own account, with no policy at all, unless the case says otherwise. */
export const request = (changes: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
  principal: alice,
  action: "s3:GetObject",
  resource: bucketObject,
  resourceAccountId: account,
  context: {},
  identityPolicies: [],
  ...changes,
});

/** The decision in one word. */
export const ask = (changes: Partial<EvaluationRequest> = {}): string => evaluate(request(changes)).reason;
