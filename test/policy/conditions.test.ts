// Condition operators and policy variables against AWS's reference of them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like template placeholders

import { afterEach, describe, expect, it, vi } from "vitest";
import type { Statement } from "../../policy/document.ts";
import type { EvaluationRequest } from "../../policy/evaluate.ts";
import { account, alice, allow, ask, root, session } from "./ask.ts";

const operatorsPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html";
const setsPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html";
const variablesPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html";
const keysPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html";

type Condition = NonNullable<Statement["Condition"]>;
type Context = EvaluationRequest["context"];

const holds = (Condition: Condition, context: Context, changes: Partial<EvaluationRequest> = {}): boolean =>
  ask({ context, identityPolicies: [{ Version: "2012-10-17", Statement: allow({ Condition }) }], ...changes }) === "allowed";

type Values = string | number | boolean | readonly string[];
type Case = readonly [operator: string, policy: Values, request: string | readonly string[] | undefined, expected: boolean];

const singleValued: readonly Case[] = [
  ["StringEquals", "a", "a", true],
  ["StringEquals", "a", "A", false],
  ["StringEquals", "a*", "ab", false],
  ["StringEquals", ["a", "b"], "b", true],
  ["StringEquals", "a", undefined, false],
  ["StringEquals", 443, "443", true],
  ["StringEquals", true, "true", true],
  ["StringEqualsIfExists", "a", undefined, true],
  ["StringEqualsIfExists", "a", "b", false],
  ["StringNotEquals", "a", "b", true],
  ["StringNotEquals", ["a", "b"], "b", false],
  ["StringNotEquals", "a", undefined, true],
  ["StringNotEqualsIfExists", "a", undefined, true],
  ["StringEqualsIgnoreCase", "Alpha", "aLPHA", true],
  ["StringNotEqualsIgnoreCase", "Alpha", "aLPHA", false],
  ["StringNotEqualsIgnoreCase", "Alpha", undefined, true],
  ["StringLike", "home/*/x", "home/a/b/x", true],
  ["StringLike", "home/?", "home/ab", false],
  ["StringLike", "HOME/*", "home/a", false],
  ["StringLike", "", "", true],
  ["StringLike", "*", "", true],
  ["StringLike", "*", undefined, false],
  ["StringNotLike", "home/*", "home/a", false],
  ["StringNotLike", ["home/*", "tmp/*"], "var/a", true],
  ["StringNotLike", "home/*", undefined, true],
  ["NumericEquals", "10", "10.0", true],
  ["NumericEquals", 10, "10", true],
  ["NumericEquals", "10", "ten", false],
  ["NumericNotEquals", "10", "11", true],
  ["NumericNotEquals", "10", undefined, true],
  ["NumericLessThan", "900", "899", true],
  ["NumericLessThan", "900", "900", false],
  ["NumericLessThan", "900", undefined, false],
  ["NumericLessThanIfExists", "900", undefined, true],
  ["NumericLessThanEquals", "10", "10", true],
  ["NumericLessThanEquals", "10", "9", true],
  ["NumericGreaterThan", "9", "10", true],
  ["NumericGreaterThan", "-1", "0", true],
  ["NumericGreaterThanEquals", "10", "9.99", false],
  ["DateEquals", "2026-11-21T00:00:00Z", "2026-11-21T01:00:00+01:00", true],
  ["DateEquals", "2026-11-21", "2026-11-21T00:00:00Z", true],
  ["DateNotEquals", "2026-11-21T00:00:00Z", "2026-11-21T00:00:01Z", true],
  ["DateNotEquals", "2026-11-21T00:00:00Z", undefined, true],
  ["DateLessThan", "2026-11-21T00:00:00Z", "2026-11-20T23:59:59.999Z", true],
  ["DateLessThan", "1795219200", "2026-11-20T23:59:59Z", true],
  ["DateLessThanEquals", "2026-11-21T00:00:00Z", "1795219200", true],
  ["DateGreaterThan", "2026-11-21T00:00:00Z", "1795219201", true],
  ["DateGreaterThan", "2026-11-21T00:00:00", "2026-11-21T00:00:01Z", true],
  ["DateGreaterThanEquals", "2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z", false],
  ["DateGreaterThanEquals", "2026-11-21T00:00:00Z", "yesterday", false],
  ["Bool", "true", "true", true],
  ["Bool", true, "true", true],
  ["Bool", "True", "true", true],
  ["Bool", "true", "True", true],
  ["Bool", "false", "true", false],
  ["Bool", "false", undefined, false],
  ["BoolIfExists", "false", undefined, true],
  ["BoolIfExists", "true", "false", false],
  ["BinaryEquals", "QmluYXJ5", "QmluYXJ5", true],
  ["BinaryEquals", "QmluYXJ5", "qmluYXJ5", false],
  ["BinaryEquals", "QQ==", "QQ", true],
  ["IpAddress", "203.0.113.0/24", "203.0.113.200", true],
  ["IpAddress", "203.0.113.0/24", "203.0.114.1", false],
  ["IpAddress", "203.0.113.7", "203.0.113.7", true],
  ["IpAddress", "203.0.113.7/24", "203.0.113.9", true],
  ["IpAddress", "0.0.0.0/0", "198.51.100.1", true],
  ["IpAddress", "0.0.0.0/0", "2001:db8::1", false],
  ["IpAddress", "0.0.0.0/0", "::1", false],
  ["IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:9::1", true],
  ["IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", false],
  ["IpAddress", "::/0", "2001:db8::1", true],
  ["IpAddress", "::ffff:203.0.113.0/120", "::ffff:203.0.113.9", true],
  ["IpAddress", "10.0.0.0/8", "not an address", false],
  ["IpAddress", "10.0.0.0/8", undefined, false],
  ["NotIpAddress", "10.0.0.0/8", "10.1.2.3", false],
  ["NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], "172.16.0.1", true],
  ["NotIpAddress", "10.0.0.0/8", undefined, true],
  ["ArnEquals", "arn:aws:sns:us-east-1:111122223333:t", "arn:aws:sns:us-east-1:111122223333:t", true],
  ["ArnEquals", "arn:aws:sns:*:111122223333:t", "arn:aws:sns:us-east-1:111122223333:t", true],
  ["ArnLike", "arn:aws:sns:us-east-1:111122223333:t*", "arn:aws:sns:us-east-1:111122223333:topic:a", true],
  ["ArnLike", "arn:aws:sns:us-east-1:*:T", "arn:aws:sns:us-east-1:111122223333:t", false],
  ["ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:111122223333:t", false],
  ["ArnLike", "arn:aws:iam::111122223333:role/?eader", "arn:aws:iam::111122223333:role/Reader", true],
  ["ArnLike", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/team/Reader", true],
  ["ArnLike", "arn:aws:s3:::b", undefined, false],
  ["ArnLike", "arn:aws:s3:::b", "b", false],
  ["ArnNotEquals", "arn:aws:s3:::b", "arn:aws:s3:::c", true],
  ["ArnNotLike", "arn:aws:s3:::*", "arn:aws:s3:::c", false],
  ["ArnNotLike", "arn:aws:s3:::*", undefined, true],
  ["Null", "true", undefined, true],
  ["Null", "true", "x", false],
  ["Null", "false", "x", true],
  ["Null", false, undefined, false],
  ["Null", "true", [], true],
];

describe("condition operators", () => {
  it.each(singleValued)(`${operatorsPage}: %s %j with %j is %s`, (operator, values, requested, expected) => {
    expect(holds({ [operator]: { "test:Key": values } }, requested === undefined ? {} : { "test:Key": requested })).toBe(expected);
  });
});

describe("a date-time without a zone", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each(["America/New_York", "Asia/Tokyo"])("is UTC on a machine in %s too", (zone) => {
    vi.stubEnv("TZ", zone);
    expect(holds({ DateEquals: { "test:Key": "2026-11-21T00:00:00" } }, { "test:Key": "2026-11-21T00:00:00Z" })).toBe(true);
  });
});

const manyValued: readonly Case[] = [
  ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
  ["ForAllValues:StringEquals", ["a", "b", "c"], ["a"], true],
  ["ForAllValues:StringEquals", ["a"], ["a", "b"], false],
  ["ForAllValues:StringEquals", ["a"], undefined, true],
  ["ForAllValues:StringEquals", ["a"], [], true],
  ["ForAllValues:StringEquals", ["a"], "", true],
  ["ForAllValues:StringEquals", ["a"], "a", true],
  ["ForAllValues:StringLike", ["team-*"], ["team-a", "x"], false],
  ["ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], true],
  ["ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], false],
  ["ForAllValues:StringNotEquals", ["a"], undefined, true],
  ["ForAnyValue:StringEquals", ["a", "b"], ["b", "c"], true],
  ["ForAnyValue:StringEquals", ["a"], ["b", "c"], false],
  ["ForAnyValue:StringEquals", ["a"], undefined, false],
  ["ForAnyValue:StringEquals", ["a"], "", false],
  ["ForAnyValue:StringEqualsIfExists", ["a"], undefined, true],
  ["ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true],
  ["ForAnyValue:StringNotEquals", ["a"], ["a"], false],
  ["ForAnyValue:StringNotEquals", ["a"], undefined, false],
  ["ForAnyValue:ArnLike", ["arn:aws:s3:::b*"], ["arn:aws:s3:::c", "arn:aws:s3:::bb"], true],
  ["ForAnyValue:NumericLessThan", ["10"], ["20", "5"], true],
  ["ForAllValues:IpAddress", ["10.0.0.0/8"], ["10.0.0.1", "10.0.0.2"], true],
  ["StringEquals", ["a"], ["a"], true],
  ["StringEquals", ["a"], ["a", "b"], false],
  ["StringNotEquals", ["c"], ["a", "b"], false],
];

describe("set operators", () => {
  it.each(manyValued)(`${setsPage}: %s %j with %j is %s`, (operator, values, requested, expected) => {
    expect(holds({ [operator]: { "test:Keys": values } }, requested === undefined ? {} : { "test:Keys": requested })).toBe(expected);
  });
});

describe("a Condition block", () => {
  it.each([
    ["both keys of an operator", { a: "1", b: "2" }, true],
    ["only one key of an operator", { a: "1" }, false],
  ])("needs every key of an operator (%s)", (_title, context, expected) => {
    expect(holds({ StringEquals: { a: "1", b: "2" } }, context)).toBe(expected);
  });

  it("needs every operator", () => {
    expect(holds({ StringEquals: { a: "1" }, Bool: { b: "true" } }, { a: "1", b: "true" })).toBe(true);
    expect(holds({ StringEquals: { a: "1" }, Bool: { b: "true" } }, { a: "1", b: "false" })).toBe(false);
  });

  it("ignores the case of key names, not of values", () => {
    expect(holds({ StringEquals: { "AWS:sourcevpce": "vpce-1" } }, { "aws:SourceVpce": "vpce-1" })).toBe(true);
    expect(holds({ StringEquals: { "aws:SourceVpce": "VPCE-1" } }, { "aws:SourceVpce": "vpce-1" })).toBe(false);
  });
});

describe("aws:MultiFactorAuthPresent of long-term keys", () => {
  it.each([
    ["is not true", { Bool: { "aws:MultiFactorAuthPresent": "true" } }, false],
    ["is not false", { Bool: { "aws:MultiFactorAuthPresent": "false" } }, false],
    ["satisfies BoolIfExists false", { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } }, true],
    ["is null", { Null: { "aws:MultiFactorAuthPresent": "true" } }, true],
  ])(`${keysPage}#condition-keys-multifactorauthpresent: %s`, (_title, condition: Condition, expected) => {
    expect(holds(condition, {})).toBe(expected);
  });
});

const variables: readonly [title: string, resource: string, expected: boolean, context?: Context][] = [
  ["is filled in", "arn:aws:s3:::home/${aws:username}/*", true],
  ["ignores the case of the key", "arn:aws:s3:::home/${AWS:UserName}/*", true],
  ["takes the default when the key is absent", "arn:aws:s3:::home/${aws:PrincipalTag/team, 'alice'}/*", true],
  ["does not take the default when the key is there", "arn:aws:s3:::home/${aws:username, 'bob'}/*", true],
  ["ignores space around the default", "arn:aws:s3:::home/${ aws:PrincipalTag/team ,  'alice' }/*", true],
  ["without a value matches nothing", "arn:aws:s3:::home/${aws:PrincipalTag/team}*", false],
  ["with several values matches nothing", "arn:aws:s3:::home/${x:Many}/*", false, { "x:Many": ["alice", "bob"] }],
  ["has no wildcards in its value", "arn:aws:s3:::home/${x:One}/*", false, { "x:One": "*" }],
  ["writes a plain asterisk", "arn:aws:s3:::home/${*}", false],
  ["writes a plain question mark", "arn:aws:s3:::home/alic${?}/a", false],
];

describe("policy variables", () => {
  it.each(variables)(`${variablesPage}: a variable %s`, (_title, Resource, expected, context = {}) => {
    const identityPolicies = [{ Version: "2012-10-17", Statement: allow({ Resource }) }];
    expect(ask({ resource: "arn:aws:s3:::home/alice/a", context, identityPolicies }) === "allowed").toBe(expected);
  });

  it("write the special characters themselves", () => {
    const identityPolicies = [{ Version: "2012-10-17", Statement: allow({ Resource: "arn:aws:s3:::b/${*}${?}${$}{x}" }) }];
    expect(ask({ resource: "arn:aws:s3:::b/*?${x}", identityPolicies })).toBe("allowed");
  });

  it("are plain text under version 2008-10-17, which is the default", () => {
    const statement = allow({ Resource: "arn:aws:s3:::home/${aws:username}" });
    for (const identityPolicies of [[{ Statement: statement }], [{ Version: "2008-10-17", Statement: statement }]]) {
      expect(ask({ resource: "arn:aws:s3:::home/alice", identityPolicies })).toBe("implicit-deny");
      expect(ask({ resource: "arn:aws:s3:::home/${aws:username}", identityPolicies })).toBe("allowed");
    }
  });

  it.each([
    ["StringEquals", "${aws:username}", "alice", true],
    ["StringLike", "${aws:username}-*", "alice-1", true],
    ["StringNotEquals", "${aws:username}", "bob", true],
    ["StringNotEquals", "${aws:username}", "alice", false],
    ["StringNotEquals", "${no:Such}", "alice", false],
    ["StringEqualsIgnoreCase", "${aws:username}", "ALICE", true],
    ["ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:user/*", `arn:aws:iam::${account}:user/x`, true],
  ])(`${variablesPage}: stand in %s %s`, (operator, value, requested, expected) => {
    expect(holds({ [operator]: { "test:Key": value } }, { "test:Key": requested })).toBe(expected);
  });

  it("make NotResource miss the statement when they have no value", () => {
    const { Resource: _resource, ...rest } = allow();
    const identityPolicies = [{ Version: "2012-10-17", Statement: { ...rest, NotResource: "arn:aws:s3:::${no:Such}/*" } }];
    expect(ask({ identityPolicies })).toBe("implicit-deny");
  });
});

const implied: readonly [key: string, value: string, principal: EvaluationRequest["principal"], expected: boolean][] = [
  ["aws:PrincipalArn", alice.arn, alice, true],
  ["aws:PrincipalArn", `arn:aws:iam::${account}:role/Reader`, session, true],
  ["aws:PrincipalArn", session.arn, session, false],
  [
    "aws:PrincipalArn",
    `arn:aws:iam::${account}:role/team/Reader`,
    { ...session, roleArn: `arn:aws:iam::${account}:role/team/Reader` },
    true,
  ],
  ["aws:PrincipalAccount", account, session, true],
  ["aws:PrincipalType", "User", alice, true],
  ["aws:PrincipalType", "AssumedRole", session, true],
  ["aws:PrincipalType", "Account", root, true],
  ["aws:username", "alice", alice, true],
  ["aws:username", "Reader", session, false],
  ["aws:userid", "AROAREADER0000000001:run-1", session, true],
  ["aws:PrincipalTag/Team", "red", { ...alice, tags: { team: "red" } }, true],
  ["aws:PrincipalIsAWSService", "false", alice, true],
  ["aws:SourceAccount", account, alice, false],
];

describe("keys that the principal implies", () => {
  it.each(implied)(`${keysPage}: %s is %s`, (key, value, principal, expected) => {
    const condition = { StringEquals: { [key]: value } };
    const { Principal: _principal, ...statement } = allow({ Condition: condition });
    const resourcePolicy = { Version: "2012-10-17", Statement: { ...statement, Principal: "*" as const } };
    const resourceAccountId = "999999999999";
    const everything = [{ Version: "2012-10-17", Statement: allow() }];
    expect(ask({ principal, resourcePolicy, resourceAccountId, identityPolicies: everything }) === "allowed").toBe(expected);
  });

  it("give way to what the context says", () => {
    expect(holds({ StringEquals: { "aws:username": "carol" } }, { "AWS:Username": "carol" })).toBe(true);
  });
});
