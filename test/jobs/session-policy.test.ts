import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineJob } from "../../jobs/definition.ts";
import { sessionPolicyFor } from "../../jobs/session-policy.ts";

const job = defineJob({
  name: "touch",
  description: "For tests.",
  parameters: z.strictObject({ user: z.string(), note: z.string().default("") }),
  command: () => [],
  permissions: [{ actions: ["iam:GetUser"], resources: ({ account }) => [`arn:aws:iam::${account}:user/*`] }],
  admins: ["alice"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 60,
  attempts: 1,
  sessionPolicy: ({ user }, { account }) => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["iam:GetUser"], Resource: [`arn:aws:iam::${account}:user/${user}`] }],
  }),
});
const place = { partition: "aws", account: "111122223333", region: "us-east-1", bucketArn: "arn:aws:s3:::data", run: "run-1" };
const policyFor = (parameters: { user: string; note?: string }) =>
  sessionPolicyFor(job, { parameters: { note: "", ...parameters }, place });

describe("what narrows a job's role to one run", () => {
  it("is nothing where the job declares none", () => {
    const { sessionPolicy: _none, ...plain } = job;
    expect(sessionPolicyFor(plain, { parameters: {}, place })).toBeUndefined();
  });

  it("leaves the use of the job's data key, without which it could not write to its bucket", () => {
    expect(policyFor({ user: "carol" })?.Statement.map(({ Action }) => Action)).toEqual([
      ["iam:GetUser"],
      ["kms:Decrypt", "kms:GenerateDataKey"],
    ]);
  });

  it.each(["*", "car?l", "$" + "{aws:username}"])("refuses the parameter %s where it stands in a resource: IAM would widen it", (user) => {
    expect(() => policyFor({ user })).toThrow("job touch: parameter user would widen the session");
    expect(policyFor({ user: "carol", note: "why?" })).toBeDefined();
  });

  it("refuses what STS would not take", () => {
    expect(() => policyFor({ user: "u".repeat(2000) })).toThrow(/^job touch: its session policy has \d+ characters, and STS takes 2048$/);
  });
});
