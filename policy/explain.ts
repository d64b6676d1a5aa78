// Answers "may X do Y, and why" in lines that a person can read.

import { evaluate } from "./evaluate.ts";
import type { Decision, EvaluationRequest, PolicyType, StatementFinding, StatementPlace } from "./request.ts";

const titles: Readonly<Record<PolicyType, string>> = {
  "service-control-policy": "service control policy",
  "vpc-endpoint-policy": "VPC endpoint policy",
  "resource-policy": "resource policy",
  "identity-policy": "identity policy",
  "permissions-boundary": "permissions boundary",
  "session-policy": "session policy",
};

const single: ReadonlySet<PolicyType> = new Set<PolicyType>(["resource-policy", "vpc-endpoint-policy"]);

/** `identity policy 1, statement 2 "AllowRead"`: counted from 1, as people count. */
export const describePlace = ({ policyType, index, statementIndex, Sid, level }: StatementPlace): string => {
  const policy = single.has(policyType) ? titles[policyType] : `${titles[policyType]} ${index + 1}`;
  const at = level === undefined ? policy : `${policy} of level ${level + 1}`;
  return `${at}, statement ${statementIndex + 1}${Sid === undefined ? "" : ` ${JSON.stringify(Sid)}`}`;
};

/** `does not apply  identity policy 1, statement 1 (Allow): Action s3:Get* does not cover kms:Decrypt`. */
export const describeFinding = (finding: StatementFinding): string => {
  const what = finding.matched ? (finding.effect === "Allow" ? "allows" : "denies") : "does not apply";
  const why = finding.because === undefined ? "" : `: ${finding.because}`;
  return `${what.padEnd(14)}  ${describePlace(finding)} (${finding.effect})${why}`;
};

/** What a missing Allow means, and where one would have to stand. */
const describeMissing = (type: PolicyType): string => {
  switch (type) {
    case "service-control-policy":
      return "a level of the organisation has no service control policy that allows it";
    case "vpc-endpoint-policy":
      return "the VPC endpoint's policy does not allow it";
    case "resource-policy":
      return "the resource's own policy does not allow it";
    case "identity-policy":
      return "no identity policy of the principal allows it";
    case "permissions-boundary":
      return "the principal's permissions boundary does not allow it";
    case "session-policy":
      return "no session policy of the session allows it";
    default:
      return type satisfies never;
  }
};

/** `denied: no identity policy of the principal allows it`. */
export const describeDecision = ({ allowed, decidedBy, missingAllow }: Decision): string => {
  if (allowed) return `allowed by ${decidedBy === undefined ? "the root user's full access" : describePlace(decidedBy)}`;
  if (decidedBy !== undefined) return `denied explicitly by ${describePlace(decidedBy)}`;
  return `denied: ${missingAllow === undefined ? "nothing allows it" : describeMissing(missingAllow)}`;
};

/**
 * The decision in one line, then a line for every statement that was considered.
 *
 * @throws MalformedPolicy as `evaluate` does
 */
export const explain = (request: EvaluationRequest): readonly string[] => {
  const decision = evaluate({ ...request, explain: true });
  const principal = request.principal.sessionArn ?? request.principal.arn;
  return [
    `${principal} ${request.action} on ${request.resource}: ${describeDecision(decision)}`,
    ...(decision.statements ?? []).map(describeFinding),
  ];
};
