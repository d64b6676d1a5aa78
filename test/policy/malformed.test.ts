// What AWS would not store is refused with the statement named, never skipped.

import { describe, expect, it } from "vitest";
import { MalformedPolicy } from "../../policy/malformed.ts";
import { type PolicyUse, parsePolicy } from "../../policy/parse.ts";
import { allow, ask, everything, grant, policy } from "./ask.ts";

/** A policy of one statement, as it might come from outside. */
const single = (statement: object, rest: object = {}): string => JSON.stringify({ Version: "2012-10-17", ...rest, Statement: [statement] });
const condition = (block: unknown): string => single({ ...allow(), Condition: block });

const refused: readonly [title: string, use: PolicyUse, text: string, message: RegExp][] = [
  ["no JSON", "identity-policy", "{", /not valid JSON/],
  ["a list", "identity-policy", "[]", /must be an object/],
  ["a document without statements", "identity-policy", "{}", /Missing required field Statement/],
  ["an empty list of statements", "identity-policy", '{"Statement":[]}', /no statement/],
  ["an unknown version", "identity-policy", single(allow(), { Version: "2012-10-18" }), /must be version 2012-10-17 or greater/],
  ["an unknown element of the document", "identity-policy", single(allow(), { Comment: "x" }), /unknown element "Comment"/],
  [
    "a repeated element",
    "identity-policy",
    '{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}',
    /"Effect" stands twice/,
  ],
  ["a statement that is no object", "identity-policy", '{"Statement":["x"]}', /statement 1/],
  [
    "an unknown element",
    "identity-policy",
    single({ ...allow(), Sid: "A", Conditions: {} }),
    /unknown element "Conditions".*statement 1 "A"/,
  ],
  ["a missing effect", "identity-policy", single({ Action: "*", Resource: "*" }), /Invalid effect: missing/],
  ["an unknown effect", "identity-policy", single({ ...allow(), Effect: "allow" }), /Invalid effect: "allow"/],
  ["no action", "identity-policy", single({ Effect: "Allow", Resource: "*" }), /must contain actions/],
  ["an empty list of actions", "identity-policy", single({ ...allow(), Action: [] }), /must contain actions/],
  ["Action beside NotAction", "identity-policy", single({ ...allow(), NotAction: "s3:*" }), /Action and NotAction exclude each other/],
  ["an action without its service", "identity-policy", single({ ...allow(), Action: "GetObject" }), /prefaced by a vendor/],
  ["an action that is no string", "identity-policy", single({ ...allow(), Action: 1 }), /string or a list of strings/],
  ["no resource", "identity-policy", single({ Effect: "Allow", Action: "*" }), /must contain resources/],
  ["Resource beside NotResource", "identity-policy", single({ ...allow(), NotResource: "*" }), /exclude each other/],
  ["a resource that is no ARN", "identity-policy", single({ ...allow(), Resource: "reports" }), /must be in ARN format or "\*"/],
  [
    "a variable in the account of an ARN",
    "identity-policy",
    single({ ...allow(), Resource: "arn:aws:iam::$" + "{aws:PrincipalAccount}:role/x" }),
    /before the resource part/,
  ],
  ["a variable that is not closed", "identity-policy", single({ ...allow(), Resource: "arn:aws:s3:::$" + "{aws:username" }), /not closed/],
  ["an empty variable", "identity-policy", single({ ...allow(), Resource: "arn:aws:s3:::$" + "{}" }), /not of the form/],
  [
    "a default without quotes",
    "identity-policy",
    single({ ...allow(), Resource: "arn:aws:s3:::$" + "{aws:username, x}" }),
    /not of the form/,
  ],
  ["a principal in an identity policy", "identity-policy", single(grant("*")), /should not specify a principal/],
  ["a principal in a session policy", "session-policy", single(grant("*")), /should not specify a principal/],
  ["a resource's policy without principal", "resource-policy", single(allow()), /Missing required field Principal/],
  ["an unknown kind of principal", "resource-policy", single(grant({ User: "x" })), /unknown kind "User"/],
  [
    "a wildcard in a principal's ARN",
    "resource-policy",
    single(grant({ AWS: "arn:aws:iam::111122223333:role/*" })),
    /Invalid principal in policy/,
  ],
  ["a group as principal", "resource-policy", single(grant({ AWS: "arn:aws:iam::111122223333:group/g" })), /Invalid principal in policy/],
  ["an empty principal", "resource-policy", single(grant({})), /Invalid principal in policy/],
  ["Principal beside NotPrincipal", "resource-policy", single({ ...grant("*"), NotPrincipal: "*" }), /exclude each other/],
  ["an unknown operator", "identity-policy", condition({ StringMatches: { a: "b" } }), /Invalid Condition type : StringMatches/],
  ["an unknown set operator", "identity-policy", condition({ "ForSomeValues:StringEquals": { a: "b" } }), /Invalid Condition type/],
  ["Null with IfExists", "identity-policy", condition({ NullIfExists: { a: "true" } }), /Invalid Condition type : NullIfExists/],
  ["a number that is none", "identity-policy", condition({ NumericLessThan: { a: "ten" } }), /"ten" is not a number/],
  ["a date that is none", "identity-policy", condition({ DateLessThan: { a: "tomorrow" } }), /"tomorrow" is not a date/],
  ["a truth value that is none", "identity-policy", condition({ Bool: { a: "yes" } }), /"yes" is not "true" or "false"/],
  ["an address that is none", "identity-policy", condition({ IpAddress: { a: "10.0.0.0/33" } }), /not an IP address/],
  ["binary that is not base64", "identity-policy", condition({ BinaryEquals: { a: "?" } }), /not base64/],
  ["a condition that is no map", "identity-policy", condition(["x"]), /must be a map of operators/],
  [
    "a condition value that is an object",
    "identity-policy",
    condition({ StringEquals: { a: { b: "c" } } }),
    /strings, numbers or booleans/,
  ],
  ["two statements of one Sid", "identity-policy", JSON.stringify(policy(allow({ Sid: "A" }), allow({ Sid: "A" }))), /must be unique/],
  ["a Sid with a space", "identity-policy", single(allow({ Sid: "A b" })), /alpha-numeric/],
  ["a trust policy with a resource", "role-trust", single(grant("*", { Action: "sts:AssumeRole" })), /prohibited field Resource/],
  [
    "a trust policy for another service",
    "role-trust",
    single({ Effect: "Allow", Principal: "*", Action: "s3:GetObject" }),
    /only specify STS AssumeRole actions/,
  ],
];

describe("parsePolicy", () => {
  it.each(refused)("refuses %s", (_title, use, text, message) => {
    expect(() => parsePolicy(text, use)).toThrow(MalformedPolicy);
    expect(() => parsePolicy(text, use)).toThrow(message);
  });

  it.each<[PolicyUse, string]>([
    ["identity-policy", single(allow({ Sid: "Ok1" }))],
    ["resource-policy", single(grant("*", { Sid: "with a space" }), { Id: "id" })],
    [
      "role-trust",
      single({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] }),
    ],
    ["vpc-endpoint-policy", single(grant("*"))],
    ["service-control-policy", single(allow())],
    ["identity-policy", '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":["{\\"","a:"]}}}}'],
  ])("accepts a good %s and returns it unchanged", (use, text) => {
    expect(parsePolicy(text, use)).toEqual(JSON.parse(text));
  });
});

describe("evaluate", () => {
  it("refuses a malformed statement even where another would have allowed", () => {
    const broken = JSON.parse(condition({ StringMatches: { a: "b" } }));
    expect(() => ask({ identityPolicies: [everything, broken] })).toThrow(/Invalid Condition type : StringMatches \(in statement 1\)/);
  });

  it("names the statement by number and Sid", () => {
    const broken = JSON.parse(single({ ...allow(), Sid: "Broken", Effect: "Maybe" }));
    expect(() => ask({ identityPolicies: [broken] })).toThrow(/in statement 1 "Broken"/);
  });
});
