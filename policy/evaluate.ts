// Decides one request by all its policies, as AWS documents it.

import { statementsOf } from "./compile.ts";
import { RequestContext } from "./context.ts";
import type { PolicyDocument } from "./document.ts";
import { describeMismatch } from "./mismatch.ts";
import { type Caller, callerOf, type PrincipalMatch } from "./principal.ts";
import type { Decision, EvaluationRequest, PolicyType, StatementFinding, StatementPlace } from "./request.ts";
import type { Asked } from "./statement.ts";

export type { Decision, EvaluationRequest, PolicyType, Principal, StatementFinding, StatementPlace } from "./request.ts";

interface Allow {
  readonly place: StatementPlace;
  readonly match: PrincipalMatch;
}

/** What the statements of one set of policies say together. */
interface Verdict {
  deny: StatementPlace | undefined;
  /** The allowing statement that means the caller most closely. */
  allow: Allow | undefined;
}

const closeness: Readonly<Record<PrincipalMatch, number>> = { account: 0, role: 1, direct: 2 };

/** Reads policies for one request, and keeps the findings where they are asked for. */
class Reader {
  readonly asked: Asked;
  readonly findings: StatementFinding[] | undefined;

  constructor(asked: Asked, explain: boolean) {
    this.asked = asked;
    this.findings = explain ? [] : undefined;
  }

  read(policyType: PolicyType, policies: readonly PolicyDocument[], level?: number): Verdict {
    const verdict: Verdict = { deny: undefined, allow: undefined };
    for (const [index, policy] of policies.entries()) this.#readPolicy(verdict, { policyType, index, level }, policy);
    return verdict;
  }

  /** A verdict for each policy, where each of them must allow. */
  readEach(policyType: PolicyType, policies: readonly PolicyDocument[]): readonly Verdict[] {
    return policies.map((policy, index) => {
      const verdict: Verdict = { deny: undefined, allow: undefined };
      this.#readPolicy(verdict, { policyType, index, level: undefined }, policy);
      return verdict;
    });
  }

  #readPolicy(verdict: Verdict, of: { policyType: PolicyType; index: number; level: number | undefined }, policy: PolicyDocument): void {
    const { policyType, index, level } = of;
    for (const [statementIndex, statement] of statementsOf(policy, policyType).entries()) {
      const mismatch = statement.mismatch(this.asked);
      if (mismatch !== undefined && this.findings === undefined) continue;
      const place = { policyType, index, statementIndex, Sid: statement.source.Sid, ...(level === undefined ? {} : { level }) };
      this.findings?.push({
        ...place,
        effect: statement.effect,
        matched: mismatch === undefined,
        because: mismatch === undefined ? undefined : describeMismatch(mismatch, statement.source, this.asked),
      });
      if (mismatch !== undefined) continue;
      if (statement.effect === "Deny") verdict.deny ??= place;
      else {
        const match = statement.principalMatch(this.asked) ?? "account";
        if (verdict.allow === undefined || closeness[match] > closeness[verdict.allow.match]) verdict.allow = { place, match };
      }
    }
  }
}

/** Service control policies bind the principals of member accounts: no service, no service-linked role, nobody from outside IAM. */
const isUnderScps = (caller: Caller): boolean =>
  caller.kind !== "service" &&
  caller.kind !== "identity-provider" &&
  caller.kind !== "anonymous" &&
  caller.roleArn?.includes(":role/aws-service-role/") !== true;

const hasIdentityPolicies = ({ kind }: Caller): boolean =>
  kind === "user" || kind === "role" || kind === "session" || kind === "federated-user" || kind === "root";

const verdictsOf = (request: EvaluationRequest, caller: Caller, reader: Reader) => {
  const ofPrincipal = hasIdentityPolicies(caller);
  const list = <T>(values: readonly T[] | undefined): readonly T[] => (ofPrincipal ? (values ?? []) : []);
  const boundaries = list(request.permissionsBoundaries);
  const sessionPolicies = list(request.sessionPolicies);
  return {
    levels: (isUnderScps(caller) ? (request.serviceControlPolicies ?? []) : []).map((policies, level) =>
      reader.read("service-control-policy", policies, level),
    ),
    endpoint: request.vpcEndpointPolicy && reader.read("vpc-endpoint-policy", [request.vpcEndpointPolicy]),
    resource: request.resourcePolicy && reader.read("resource-policy", [request.resourcePolicy]),
    identity: reader.read("identity-policy", list(request.identityPolicies)),
    boundaries: reader.readEach("permissions-boundary", boundaries),
    // A federated user's session without session policies has no permissions of its own.
    session: sessionPolicies.length > 0 || caller.kind === "federated-user" ? reader.read("session-policy", sessionPolicies) : undefined,
  };
};

type Verdicts = ReturnType<typeof verdictsOf>;

type Outcome = { readonly allowedBy: StatementPlace | undefined } | { readonly missingAllow: PolicyType };

/** The principal's own side: identity policies within boundaries and session policies. */
const principalSide = (caller: Caller, verdicts: Verdicts): Outcome => {
  // The root user has full access in its account without a policy.
  if (caller.kind !== "root" && verdicts.identity.allow === undefined) return { missingAllow: "identity-policy" };
  return withinLimits(verdicts) ?? { allowedBy: verdicts.identity.allow?.place };
};

const withinLimits = ({ boundaries, session }: Verdicts): Outcome | undefined => {
  if (boundaries.some(({ allow }) => allow === undefined)) return { missingAllow: "permissions-boundary" };
  if (session !== undefined && session.allow === undefined) return { missingAllow: "session-policy" };
  return undefined;
};

const keyArn = /^arn:[^:]+:kms:[^:]*:\d{12}:key\//;
const roleArn = /^arn:[^:]+:iam::\d{12}:role\//;
const trustAction = /^sts:(AssumeRole(WithSAML|WithWebIdentity)?|TagSession|SetSourceIdentity)$/i;

/**
 * Keys and roles: IAM policies alone never give access to them.
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
 */
const needsOwnPolicy = ({ resourceKind, action, resource }: EvaluationRequest): boolean => {
  if (resourceKind !== undefined) return resourceKind !== "other";
  return (/^kms:/i.test(action) && keyArn.test(resource)) || (trustAction.test(action) && roleArn.test(resource));
};

/**
 * Within an account a resource's policy suffices when it names the caller: boundaries and session policies then limit only what was
 * given to the role, not what was given to the very user or session. Naming the account leaves it to IAM.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 */
const sameAccount = (request: EvaluationRequest, caller: Caller, verdicts: Verdicts): Outcome => {
  const byResource = verdicts.resource?.allow;
  if (byResource?.match === "direct") return { allowedBy: byResource.place };
  if (byResource?.match === "role") return withinLimits(verdicts) ?? { allowedBy: byResource.place };
  if (byResource === undefined && needsOwnPolicy(request)) return { missingAllow: "resource-policy" };
  return principalSide(caller, verdicts);
};

const crossAccount = (caller: Caller, verdicts: Verdicts): Outcome => {
  const side = principalSide(caller, verdicts);
  if ("missingAllow" in side) return side;
  return verdicts.resource?.allow === undefined ? { missingAllow: "resource-policy" } : side;
};

const outcomeOf = (request: EvaluationRequest, caller: Caller, verdicts: Verdicts): Outcome => {
  if (verdicts.levels.some(({ allow }) => allow === undefined)) return { missingAllow: "service-control-policy" };
  if (verdicts.endpoint !== undefined && verdicts.endpoint.allow === undefined) return { missingAllow: "vpc-endpoint-policy" };
  if (!hasIdentityPolicies(caller)) {
    const byResource = verdicts.resource?.allow;
    return byResource === undefined ? { missingAllow: "resource-policy" } : { allowedBy: byResource.place };
  }
  return caller.accountId === request.resourceAccountId ? sameAccount(request, caller, verdicts) : crossAccount(caller, verdicts);
};

/**
 * Whether `request` is allowed, and what decided it.
 *
 * Unknown condition keys do not match; `aws:MultiFactorAuthPresent` that was not supplied is absent, not false. What the principal
 * implies is derived (see `RequestContext`).
 *
 * @throws MalformedPolicy when a policy cannot be understood; nothing is skipped
 * @throws RangeError when the principal cannot be recognised
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export const evaluate = (request: EvaluationRequest): Decision => {
  const caller = callerOf(request.principal);
  const reader = new Reader(
    {
      action: request.action,
      lowerAction: request.action.toLowerCase(),
      resource: request.resource,
      caller,
      context: new RequestContext(request, caller),
      hasBoundary: hasIdentityPolicies(caller) && (request.permissionsBoundaries?.length ?? 0) > 0,
    },
    request.explain === true,
  );
  const verdicts = verdictsOf(request, caller, reader);
  const statements = reader.findings === undefined ? {} : { statements: reader.findings };
  // Deny first: an explicit deny beats any allow.
  const { levels, endpoint, resource, identity, boundaries, session } = verdicts;
  const deny = [...levels, endpoint, resource, identity, ...boundaries, session].find((verdict) => verdict?.deny !== undefined)?.deny;
  if (deny !== undefined) return { allowed: false, reason: "explicit-deny", decidedBy: deny, missingAllow: undefined, ...statements };
  const outcome = outcomeOf(request, caller, verdicts);
  if ("missingAllow" in outcome) {
    return { allowed: false, reason: "implicit-deny", decidedBy: undefined, missingAllow: outcome.missingAllow, ...statements };
  }
  return { allowed: true, reason: "allowed", decidedBy: outcome.allowedBy, missingAllow: undefined, ...statements };
};
