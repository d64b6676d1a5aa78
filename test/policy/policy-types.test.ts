// How the types of policies decide together, against AWS's description of the evaluation logic.

import { describe, expect, it } from "vitest";
import { type EvaluationRequest, evaluate } from "../../policy/evaluate.ts";
import {
  account,
  alice,
  allow,
  ask,
  deny,
  everything,
  grant,
  lambda,
  nothing,
  otherAccount,
  policy,
  readerRole,
  request,
  root,
  session,
  stranger,
} from "./ask.ts";

const logic = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html";
const singleAccount = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html";
const crossAccount = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html";
const boundaries = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html";
const sessions = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session";
const scps = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html";
const keys = "https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html";
const trust = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html";
const endpoints = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html";

interface Case {
  readonly title: string;
  readonly source: string;
  readonly asks: Partial<EvaluationRequest>;
  readonly expected: "allowed" | "explicit-deny" | "implicit-deny";
}

const bob = { arn: `arn:aws:sts::${account}:federated-user/bob`, accountId: account };
const toAlice = policy(grant({ AWS: alice.arn }));
const toAccount = policy(grant({ AWS: account }));
const toRole = policy(grant({ AWS: readerRole }));
const toSession = policy(grant({ AWS: session.arn }));
const toStranger = policy(grant({ AWS: stranger.arn }));
const toAnyone = policy(grant("*"));
const asSession = { principal: session };
const asStranger = { principal: stranger };
const key = { resourceKind: "kms-key", action: "kms:Decrypt", resource: "arn:aws:kms:us-east-1:111122223333:key/k" } as const;
const role = { resourceKind: "role-trust", action: "sts:AssumeRole", resource: readerRole } as const;

const cases: readonly Case[] = [
  { title: "nothing allows", source: logic, asks: {}, expected: "implicit-deny" },
  { title: "an identity policy allows", source: singleAccount, asks: { identityPolicies: [everything] }, expected: "allowed" },
  {
    title: "one of several identity policies allows",
    source: singleAccount,
    asks: { identityPolicies: [nothing, everything] },
    expected: "allowed",
  },
  { title: "the resource names the user", source: singleAccount, asks: { resourcePolicy: toAlice }, expected: "allowed" },
  { title: "the resource names everyone", source: singleAccount, asks: { resourcePolicy: toAnyone }, expected: "allowed" },
  { title: "the resource names only the account", source: logic, asks: { resourcePolicy: toAccount }, expected: "implicit-deny" },
  { title: "the resource names the role", source: logic, asks: { ...asSession, resourcePolicy: toRole }, expected: "allowed" },
  {
    title: "the resource denies what IAM allows",
    source: logic,
    asks: { identityPolicies: [everything], resourcePolicy: policy({ ...grant({ AWS: account }), Effect: "Deny" }) },
    expected: "explicit-deny",
  },
  {
    title: "IAM denies what the resource allows",
    source: logic,
    asks: { identityPolicies: [policy(deny())], resourcePolicy: toAlice },
    expected: "explicit-deny",
  },
  { title: "the root user needs no policy", source: logic, asks: { principal: root }, expected: "allowed" },
  {
    title: "a service control policy binds the root user",
    source: scps,
    asks: { principal: root, serviceControlPolicies: [[nothing]] },
    expected: "implicit-deny",
  },

  // Boundaries.
  {
    title: "the boundary allows too",
    source: boundaries,
    asks: { identityPolicies: [everything], permissionsBoundaries: [everything] },
    expected: "allowed",
  },
  {
    title: "the boundary does not allow",
    source: boundaries,
    asks: { identityPolicies: [everything], permissionsBoundaries: [nothing] },
    expected: "implicit-deny",
  },
  { title: "a boundary grants nothing", source: boundaries, asks: { permissionsBoundaries: [everything] }, expected: "implicit-deny" },
  {
    title: "every boundary must allow",
    source: boundaries,
    asks: { identityPolicies: [everything], permissionsBoundaries: [everything, nothing] },
    expected: "implicit-deny",
  },
  {
    title: "a boundary denies",
    source: boundaries,
    asks: { resourcePolicy: toAlice, permissionsBoundaries: [policy(deny())] },
    expected: "explicit-deny",
  },
  {
    title: "a boundary does not limit what a resource gives the user",
    source: logic,
    asks: { resourcePolicy: toAlice, permissionsBoundaries: [nothing] },
    expected: "allowed",
  },
  {
    title: "a boundary limits what a resource gives the role",
    source: logic,
    asks: { ...asSession, resourcePolicy: toRole, permissionsBoundaries: [nothing] },
    expected: "implicit-deny",
  },
  {
    title: "a boundary does not limit what a resource gives the session",
    source: logic,
    asks: { ...asSession, resourcePolicy: toSession, permissionsBoundaries: [nothing] },
    expected: "allowed",
  },
  {
    title: "a boundary does not limit what a resource gives everyone whose aws:PrincipalArn is the role",
    source: logic,
    asks: {
      ...asSession,
      permissionsBoundaries: [nothing],
      resourcePolicy: policy(grant("*", { Condition: { ArnEquals: { "aws:PrincipalArn": readerRole } } })),
    },
    expected: "allowed",
  },

  // Session policies.
  {
    title: "the session policy allows too",
    source: sessions,
    asks: { ...asSession, identityPolicies: [everything], sessionPolicies: [everything] },
    expected: "allowed",
  },
  {
    title: "the session policy does not allow",
    source: sessions,
    asks: { ...asSession, identityPolicies: [everything], sessionPolicies: [nothing] },
    expected: "implicit-deny",
  },
  {
    title: "session policies are one set",
    source: sessions,
    asks: { ...asSession, identityPolicies: [everything], sessionPolicies: [nothing, everything] },
    expected: "allowed",
  },
  {
    title: "a session policy grants nothing",
    source: sessions,
    asks: { ...asSession, sessionPolicies: [everything] },
    expected: "implicit-deny",
  },
  {
    title: "a session policy limits what a resource gives the role",
    source: sessions,
    asks: { ...asSession, resourcePolicy: toRole, sessionPolicies: [nothing] },
    expected: "implicit-deny",
  },
  {
    title: "a session policy does not limit what a resource gives the session",
    source: sessions,
    asks: { ...asSession, resourcePolicy: toSession, sessionPolicies: [nothing] },
    expected: "allowed",
  },
  {
    title: "a session policy denies",
    source: sessions,
    asks: { ...asSession, resourcePolicy: toSession, sessionPolicies: [policy(deny())] },
    expected: "explicit-deny",
  },

  {
    title: "a federated user without session policies",
    source: sessions,
    asks: { principal: bob, identityPolicies: [everything] },
    expected: "implicit-deny",
  },
  {
    title: "a federated user with session policies",
    source: sessions,
    asks: { principal: bob, identityPolicies: [everything], sessionPolicies: [everything] },
    expected: "allowed",
  },
  {
    title: "a federated user whom the resource names",
    source: sessions,
    asks: { principal: bob, resourcePolicy: policy(grant({ AWS: bob.arn })) },
    expected: "allowed",
  },

  // Organisation.
  {
    title: "every level allows",
    source: scps,
    asks: { identityPolicies: [everything], serviceControlPolicies: [[everything], [nothing, everything]] },
    expected: "allowed",
  },
  {
    title: "one level does not allow",
    source: scps,
    asks: { identityPolicies: [everything], serviceControlPolicies: [[everything], [nothing]] },
    expected: "implicit-deny",
  },
  {
    title: "one level has no policy",
    source: scps,
    asks: { identityPolicies: [everything], serviceControlPolicies: [[everything], []] },
    expected: "implicit-deny",
  },
  { title: "no organisation", source: scps, asks: { identityPolicies: [everything], serviceControlPolicies: [] }, expected: "allowed" },
  {
    title: "a level denies",
    source: scps,
    asks: { resourcePolicy: toAlice, serviceControlPolicies: [[everything, policy(deny())]] },
    expected: "explicit-deny",
  },
  {
    title: "a level limits what a resource gives",
    source: scps,
    asks: { resourcePolicy: toAlice, serviceControlPolicies: [[nothing]] },
    expected: "implicit-deny",
  },
  {
    title: "service-linked roles are not bound",
    source: scps,
    asks: {
      principal: { ...session, roleArn: `arn:aws:iam::${account}:role/aws-service-role/batch.amazonaws.com/Reader` },
      identityPolicies: [everything],
      serviceControlPolicies: [[nothing]],
    },
    expected: "allowed",
  },
  {
    title: "services are not bound",
    source: scps,
    asks: { principal: lambda, resourcePolicy: toAnyone, serviceControlPolicies: [[nothing]] },
    expected: "allowed",
  },

  // Across accounts.
  {
    title: "only the other account's resource allows",
    source: crossAccount,
    asks: { ...asStranger, resourcePolicy: toStranger },
    expected: "implicit-deny",
  },
  {
    title: "only the caller's own account allows",
    source: crossAccount,
    asks: { ...asStranger, identityPolicies: [everything] },
    expected: "implicit-deny",
  },
  {
    title: "both allow",
    source: crossAccount,
    asks: { ...asStranger, identityPolicies: [everything], resourcePolicy: toStranger },
    expected: "allowed",
  },
  {
    title: "both allow, the resource by the account",
    source: crossAccount,
    asks: { ...asStranger, identityPolicies: [everything], resourcePolicy: policy(grant({ AWS: otherAccount })) },
    expected: "allowed",
  },
  {
    title: "a public resource still needs the caller's account",
    source: crossAccount,
    asks: { ...asStranger, resourcePolicy: toAnyone },
    expected: "implicit-deny",
  },
  {
    title: "a boundary limits although the resource names the user",
    source: crossAccount,
    asks: { ...asStranger, identityPolicies: [everything], resourcePolicy: toStranger, permissionsBoundaries: [nothing] },
    expected: "implicit-deny",
  },
  {
    title: "a session policy limits although the resource names the session",
    source: crossAccount,
    asks: {
      ...asSession,
      resourceAccountId: otherAccount,
      identityPolicies: [everything],
      resourcePolicy: toSession,
      sessionPolicies: [nothing],
    },
    expected: "implicit-deny",
  },

  // KMS keys.
  {
    title: "a key without a policy for the caller",
    source: keys,
    asks: { ...key, identityPolicies: [everything] },
    expected: "implicit-deny",
  },
  {
    title: "a key whose policy names others",
    source: keys,
    asks: { ...key, identityPolicies: [everything], resourcePolicy: toRole },
    expected: "implicit-deny",
  },
  { title: "a key whose policy names the caller", source: keys, asks: { ...key, resourcePolicy: toAlice }, expected: "allowed" },
  { title: "a key whose policy names the role", source: keys, asks: { ...key, ...asSession, resourcePolicy: toRole }, expected: "allowed" },
  {
    title: "a key left to IAM, which allows",
    source: keys,
    asks: { ...key, identityPolicies: [everything], resourcePolicy: toAccount },
    expected: "allowed",
  },
  { title: "a key left to IAM, which does not", source: keys, asks: { ...key, resourcePolicy: toAccount }, expected: "implicit-deny" },
  {
    title: "a key that leaves only administration to IAM",
    source: keys,
    asks: { ...key, identityPolicies: [everything], resourcePolicy: policy(grant({ AWS: account }, { Action: "kms:Put*" })) },
    expected: "implicit-deny",
  },
  {
    title: "a key that does not name the root user",
    source: keys,
    asks: { ...key, principal: root, resourcePolicy: toAlice },
    expected: "implicit-deny",
  },
  {
    title: "a key of another account",
    source: keys,
    asks: { ...key, ...asStranger, identityPolicies: [everything], resourcePolicy: toStranger },
    expected: "allowed",
  },
  {
    title: "a service that a key's policy names",
    source: keys,
    asks: { ...key, principal: lambda, resourcePolicy: policy(grant({ Service: "lambda.amazonaws.com" })) },
    expected: "allowed",
  },

  // Role trust.
  { title: "a role that trusts nobody", source: trust, asks: { ...role, identityPolicies: [everything] }, expected: "implicit-deny" },
  { title: "a role that trusts the user", source: trust, asks: { ...role, resourcePolicy: toAlice }, expected: "allowed" },
  {
    title: "a role that trusts the account, without IAM",
    source: trust,
    asks: { ...role, resourcePolicy: toAccount },
    expected: "implicit-deny",
  },
  {
    title: "a role that trusts the account, with IAM",
    source: trust,
    asks: { ...role, resourcePolicy: toAccount, identityPolicies: [everything] },
    expected: "allowed",
  },
  {
    title: "a role that trusts the service",
    source: trust,
    asks: { ...role, principal: lambda, resourcePolicy: policy(grant({ Service: "lambda.amazonaws.com" })) },
    expected: "allowed",
  },
  {
    title: "a role does not trust itself by itself",
    source: trust,
    asks: { ...role, ...asSession, identityPolicies: [everything], resourcePolicy: toAlice },
    expected: "implicit-deny",
  },
  {
    title: "another account's user, trusted, without IAM there",
    source: trust,
    asks: { ...role, ...asStranger, resourcePolicy: toStranger },
    expected: "implicit-deny",
  },

  // VPC endpoints.
  { title: "an endpoint with the default policy", source: endpoints, asks: { identityPolicies: [everything] }, expected: "allowed" },
  {
    title: "an endpoint that allows",
    source: endpoints,
    asks: { identityPolicies: [everything], vpcEndpointPolicy: toAccount },
    expected: "allowed",
  },
  {
    title: "an endpoint that allows others",
    source: endpoints,
    asks: { identityPolicies: [everything], vpcEndpointPolicy: toRole },
    expected: "implicit-deny",
  },
  { title: "an endpoint grants nothing", source: endpoints, asks: { vpcEndpointPolicy: toAnyone }, expected: "implicit-deny" },
  {
    title: "an endpoint limits what a resource gives",
    source: endpoints,
    asks: { resourcePolicy: toAlice, vpcEndpointPolicy: toRole },
    expected: "implicit-deny",
  },
  {
    title: "an endpoint denies",
    source: endpoints,
    asks: { resourcePolicy: toAlice, vpcEndpointPolicy: policy(grant("*"), { ...grant("*"), Effect: "Deny" }) },
    expected: "explicit-deny",
  },
];

describe("policies together", () => {
  it.each(cases)("$source: $title", ({ asks, expected }) => {
    expect(ask(asks)).toBe(expected);
  });
});

describe("the answer", () => {
  it("names the statement that denied", () => {
    const decision = evaluate(request({ identityPolicies: [everything, policy(allow(), deny({ Sid: "NoReading" }))] }));
    expect(decision).toMatchObject({
      allowed: false,
      reason: "explicit-deny",
      decidedBy: { policyType: "identity-policy", index: 1, statementIndex: 1, Sid: "NoReading" },
    });
  });

  it("names the statement that allowed, the one that names the caller most closely", () => {
    const resourcePolicy = policy(grant({ AWS: account }), grant({ AWS: alice.arn }, { Sid: "Alice" }));
    expect(evaluate(request({ resourcePolicy })).decidedBy).toMatchObject({
      policyType: "resource-policy",
      statementIndex: 1,
      Sid: "Alice",
    });
  });

  it.each([
    ["identity-policy", {}],
    ["permissions-boundary", { identityPolicies: [everything], permissionsBoundaries: [nothing] }],
    ["session-policy", { principal: session, identityPolicies: [everything], sessionPolicies: [nothing] }],
    ["service-control-policy", { identityPolicies: [everything], serviceControlPolicies: [[nothing]] }],
    ["vpc-endpoint-policy", { identityPolicies: [everything], vpcEndpointPolicy: toRole }],
    ["resource-policy", { ...key, identityPolicies: [everything] }],
  ])("names the %s in which an Allow is missing", (type, asks) => {
    expect(evaluate(request(asks))).toMatchObject({ allowed: false, decidedBy: undefined, missingAllow: type });
  });

  it("refuses a principal that it cannot recognise", () => {
    expect(() => ask({ principal: { arn: "somebody", accountId: account } })).toThrow(/neither an IAM or STS ARN/);
  });
});
