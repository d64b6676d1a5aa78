// The checks that every synth passes through: cdk-nag's rules with our answers, and our own on statements.

import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { describe, expect, it } from "vitest";
import { addChecks } from "../../infra/checks.ts";
import { policyDocument } from "../../infra/statement.ts";
import { synthesise } from "./synthesised.ts";

describe("cdk-nag", () => {
  it("has no finding that is not answered", () => {
    const { keyturn } = synthesise();
    addChecks(keyturn);
    expect(() => keyturn.app.synth({ force: true })).not.toThrow();
  });

  it("ends the synth on a finding that nobody has answered", () => {
    const { keyturn } = synthesise();
    new Queue(keyturn.jobs, "Open", { encryption: QueueEncryption.UNENCRYPTED });
    addChecks(keyturn);
    expect(() => keyturn.app.synth({ force: true })).toThrow(/does not have server-side encryption enabled/);
  });
});

describe("a statement", () => {
  it("is refused with a * action", () => {
    const statement = { sid: "Wide", actions: ["s3:Get*"], resources: ["arn:aws:s3:::bucket/*"] };
    expect(() => policyDocument([statement])).toThrow("Statement Wide has the action s3:Get*: write every action in full");
  });

  it("is refused on every resource without a reason, and taken with one", () => {
    const statement = { sid: "Wide", actions: ["iam:ListUsers"], resources: ["*"] };
    expect(() => policyDocument([statement])).toThrow("Statement Wide stands on every resource without a reason");
    expect(policyDocument([{ ...statement, reason: "AWS offers no resource level." }])).toEqual({
      Version: "2012-10-17",
      Statement: [{ Sid: "Wide", Effect: "Allow", Action: ["iam:ListUsers"], Resource: ["*"] }],
    });
  });

  it("may deny on every resource without one", () => {
    expect(() => policyDocument([{ sid: "No", effect: "Deny", actions: ["iam:CreateUser"], resources: ["*"] }])).not.toThrow();
  });
});
