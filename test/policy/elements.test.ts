// The elements of a statement against AWS's reference of them, one page per table.

import { describe, expect, it } from "vitest";
import type { Statement } from "../../policy/document.ts";
import type { EvaluationRequest } from "../../policy/evaluate.ts";
import { account, alice, allow, ask, deny, grant, lambda, otherAccount, policy, readerRole, root, session, stranger } from "./ask.ts";

const guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_";

const actionCases: readonly [title: string, statement: Partial<Statement>, action: string, applies: boolean][] = [
  ["an exact action", { Action: "s3:GetObject" }, "s3:GetObject", true],
  ["another action", { Action: "s3:PutObject" }, "s3:GetObject", false],
  ["case of the prefix", { Action: "S3:GetObject" }, "s3:GetObject", true],
  ["case of the name", { Action: "s3:getobject" }, "s3:GetObject", true],
  ["every action", { Action: "*" }, "s3:GetObject", true],
  ["every action of a service", { Action: "s3:*" }, "s3:GetObject", true],
  ["a service whose name only starts alike", { Action: "s3:*" }, "s3-object-lambda:GetObject", false],
  ["a wildcard at the end", { Action: "iam:List*" }, "iam:ListUsers", true],
  ["a wildcard in the middle", { Action: "iam:*AccessKey*" }, "iam:UpdateAccessKey", true],
  ["a wildcard that stands for nothing", { Action: "iam:ListUsers*" }, "iam:ListUsers", true],
  ["a single-character wildcard", { Action: "iam:ListUser?" }, "iam:ListUsers", true],
  ["a single-character wildcard without its character", { Action: "iam:ListUsers?" }, "iam:ListUsers", false],
  ["one of several", { Action: ["s3:PutObject", "s3:GetObject"] }, "s3:GetObject", true],
  ["NotAction with another action", { NotAction: "iam:*" }, "s3:GetObject", true],
  ["NotAction with that action", { NotAction: ["s3:Put*", "s3:Get*"] }, "s3:GetObject", false],
  ["NotAction in another case", { NotAction: "S3:GETOBJECT" }, "s3:GetObject", false],
];

describe("Action and NotAction", () => {
  it.each(actionCases)(`${guide}action.html: %s`, (_title, statement, action, applies) => {
    const complete: Statement = { Effect: "Allow", Resource: "*", ...statement };
    expect(ask({ action, identityPolicies: [policy(complete)] })).toBe(applies ? "allowed" : "implicit-deny");
    expect(ask({ action, identityPolicies: [policy(allow(), { ...complete, Effect: "Deny" })] })).toBe(
      applies ? "explicit-deny" : "allowed",
    );
  });
});

const resourceCases: readonly [title: string, statement: Partial<Statement>, resource: string, applies: boolean][] = [
  ["an exact ARN", { Resource: "arn:aws:s3:::b/k" }, "arn:aws:s3:::b/k", true],
  ["another case", { Resource: "arn:aws:s3:::b/K" }, "arn:aws:s3:::b/k", false],
  ["a wildcard over slashes", { Resource: "arn:aws:s3:::b/*/test/*" }, "arn:aws:s3:::b/1/2/test/3/o.jpg", true],
  ["a wildcard for nothing between slashes", { Resource: "arn:aws:s3:::b/*/test/*" }, "arn:aws:s3:::b//test/", true],
  ["a part that does not end at the slash", { Resource: "arn:aws:s3:::b/*/test/*" }, "arn:aws:s3:::b/1-test/o.jpg", false],
  ["a bucket is not its objects", { Resource: "arn:aws:s3:::b" }, "arn:aws:s3:::b/k", false],
  ["objects are not the bucket", { Resource: "arn:aws:s3:::b/*" }, "arn:aws:s3:::b", false],
  ["one character", { Resource: "arn:aws:s3:::b/?" }, "arn:aws:s3:::b/kk", false],
  ["any account", { Resource: "arn:aws:iam::*:role/Reader" }, readerRole, true],
  ["any region and account", { Resource: "arn:aws:sqs:*:*:q" }, "arn:aws:sqs:us-east-1:111122223333:q", true],
  ["a wildcard that ends a part reaches over colons", { Resource: "arn:aws:sqs:*:q" }, "arn:aws:sqs:us-east-1:111122223333:q", true],
  ["a wildcard inside a part does not", { Resource: "arn:aws:sqs:us-*1:q" }, "arn:aws:sqs:us-east-1:111122223331:q", false],
  ["a wildcard inside the last part of an ARN cut short", { Resource: "arn:aws:s*q" }, "arn:aws:sqs:us-east-1:111122223333:q", false],
  ["an ARN cut short by a wildcard", { Resource: "arn:aws:sqs:*" }, "arn:aws:sqs:us-east-1:111122223333:q", true],
  [
    "colons within the resource part",
    { Resource: "arn:aws:logs:us-east-1:111122223333:log-group:/keyturn/*:*" },
    "arn:aws:logs:us-east-1:111122223333:log-group:/keyturn/jobs/a:log-stream:x",
    true,
  ],
  ["no resource level", { Resource: "arn:aws:s3:::*" }, "*", false],
  ["no resource level, every resource", { Resource: "*" }, "*", true],
  ["NotResource with another", { NotResource: "arn:aws:s3:::b/*" }, "arn:aws:s3:::c/k", true],
  ["NotResource with that one", { NotResource: ["arn:aws:s3:::c/*", "arn:aws:s3:::b/*"] }, "arn:aws:s3:::b/k", false],
];

describe("Resource and NotResource", () => {
  it.each(resourceCases)(`${guide}resource.html: %s`, (_title, statement, resource, applies) => {
    const complete: Statement = { Effect: "Allow", Action: "*", ...statement };
    expect(ask({ resource, identityPolicies: [policy(complete)] })).toBe(applies ? "allowed" : "implicit-deny");
    expect(ask({ resource, identityPolicies: [policy(allow(), { ...complete, Effect: "Deny" })] })).toBe(
      applies ? "explicit-deny" : "allowed",
    );
  });
});

type Who = EvaluationRequest["principal"];
const provider: Who = { arn: "arn:aws:iam::111122223333:saml-provider/Corp", accountId: account };
const federated: Who = {
  arn: `arn:aws:sts::${account}:federated-user/bob`,
  accountId: account,
  userArn: `arn:aws:iam::${account}:user/bob`,
};
const pathSession: Who = { ...session, roleArn: `arn:aws:iam::${account}:role/team/Reader` };

/** `Deny` is asked for, because an account's principal then counts although it grants nothing by itself. */
const principalCases: readonly [title: string, principal: Statement["Principal"], who: Who, applies: boolean][] = [
  ["everyone", "*", stranger, true],
  ["everyone as AWS", { AWS: "*" }, stranger, true],
  ["everyone is also a service", "*", lambda, true],
  ["an account id", { AWS: account }, alice, true],
  ["an account's root ARN means its users", { AWS: `arn:aws:iam::${account}:root` }, alice, true],
  ["and its sessions", { AWS: `arn:aws:iam::${account}:root` }, session, true],
  ["and its root user", { AWS: account }, root, true],
  ["but no service that acts for it", { AWS: account }, lambda, false],
  ["another account", { AWS: otherAccount }, alice, false],
  ["a user", { AWS: alice.arn }, alice, true],
  ["a user without the path", { AWS: `arn:aws:iam::${account}:user/alice` }, alice, false],
  ["a role means its sessions", { AWS: readerRole }, session, true],
  ["a role with a path, where the path is known", { AWS: `arn:aws:iam::${account}:role/team/Reader` }, pathSession, true],
  ["a role with another path, where the path is known", { AWS: readerRole }, pathSession, false],
  ["a role with a path, where it is not known", { AWS: `arn:aws:iam::${account}:role/team/Reader` }, session, true],
  ["a role of that name elsewhere", { AWS: `arn:aws:iam::${otherAccount}:role/Reader` }, session, false],
  ["another role", { AWS: `arn:aws:iam::${account}:role/Reader2` }, session, false],
  ["the session itself", { AWS: session.arn }, session, true],
  ["another session", { AWS: `arn:aws:sts::${account}:assumed-role/Reader/run-2` }, session, false],
  ["a role given with its session", { AWS: session.arn }, { arn: readerRole, sessionArn: session.arn, accountId: account }, true],
  ["a federated user's session", { AWS: federated.arn }, federated, true],
  ["the user who federated", { AWS: `arn:aws:iam::${account}:user/bob` }, federated, true],
  ["a service", { Service: "lambda.amazonaws.com" }, lambda, true],
  ["one of several services", { Service: ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] }, lambda, true],
  ["another service", { Service: "ecs-tasks.amazonaws.com" }, lambda, false],
  ["an identity provider", { Federated: provider.arn }, provider, true],
  ["another identity provider", { Federated: "cognito-identity.amazonaws.com" }, provider, false],
  ["one of several kinds", { Service: "lambda.amazonaws.com", AWS: alice.arn }, alice, true],
  ["a deleted user's id", { AWS: "AIDAALICE00000000001" }, alice, true],
];

describe("Principal", () => {
  it.each(principalCases)(`${guide}principal.html: %s`, (_title, principal, who, applies) => {
    const resourcePolicy = policy(grant("*"), { ...grant(principal), Effect: "Deny" });
    expect(ask({ principal: who, resourcePolicy, identityPolicies: [policy(allow())] })).toBe(applies ? "explicit-deny" : "allowed");
  });
});

const { Principal: _none, ...denyAll } = grant("*", { Effect: "Deny" });
const notPrincipalCases: readonly [title: string, not: NonNullable<Statement["NotPrincipal"]>, who: Who, denied: boolean][] = [
  ["spares the user it names", { AWS: [alice.arn, `arn:aws:iam::${account}:root`] }, alice, false],
  [
    "denies others of an account named beside one of its users",
    { AWS: [`arn:aws:iam::${account}:user/bob`, `arn:aws:iam::${account}:root`] },
    alice,
    true,
  ],
  [
    "spares the root user of an account named beside one of its users",
    { AWS: [`arn:aws:iam::${account}:user/bob`, `arn:aws:iam::${account}:root`] },
    root,
    false,
  ],
  ["spares the principals of an account named alone", { AWS: account }, alice, false],
  ["denies other accounts", { AWS: account }, stranger, true],
  ["spares a named role's sessions", { AWS: [readerRole, account] }, session, false],
  ["spares a named session", { AWS: [session.arn, readerRole, account] }, session, false],
  ["denies services not named", { AWS: account }, lambda, true],
  ["spares a named service", { Service: "lambda.amazonaws.com" }, lambda, false],
];

describe("NotPrincipal", () => {
  it.each(notPrincipalCases)(`${guide}notprincipal.html: %s`, (_title, NotPrincipal, who, denied) => {
    const resourcePolicy = policy(grant("*"), { ...denyAll, NotPrincipal });
    expect(ask({ principal: who, resourcePolicy, identityPolicies: [policy(allow())] })).toBe(denied ? "explicit-deny" : "allowed");
  });

  it("denies every principal that has a permissions boundary (access_policies_boundaries.html)", () => {
    const resourcePolicy = policy(grant("*"), { ...denyAll, NotPrincipal: { AWS: [alice.arn, account] } });
    expect(ask({ resourcePolicy, permissionsBoundaries: [policy(allow())] })).toBe("explicit-deny");
  });
});

describe("a resource's policy without Resource", () => {
  it("means the resource it is attached to", () => {
    const { Resource: _resource, ...trust } = grant({ AWS: alice.arn }, { Action: "sts:AssumeRole" });
    expect(ask({ action: "sts:AssumeRole", resource: readerRole, resourceKind: "role-trust", resourcePolicy: policy(trust) })).toBe(
      "allowed",
    );
  });
});

describe("an explicit deny", () => {
  it("beats any allow wherever it stands", () => {
    expect(ask({ identityPolicies: [policy(allow(), deny()), policy(allow())] })).toBe("explicit-deny");
  });
});
