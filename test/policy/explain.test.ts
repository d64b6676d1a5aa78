// The lines that tell a person whether something is allowed, and why.

import { describe, expect, it } from "vitest";
import { explain } from "../../policy/explain.ts";
import { account, alice, allow, deny, everything, grant, nothing, policy, request, root, session } from "./ask.ts";

describe("explain", () => {
  it("says of every statement whether it applies, and if not, which element misses", () => {
    const lines = explain(
      request({
        identityPolicies: [
          policy(
            allow({ Sid: "Other", Action: ["iam:Get*", "iam:List*"] }),
            allow({ Resource: "arn:aws:s3:::other/*" }),
            allow({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }),
            deny({ Sid: "Spare", Condition: { StringNotEquals: { "aws:username": ["alice", "bob"] } } }),
          ),
        ],
        resourcePolicy: policy(grant({ Service: "lambda.amazonaws.com" }), grant({ AWS: alice.arn }, { Sid: "Alice" })),
      }),
    );
    expect(lines).toEqual([
      `${alice.arn} s3:GetObject on arn:aws:s3:::reports/2026/11.csv: allowed by resource policy, statement 2 "Alice"`,
      `does not apply  resource policy, statement 1 (Allow): Principal Service lambda.amazonaws.com does not mean ${alice.arn}`,
      'allows          resource policy, statement 2 "Alice" (Allow)',
      'does not apply  identity policy 1, statement 1 "Other" (Allow): Action iam:Get*, iam:List* does not cover s3:GetObject',
      "does not apply  identity policy 1, statement 2 (Allow): Resource arn:aws:s3:::other/* does not cover arn:aws:s3:::reports/2026/11.csv",
      "does not apply  identity policy 1, statement 3 (Allow): Condition Bool aws:MultiFactorAuthPresent true does not hold: the request has no such key",
      'does not apply  identity policy 1, statement 4 "Spare" (Deny): Condition StringNotEquals aws:username alice, bob does not hold: the request has alice',
    ]);
  });

  it.each([
    ["denied: no identity policy of the principal allows it", {}],
    ["denied explicitly by identity policy 1, statement 1", { identityPolicies: [policy(deny())] }],
    [
      "denied: a level of the organisation has no service control policy that allows it",
      { identityPolicies: [everything], serviceControlPolicies: [[nothing]] },
    ],
    [
      'denied explicitly by service control policy 1 of level 2, statement 1 "No"',
      { identityPolicies: [everything], serviceControlPolicies: [[everything], [policy(deny({ Sid: "No" }))]] },
    ],
    [
      "denied: the principal's permissions boundary does not allow it",
      { identityPolicies: [everything], permissionsBoundaries: [nothing] },
    ],
    [
      "denied: no session policy of the session allows it",
      { principal: session, identityPolicies: [everything], sessionPolicies: [nothing] },
    ],
    ["denied: the resource's own policy does not allow it", { identityPolicies: [everything], resourceKind: "kms-key" as const }],
    [
      "denied: the VPC endpoint's policy does not allow it",
      { identityPolicies: [everything], vpcEndpointPolicy: policy(grant({ AWS: "444455556666" })) },
    ],
    ["allowed by the root user's full access", { principal: root }],
  ])("concludes %s", (conclusion, asks) => {
    expect(explain(request(asks))[0]?.endsWith(`: ${conclusion}`)).toBe(true);
  });

  it("names the exclusions of Not elements", () => {
    const resourcePolicy = policy({ Effect: "Deny", NotPrincipal: { AWS: account }, Action: "*", Resource: "*" });
    const identityPolicies = [
      policy({ Effect: "Allow", NotAction: "s3:*", Resource: "*" }, { Effect: "Allow", Action: "*", NotResource: "*" }),
    ];
    expect(explain(request({ resourcePolicy, identityPolicies })).slice(1)).toEqual([
      `does not apply  resource policy, statement 1 (Deny): NotPrincipal AWS ${account} spares ${alice.arn}`,
      "does not apply  identity policy 1, statement 1 (Allow): NotAction s3:* excludes s3:GetObject",
      "does not apply  identity policy 1, statement 2 (Allow): NotResource * excludes arn:aws:s3:::reports/2026/11.csv, or has a variable without a value",
    ]);
  });
});
