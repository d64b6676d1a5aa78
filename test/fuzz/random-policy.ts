// Policies as attackers and mistaken people write them: good ones with one thing changed, and texts that are no policy at all.

import fc from "fast-check";
import { oneChange, withOneChange } from "./mutations.ts";
import { nastyTexts } from "./shape-input.ts";

const account = "111122223333";
const oneOrMany = (...values: readonly string[]) =>
  fc.oneof(fc.constantFrom(...values), fc.array(fc.constantFrom(...values, ...nastyTexts.slice(0, 12)), { maxLength: 3 }));

const operators = [
  "StringEquals",
  "StringLike",
  "NumericLessThan",
  "DateGreaterThan",
  "Bool",
  "BinaryEquals",
  "IpAddress",
  "NotIpAddress",
  "ArnLike",
  "Null",
];
const quantified = operators.flatMap((name) => [name, `${name}IfExists`, `ForAllValues:${name}`, `ForAnyValue:${name}IfExists`]);
const variable = `\${aws:username, 'nobody'}\${*}\${$}`;
const values = oneOrMany(
  "true",
  "1",
  "1e400",
  "2026-01-01T00:00:00Z",
  "10.0.0.0/8",
  "::/0",
  "300.1.1.1/99",
  "*",
  variable,
  "${aws:",
  "AAAA",
  account,
);

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ Action: oneOrMany("*", "s3:GetObject", "sts:AssumeRole", "kms:*", "s3:***?*a*?*b", "s3") }) },
  { weight: 1, arbitrary: fc.record({ NotAction: oneOrMany("iam:*") }) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const resource = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      Resource: oneOrMany(
        "*",
        "arn:aws:s3:::a-bucket/*",
        `arn:aws:s3:::${variable}/x`,
        `arn:\${aws:username}:s3:::x`,
        "arn:aws:iam::*:user/*",
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ NotResource: oneOrMany("arn:aws:s3:::other/*") }) },
  { weight: 2, arbitrary: fc.constant({}) },
);
const principalKinds = fc.constantFrom("AWS", "Service", "Federated", "CanonicalUser", "__proto__", "x");
const principal = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ Principal: "*" }) },
  { weight: 1, arbitrary: fc.constant({ NotPrincipal: { AWS: account } }) },
  {
    weight: 2,
    arbitrary: fc.record({
      Principal: fc.dictionary(principalKinds, oneOrMany("*", account, `arn:aws:iam::${account}:root`, "states.amazonaws.com"), {
        maxKeys: 2,
      }),
    }),
  },
);
const conditionKeys = fc.constantFrom("aws:username", "aws:CurrentTime", "aws:SourceIp", "aws:TagKeys", "__proto__", "", "x:y");
const condition = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.record({
      Condition: fc.dictionary(
        fc.constantFrom(...quantified, "__proto__", "Nonsense"),
        fc.dictionary(conditionKeys, values, { maxKeys: 2 }),
        {
          maxKeys: 2,
        },
      ),
    }),
  },
);
const head = fc.record({ Sid: fc.constantFrom("One", "", "a b"), Effect: fc.constantFrom("Allow", "Deny") }, { requiredKeys: ["Effect"] });
const statement = fc.tuple(head, action, resource, principal, condition).map((parts): object => Object.assign({}, ...parts));

const document = fc.record(
  {
    Version: fc.constantFrom("2012-10-17", "2008-10-17", "2020-01-01"),
    Id: fc.constantFrom("id", ""),
    Statement: fc.oneof(statement, fc.array(statement, { maxLength: 3 })),
  },
  { requiredKeys: ["Version", "Statement"] },
);

const spoiled = fc.tuple(document, oneChange).map(([good, { at, ...change }]) => withOneChange(good, at, change));

/** Text that is given as a policy. */
export const policyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: document.map((value) => JSON.stringify(value)) },
  { weight: 5, arbitrary: spoiled.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...nastyTexts,
      "null",
      "[]",
      "1",
      '"x"',
      "[".repeat(5000),
      '{"Statement":'.repeat(2000),
      '{"Statement":[null]}',
    ),
  },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
);
