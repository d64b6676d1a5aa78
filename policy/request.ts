// The question that evaluation answers, and the answer.

import type { PolicyDocument } from "./document.ts";

/** Who calls. An assumed role may be given by its session's ARN, or by the role's ARN with `sessionArn`. */
export interface Principal {
  /**
   * `arn:aws:iam::<account>:user/<path><name>`, `…:role/…`, `…:root`, `arn:aws:sts::<account>:assumed-role/<role>/<session>`,
   * `…:federated-user/<name>`, an identity provider's ARN or name, or a service principal (`lambda.amazonaws.com`).
   */
  readonly arn: string;
  readonly accountId: string;
  /** `AIDA…`, or `AROA…:<session>`. */
  readonly userId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Needed only where `arn` is no IAM ARN: `Service`, `Federated`, `Anonymous`. */
  readonly type?: string;
  readonly sessionArn?: string;
  /** The role's own ARN, path included, where `arn` is its session's. */
  readonly roleArn?: string;
  /** For a federated user's session: the IAM user who called `GetFederationToken`. */
  readonly userArn?: string;
  /** The identity provider that a role session came from: `cognito-identity.amazonaws.com`, a SAML provider's ARN. */
  readonly federatedProvider?: string;
  readonly canonicalUserId?: string;
}

export interface EvaluationRequest {
  readonly principal: Principal;
  /** `kms:Decrypt`. */
  readonly action: string;
  /** ARN, or `*` where AWS has no resource level for the action. */
  readonly resource: string;
  readonly resourceAccountId: string;
  /** Condition key → value; key names in any case. What the principal implies is added where it is missing (see `RequestContext`). */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly identityPolicies: readonly PolicyDocument[];
  readonly resourcePolicy?: PolicyDocument | undefined;
  /** Every one must allow. None: no boundary. */
  readonly permissionsBoundaries?: readonly PolicyDocument[] | undefined;
  /** Together they must allow: a session's inline and managed session policies are one set. None: no limit, but for a federated user, who then has nothing. */
  readonly sessionPolicies?: readonly PolicyDocument[] | undefined;
  /** A list per level of the organisation (root, units, account); each level must allow. */
  readonly serviceControlPolicies?: readonly (readonly PolicyDocument[])[] | undefined;
  /** Without it the endpoint gives full access. */
  readonly vpcEndpointPolicy?: PolicyDocument | undefined;
  /**
   * Resources whose own policy must allow, whatever IAM says. Without it the action and the resource's ARN tell a key's use and a role's
   * trust; `other` says that it is neither, or that its own policy is not in question.
   */
  readonly resourceKind?: "kms-key" | "role-trust" | "other" | undefined;
  /** Also say of every statement whether it matched, and if not, why. */
  readonly explain?: boolean | undefined;
}

export type PolicyType =
  | "service-control-policy"
  | "vpc-endpoint-policy"
  | "resource-policy"
  | "identity-policy"
  | "permissions-boundary"
  | "session-policy";

/** A statement by its place. */
export interface StatementPlace {
  readonly policyType: PolicyType;
  /** Index in the list of that type; 0 where there can be only one. */
  readonly index: number;
  readonly statementIndex: number;
  readonly Sid: string | undefined;
  /** Service control policies only: the level, of which `index` is a policy. */
  readonly level?: number;
}

export interface StatementFinding extends StatementPlace {
  readonly effect: "Allow" | "Deny";
  readonly matched: boolean;
  /** Why it did not match. */
  readonly because: string | undefined;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: "allowed" | "explicit-deny" | "implicit-deny";
  /** The statement that denied or allowed; undefined for an implicit deny, and for an account's root user acting in its account. */
  readonly decidedBy: StatementPlace | undefined;
  /** For an implicit deny: the type of policy in which an Allow is missing. */
  readonly missingAllow: PolicyType | undefined;
  /** With `explain` only. */
  readonly statements?: readonly StatementFinding[];
}
