// Whatever text is given as a policy: it is refused in AWS's words, or decided with; neither takes long, and neither trips.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../emulator/gateway/model.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { explain } from "../../policy/explain.ts";
import { MalformedPolicy } from "../../policy/malformed.ts";
import { type PolicyUse, parsePolicy } from "../../policy/parse.ts";
import { faultOf, inTime, readAnswer } from "./clear-answer.ts";
import { type FurnishedAccount, startFurnishedAccount } from "./furnished-account.ts";
import { fuzzBudget } from "./fuzz-budget.ts";
import { policyText } from "./random-policy.ts";
import { catcherFor, signed } from "./wire-requests.ts";

describe("the evaluator", () => {
  const budget = fuzzBudget("policies", 4000);
  const uses: readonly PolicyUse[] = [
    "identity-policy",
    "resource-policy",
    "role-trust",
    "permissions-boundary",
    "session-policy",
    "vpc-endpoint-policy",
  ];
  const keys = fc.constantFrom("aws:username", "aws:CurrentTime", "aws:SourceIp", "aws:TagKeys", "x:y", "__proto__");
  const texts = fc.constantFrom("", "*", "10.1.2.3", "fe80::1", "2026-01-01T00:00:00Z", "1e400", "true", "a".repeat(300), "AAAA");
  const asked = fc.record({
    action: fc.constantFrom("s3:GetObject", "sts:AssumeRole", "s3:", ":", "", "kms:Decrypt"),
    resource: fc.constantFrom("*", "arn:aws:s3:::a-bucket/x", "arn:aws:s3:::", "", "a".repeat(2000)),
    context: fc.dictionary(keys, fc.oneof(texts, fc.array(texts, { maxLength: 3 }))),
  });

  it(
    "refuses a policy as malformed, or decides with it",
    () => {
      fc.assert(
        fc.property(policyText, fc.constantFrom(...uses), asked, (text, use, { action, resource, context }) => {
          let policy: ReturnType<typeof parsePolicy>;
          try {
            policy = parsePolicy(text, use);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedPolicy);
            return;
          }
          const request = {
            principal: { arn: "arn:aws:iam::111122223333:user/a", accountId: "111122223333" },
            action,
            resource,
            resourceAccountId: "111122223333",
            context,
            identityPolicies: use === "identity-policy" ? [policy] : [],
            ...(use === "resource-policy" && { resourcePolicy: policy }),
            ...(use === "role-trust" && { resourcePolicy: policy, resourceKind: "role-trust" as const }),
            ...(use === "permissions-boundary" && { permissionsBoundaries: [policy] }),
            ...(use === "session-policy" && { sessionPolicies: [policy] }),
            ...(use === "vpc-endpoint-policy" && { vpcEndpointPolicy: policy }),
          };
          const startedAtMs = performance.now();
          expect(["allowed", "explicit-deny", "implicit-deny"]).toContain(evaluate(request).reason);
          expect(explain(request)).toBeDefined();
          expect(performance.now() - startedAtMs, "milliseconds to decide").toBeLessThan(1000);
        }),
        budget.parameters,
      );
    },
    budget.timeoutMs,
  );
});

const arn = (service: string, rest: string): string => `arn:aws:${service}:us-east-1:111122223333:${rest}`;

/** Every operation that takes a policy, with where in its input the text stands. */
const takers: readonly (readonly [service: string, operation: string, input: (policy: string) => object])[] = [
  ["iam", "PutUserPolicy", (PolicyDocument) => ({ UserName: "a-user", PolicyName: "p", PolicyDocument })],
  ["iam", "PutGroupPolicy", (PolicyDocument) => ({ GroupName: "a-group", PolicyName: "p", PolicyDocument })],
  ["iam", "PutRolePolicy", (PolicyDocument) => ({ RoleName: "a-role", PolicyName: "p", PolicyDocument })],
  ["iam", "CreatePolicy", (PolicyDocument) => ({ PolicyName: "p", PolicyDocument })],
  ["iam", "CreatePolicyVersion", (PolicyDocument) => ({ PolicyArn: "arn:aws:iam::111122223333:policy/a-policy", PolicyDocument })],
  ["iam", "CreateRole", (AssumeRolePolicyDocument) => ({ RoleName: "r", AssumeRolePolicyDocument })],
  ["iam", "UpdateAssumeRolePolicy", (PolicyDocument) => ({ RoleName: "a-role", PolicyDocument })],
  ["iam", "SimulateCustomPolicy", (policy) => ({ PolicyInputList: [policy], ActionNames: ["s3:GetObject"] })],
  [
    "iam",
    "SimulatePrincipalPolicy",
    (policy) => ({ PolicySourceArn: "arn:aws:iam::111122223333:user/a-user", PolicyInputList: [policy], ActionNames: ["s3:GetObject"] }),
  ],
  ["sts", "AssumeRole", (Policy) => ({ RoleArn: "arn:aws:iam::111122223333:role/a-role", RoleSessionName: "s1", Policy })],
  ["kms", "CreateKey", (Policy) => ({ Policy })],
  ["kms", "PutKeyPolicy", (Policy) => ({ KeyId: "alias/a-key", Policy })],
  ["secretsmanager", "PutResourcePolicy", (ResourcePolicy) => ({ SecretId: "a-secret", ResourcePolicy })],
  ["secretsmanager", "ValidateResourcePolicy", (ResourcePolicy) => ({ SecretId: "a-secret", ResourcePolicy })],
  ["s3", "PutBucketPolicy", (Policy) => ({ Bucket: "a-bucket", Policy })],
  ["sns", "SetTopicAttributes", (AttributeValue) => ({ TopicArn: arn("sns", "a-topic"), AttributeName: "Policy", AttributeValue })],
  ["sns", "CreateTopic", (Policy) => ({ Name: "t", Attributes: { Policy } })],
  ["sqs", "SetQueueAttributes", (Policy) => ({ QueueUrl: "http://192.0.2.1/111122223333/a-queue", Attributes: { Policy } })],
  ["logs", "PutResourcePolicy", (policyDocument) => ({ policyName: "p", policyDocument })],
  ["events", "PutRule", (EventPattern) => ({ Name: "r", EventPattern })],
];

describe("the operations that take a policy", () => {
  const budget = fuzzBudget("policies by operation", 1200);
  let account: FurnishedAccount;
  beforeAll(async () => {
    account = await startFurnishedAccount();
  });
  afterAll(() => account?.emulator.stop());

  it(
    "answer in time and in AWS's form, and the account can be used afterwards",
    async () => {
      const { gateway, administrator, clock } = account.emulator;
      const send = async ([name, operation, input]: (typeof takers)[number], policy: string) => {
        const service = gateway.services.find(({ signingName }) => signingName === name);
        if (service === undefined) throw new Error(`there is no service ${name}`);
        const clientPackage = await service.model();
        expect(readModel(clientPackage).operations.has(operation)).toBe(true);
        const caught = await catcherFor(clientPackage, operation, administrator)(input(policy));
        if (caught === undefined) return undefined;
        const request = await signed(caught, { service, credentials: administrator, nowMs: clock.now() });
        return inTime(gateway.handle(request, { sourceIp: "127.0.0.1" }), 5000);
      };
      const faults = new Map<string, string>();
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...takers), policyText, async (taker, policy) => {
          const response = await send(taker, policy);
          if (response === undefined) return;
          const fault = response === "late" ? "no answer" : faultOf(readAnswer(response));
          if (fault !== undefined) faults.set(`${taker[1]}: ${fault}`, policy.slice(0, 500));
        }),
        budget.parameters,
      );
      expect(Object.fromEntries(faults)).toEqual({});
    },
    budget.timeoutMs,
  );
});
