// Random questions for evaluation, the same for the same seed: few names, so that policies and requests often meet.

import type { PolicyDocument, Statement } from "../../policy/document.ts";
import type { EvaluationRequest, Principal } from "../../policy/evaluate.ts";

const home = "111122223333";
const abroad = "444455556666";

const principals: readonly Principal[] = [
  { arn: `arn:aws:iam::${home}:user/alice`, accountId: home, userId: "AIDAALICE00000000001", tags: { Team: "red" } },
  { arn: `arn:aws:iam::${home}:user/ops/bob`, accountId: home, userId: "AIDABOB0000000000001" },
  {
    arn: `arn:aws:sts::${home}:assumed-role/Reader/run-1`,
    accountId: home,
    userId: "AROAREADER0000000001:run-1",
    tags: { team: "blue", n: "5" },
  },
  { arn: `arn:aws:sts::${home}:assumed-role/Writer/run-2`, accountId: home, userId: "AROAWRITER0000000001:run-2" },
  { arn: `arn:aws:iam::${abroad}:user/mallory`, accountId: abroad, tags: { Team: "*" } },
  { arn: `arn:aws:iam::${home}:root`, accountId: home },
];

const named = [
  "*",
  home,
  abroad,
  `arn:aws:iam::${home}:root`,
  `arn:aws:iam::${abroad}:root`,
  `arn:aws:iam::${home}:role/Reader`,
  `arn:aws:iam::${home}:role/Writer`,
  ...principals.map(({ arn }) => arn),
];

/** Resource, actions on it, patterns for both. */
const services = [
  {
    resources: ["arn:aws:s3:::reports/2026/11.csv", "arn:aws:s3:::reports/alice/a.txt", "arn:aws:s3:::reports/red", "arn:aws:s3:::logs"],
    actions: ["s3:GetObject", "s3:PutObject", "S3:deleteobject"],
    patterns: [
      "*",
      "arn:aws:s3:::*",
      "arn:aws:s3:::reports/*",
      "arn:aws:s3:::report?/*.csv",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable.
      "arn:aws:s3:::reports/${aws:username}/*",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable.
      "arn:aws:s3:::reports/${aws:PrincipalTag/team, 'red'}",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an escaped wildcard.
      "arn:aws:s3:::reports/${*}",
      "arn:aws:s3:::REPORTS/*",
      "arn:*:s3:::logs",
    ],
    actionPatterns: ["*", "s3:*", "s3:Get*", "s3:?etObject", "S3:PUTOBJECT", "s3:*Object*", "kms:*"],
  },
  {
    resources: [`arn:aws:kms:us-east-1:${home}:key/k1`, `arn:aws:kms:us-east-1:${home}:key/k2`],
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    patterns: ["*", `arn:aws:kms:*:${home}:key/*`, `arn:aws:kms:us-*:*:key/k1`, "arn:aws:kms:*", `arn:aws:kms:us-east-?:${home}:key/k?`],
    actionPatterns: ["*", "kms:Decrypt", "kms:*", "kms:Generate*", "sts:*"],
  },
  {
    resources: [`arn:aws:iam::${home}:role/Reader`, `arn:aws:iam::${home}:role/BatchRoleReport`],
    actions: ["sts:AssumeRole"],
    patterns: ["*", "arn:aws:iam::*:role/BatchRole*", `arn:aws:iam::${home}:role/Reader`, `arn:aws:iam::${home}:role/*`],
    actionPatterns: ["*", "sts:*", "sts:Assume*", "STS:AssumeRole"],
  },
] as const;

type Values = readonly (string | number | boolean)[];

/** Key → values that a request gives, operators with their values. */
const keys: readonly { key: string; given: readonly (string | readonly string[])[]; operators: readonly string[]; wanted: Values }[] = [
  {
    key: "aws:PrincipalTag/Team",
    given: ["red", "Blue"],
    operators: ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable.
    wanted: ["red", "RED", "r*", "${aws:username}", "?lue", "${*}"],
  },
  {
    key: "x:Name",
    given: ["alice", "red", "a*", "", ["alice", "bob"]],
    operators: ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: policy variables.
    wanted: ["${aws:username}", "${aws:PrincipalTag/team, 'nobody'}", "al?ce", "a${*}", "red", "*", "b*"],
  },
  {
    key: "aws:TagKeys",
    given: [["Team", "Owner"], ["team"], [], "", "Owner"],
    operators: [
      "ForAllValues:StringEquals",
      "ForAnyValue:StringEquals",
      "ForAllValues:StringLike",
      "ForAnyValue:StringNotEquals",
      "ForAllValues:StringNotLike",
      "StringEquals",
    ],
    wanted: ["Team", "team", "O*", "Owner"],
  },
  {
    key: "x:Size",
    given: ["5", "5.0", "10", "-1", "many", "1e1"],
    operators: [
      "NumericEquals",
      "NumericNotEquals",
      "NumericLessThan",
      "NumericLessThanEquals",
      "NumericGreaterThan",
      "NumericGreaterThanEquals",
    ],
    wanted: [5, "10", "-1.5", "5.00"],
  },
  {
    key: "aws:CurrentTime",
    given: ["2026-01-01T00:00:00Z", "2026-06-01", "1767225600", "soon"],
    operators: ["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"],
    wanted: ["2026-01-01T00:00:00Z", "1767225600", "2026-03-01T12:00:00+01:00"],
  },
  { key: "aws:MultiFactorAuthPresent", given: ["true", "false", "True"], operators: ["Bool"], wanted: ["true", "false", "TRUE", true] },
  {
    key: "aws:SourceIp",
    given: ["203.0.113.7", "10.0.0.1", "not-an-ip"],
    operators: ["IpAddress", "NotIpAddress"],
    wanted: ["203.0.113.0/24", "10.0.0.1", "0.0.0.0/0"],
  },
  {
    key: "aws:PrincipalArn",
    given: [],
    operators: ["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals", "StringLike"],
    wanted: [`arn:aws:iam::${home}:role/Reader`, `arn:aws:iam::*:user/*`, "*", `arn:aws:iam::${home}:*`],
  },
  { key: "aws:ResourceAccount", given: [], operators: ["StringEquals", "StringNotEquals"], wanted: [home, abroad] },
];

/** 0 ≤ n < 1 (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export function* randomRequests(seed: number): Generator<EvaluationRequest, never> {
  const random = randomFrom(seed);
  const chance = (of: number): boolean => random() < of;
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const some = <T>(list: readonly T[], most: number): T[] => Array.from({ length: 1 + Math.floor(random() * most) }, () => one(list));
  const listOf = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
  const oneOrSome = <T>(list: readonly T[]): T | T[] => (chance(0.5) ? one(list) : some(list, 3));

  const condition = (): NonNullable<Statement["Condition"]> => {
    const { key, operators, wanted } = one(keys);
    const spelt = chance(0.2) ? key.toUpperCase() : key;
    if (chance(0.15)) return { Null: { [spelt]: one(["true", "false", true]) } };
    const base = one(operators);
    const operator = chance(0.25) ? `${base}IfExists` : base;
    return { [operator]: { [spelt]: oneOrSome(wanted) } };
  };
  const conditions = (): Pick<Statement, "Condition"> => {
    if (chance(0.55)) return {};
    return { Condition: chance(0.6) ? condition() : { ...condition(), ...condition() } };
  };

  for (;;) {
    const service = one(services);
    const statement = (isAttached: boolean, denies: number): Statement => {
      const principal = chance(0.85)
        ? { Principal: chance(0.1) ? ("*" as const) : { AWS: oneOrSome(named) } }
        : { NotPrincipal: { AWS: oneOrSome(named.slice(1)) } };
      const resource = chance(0.85) ? { Resource: oneOrSome(service.patterns) } : { NotResource: oneOrSome(service.patterns.slice(1)) };
      return {
        Effect: chance(denies) ? "Deny" : "Allow",
        ...(chance(0.85) ? { Action: oneOrSome(service.actionPatterns) } : { NotAction: oneOrSome(service.actionPatterns.slice(1)) }),
        ...(isAttached && chance(0.2) ? {} : resource),
        ...(isAttached ? principal : {}),
        ...conditions(),
      };
    };
    const document = (isAttached = false, denies = 0.12): PolicyDocument => ({
      ...(chance(0.85) ? { Version: "2012-10-17" } : chance(0.5) ? { Version: "2008-10-17" } : {}),
      Statement: chance(0.3) ? statement(isAttached, denies) : listOf(1 + Math.floor(random() * 3), () => statement(isAttached, denies)),
    });
    const context: Record<string, string | readonly string[]> = {};
    for (const { key, given } of keys) if (given.length > 0 && chance(0.5)) context[chance(0.2) ? key.toLowerCase() : key] = one(given);
    yield {
      principal: one(principals),
      action: one(service.actions),
      resource: one(service.resources),
      resourceAccountId: chance(0.85) ? home : abroad,
      context,
      identityPolicies: listOf(Math.floor(random() * 3), () => document()),
      ...(chance(0.6) ? { resourcePolicy: document(true) } : {}),
      ...(chance(0.3) ? { permissionsBoundaries: listOf(Math.floor(random() * 3), () => document(false, 0.05)) } : {}),
      ...(chance(0.25) ? { sessionPolicies: listOf(Math.floor(random() * 3), () => document(false, 0.05)) } : {}),
      ...(chance(0.25)
        ? { serviceControlPolicies: listOf(Math.floor(random() * 3), () => listOf(Math.floor(random() * 4), () => document(false, 0.05))) }
        : {}),
    };
  }
}
