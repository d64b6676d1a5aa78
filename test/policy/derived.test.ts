// What evaluation concludes from the principal, the action and the resource where the request does not say it.

import { describe, expect, it } from "vitest";
import { account, alice, allow, ask, everything, grant, otherAccount, policy, readerRole, root, session } from "./ask.ts";

const bob = { arn: `arn:aws:sts::${account}:federated-user/bob`, accountId: account };
const when = (key: string, value: string) => [policy(allow({ Condition: { StringEquals: { [key]: value } } }))];

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html, "Principal key values"
describe("condition keys", () => {
  it.each([
    ["aws:ResourceAccount is the resource's", { identityPolicies: when("aws:ResourceAccount", account) }, "allowed"],
    ["aws:ResourceAccount is no other", { identityPolicies: when("aws:ResourceAccount", otherAccount) }, "implicit-deny"],
    [
      "aws:ResourceAccount as supplied comes first",
      { identityPolicies: when("aws:ResourceAccount", otherAccount), context: { "AWS:resourceaccount": otherAccount } },
      "allowed",
    ],
    [
      "aws:userid of a federated user is account and name",
      { principal: bob, identityPolicies: when("aws:userid", `${account}:bob`), sessionPolicies: [everything] },
      "allowed",
    ],
    [
      "aws:userid of the root user is the account",
      {
        principal: root,
        identityPolicies: [],
        serviceControlPolicies: [when("aws:userid", account)],
      },
      "allowed",
    ],
  ])("%s", (_title, asks, expected) => {
    expect(ask(asks)).toBe(expected);
  });
});

const key = { action: "kms:Decrypt", resource: `arn:aws:kms:us-east-1:${account}:key/k`, identityPolicies: [everything] };
const trust = { action: "sts:AssumeRole", resource: readerRole, identityPolicies: [everything] };

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html and id_roles_update-role-trust-policy.html
describe("resources whose own policy must allow", () => {
  it.each([
    ["a key without a word for the caller", key, "implicit-deny"],
    ["a key that leaves it to the account", { ...key, resourcePolicy: policy(grant({ AWS: account })) }, "allowed"],
    ["a key that names the caller", { ...key, identityPolicies: [], resourcePolicy: policy(grant({ AWS: alice.arn })) }, "allowed"],
    ["a key, where its policy is not in question", { ...key, resourceKind: "other" as const }, "allowed"],
    ["an action on keys that has no key", { ...key, action: "kms:ListKeys", resource: "*" }, "allowed"],
    ["a role without a word for the caller", trust, "implicit-deny"],
    ["a role that leaves it to the account", { ...trust, resourcePolicy: policy(grant({ AWS: account })) }, "allowed"],
    ["a role that trusts another session", { ...trust, resourcePolicy: policy(grant({ AWS: session.arn })) }, "implicit-deny"],
    ["something else done to a role", { ...trust, action: "iam:GetRole" }, "allowed"],
  ])("%s", (_title, asks, expected) => {
    expect(ask(asks)).toBe(expected);
  });
});
