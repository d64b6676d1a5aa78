import { describe, expect, it } from "vitest";
import * as z from "zod";
import { sessionEffect } from "../../cli/session-effect.ts";
import { defineJob, type SessionPolicy } from "../../jobs/definition.ts";

const at = { partition: "aws", account: "111122223333", region: "us-east-1" };
type Statement = SessionPolicy["Statement"][number];

const effectOf = (...Statement: readonly Statement[]) =>
  sessionEffect(
    defineJob({
      name: "touch",
      description: "For tests.",
      parameters: z.strictObject({}),
      command: () => [],
      permissions: [
        { actions: ["iam:GetUser", "iam:TagUser"], resources: () => ["arn:user/ci/*"] },
        { actions: ["s3:PutObject"], resources: () => ["arn:bucket/*.json"] },
      ],
      admins: ["alice"],
      vcpu: 0.25,
      memoryMiB: 512,
      timeoutSeconds: 60,
      attempts: 1,
      sessionPolicy: () => ({ Version: "2012-10-17", Statement }),
    }),
    { parameters: {}, run: "run-1", at },
  );
const allow = (Action: readonly string[], Resource: readonly string[]): Statement => ({ Effect: "Allow", Action, Resource });

describe("what a run's session may really do", () => {
  it.each<[string, Statement, object[]]>([
    [
      "the narrower, where the session names less than the role",
      allow(["iam:GetUser", "iam:TagUser"], ["arn:user/ci/deployer"]),
      [{ effect: "Allow", actions: ["iam:GetUser", "iam:TagUser"], resources: ["arn:user/ci/deployer"] }],
    ],
    [
      "the narrower, where the session names more than the role",
      allow(["iam:GetUser"], ["arn:user/*"]),
      [{ effect: "Allow", actions: ["iam:GetUser"], resources: ["arn:user/ci/*"] }],
    ],
    [
      "both, where neither holds the other",
      allow(["s3:PutObject"], ["arn:bucket/run-1/*"]),
      [{ effect: "Allow", actions: ["s3:PutObject"], resources: ["arn:bucket/run-1/* and also arn:bucket/*.json"] }],
    ],
    ["nothing, where the role may not at all", allow(["iam:DeleteUser"], ["arn:user/ci/deployer"]), []],
    ["nothing, where the role may elsewhere", allow(["iam:GetUser"], ["arn:user/hr/carol"]), []],
    [
      "apart, where actions end up on different resources",
      allow(["iam:GetUser", "s3:PutObject"], ["arn:user/ci/deployer", "arn:bucket/x.json"]),
      [
        { effect: "Allow", actions: ["iam:GetUser"], resources: ["arn:user/ci/deployer"] },
        { effect: "Allow", actions: ["s3:PutObject"], resources: ["arn:bucket/x.json"] },
      ],
    ],
    [
      "what it denies, as it stands",
      { Effect: "Deny", Action: ["iam:TagUser"], Resource: ["*"] },
      [{ effect: "Deny", actions: ["iam:TagUser"], resources: ["*"] }],
    ],
  ])("is %s", (_what, statement, effect) => {
    expect(effectOf(statement)).toEqual(effect);
  });
});
