// Claim 9 for jobs that nobody has written yet: one that may do anything its boundary lets through still touches nothing of Keyturn's own.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { roleNames } from "../../core/naming.ts";
import { defineJob } from "../../jobs/definition.ts";
import type { PolicyDocument } from "../../policy/document.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { account, synthesise } from "./synthesised.ts";
import { validConfig } from "./valid-config.ts";

/** More than any installation should ever let its jobs have. */
const actions = [
  "batch:RegisterJobDefinition",
  "batch:SubmitJob",
  "cloudformation:UpdateStack",
  "dynamodb:DeleteItem",
  "events:DisableRule",
  "events:PutTargets",
  "iam:AddUserToGroup",
  "iam:AttachUserPolicy",
  "iam:CreateAccessKey",
  "iam:CreatePolicyVersion",
  "iam:DeactivateMFADevice",
  "iam:DeleteVirtualMFADevice",
  "iam:GetUser",
  "iam:PassRole",
  "iam:PutRolePolicy",
  "iam:UpdateAccessKey",
  "iam:UpdateAssumeRolePolicy",
  "kms:CreateGrant",
  "kms:Decrypt",
  "kms:PutKeyPolicy",
  "kms:ScheduleKeyDeletion",
  "lambda:InvokeFunction",
  "lambda:UpdateFunctionCode",
  "logs:DeleteLogGroup",
  "s3:PutBucketPolicy",
  "s3:PutObject",
  "secretsmanager:PutResourcePolicy",
  "secretsmanager:PutSecretValue",
  "sns:Subscribe",
  "sqs:PurgeQueue",
  "ssm:PutParameter",
  "states:StartExecution",
  "states:UpdateStateMachine",
  "sts:AssumeRole",
];

const meddler = defineJob({
  name: "meddler",
  description: "May do anything to anything, as far as it goes.",
  parameters: z.strictObject({}),
  command: () => [],
  permissions: [{ actions, resources: () => ["*"], reason: "For this test." }],
  admins: ["alice"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 60,
  attempts: 1,
});

const { ofType } = synthesise({
  jobs: [meddler],
  config: { boundary: { actions: [...(validConfig.boundary?.actions ?? []), ...actions] } },
});
const boundary = ofType("AWS::IAM::ManagedPolicy").find(({ Properties }) => Properties.ManagedPolicyName === "KeyturnJobBoundary")
  ?.Properties.PolicyDocument as PolicyDocument;
const role = ofType("AWS::IAM::Role").find(({ Properties }) => Properties.RoleName === "BatchRoleMeddler")?.Properties.Policies[0]
  .PolicyDocument as PolicyDocument;

const iam = (rest: string) => `arn:aws:iam::${account}:${rest}`;
const regional = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${account}:${rest}`;

const decisionOn = (action: string, resource: string, context: Readonly<Record<string, string | readonly string[]>> = {}): string =>
  evaluate({
    principal: {
      arn: `arn:aws:sts::${account}:assumed-role/BatchRoleMeddler/run-1`,
      accountId: account,
      userId: "AROAMEDDLER000000001:run-1",
    },
    action,
    resource,
    resourceAccountId: account,
    context,
    identityPolicies: [role],
    permissionsBoundaries: [boundary],
    resourceKind: "other",
  }).reason;

const ofOurs = { "kms:ResourceAliases": ["alias/keyturn/jobs/meddler"] };
const ofOthers = { "kms:ResourceAliases": ["alias/payroll"] };

describe("claim 9: whatever a job of the future may do", () => {
  it.each<[action: string, own: string, foreign: string]>([
    ["iam:UpdateAccessKey", iam("user/keyturn/alice"), iam("user/ci/deployer")],
    ["iam:CreateAccessKey", iam("user/keyturn/alice"), iam("user/keyturning")],
    ["iam:AttachUserPolicy", iam("user/keyturn/alice"), iam("user/alice")],
    ["iam:AddUserToGroup", iam("group/BatchJobAdmins"), iam("group/developers")],
    ["iam:DeactivateMFADevice", iam("user/keyturn/alice"), iam("user/ci/deployer")],
    ["iam:DeleteVirtualMFADevice", iam("mfa/keyturn/alice"), iam("mfa/alice")],
    ["iam:CreatePolicyVersion", iam("policy/KeyturnJobBoundary"), iam("policy/developers")],
    ["iam:PutRolePolicy", iam("role/BatchRoleMeddler"), iam("role/deployer")],
    ["iam:UpdateAssumeRolePolicy", iam("role/BatchRoleOther"), iam("role/deployer")],
    ["iam:PassRole", iam("role/LauncherOther"), iam("role/deployer")],
    ["sts:AssumeRole", iam("role/KeyturnIamAdmin"), iam("role/deployer")],
    [
      "secretsmanager:PutSecretValue",
      regional("secretsmanager", "secret:keyturn/admins/alice-a1b2c3"),
      regional("secretsmanager", "secret:db"),
    ],
    [
      "secretsmanager:PutResourcePolicy",
      regional("secretsmanager", "secret:keyturn/admins/bob-a1b2c3"),
      regional("secretsmanager", "secret:db"),
    ],
    ["lambda:UpdateFunctionCode", regional("lambda", "function:keyturn-validate-mfa"), regional("lambda", "function:thumbnails")],
    ["lambda:InvokeFunction", regional("lambda", "function:keyturn-validate-mfa"), regional("lambda", "function:thumbnails")],
    ["states:UpdateStateMachine", regional("states", "stateMachine:keyturn"), regional("states", "stateMachine:orders")],
    ["states:StartExecution", regional("states", "stateMachine:keyturn"), regional("states", "stateMachine:orders")],
    ["dynamodb:DeleteItem", regional("dynamodb", "table/MfaAttempts"), regional("dynamodb", "table/orders")],
    ["batch:RegisterJobDefinition", regional("batch", "job-definition/keyturn-meddler"), regional("batch", "job-definition/nightly")],
    ["batch:SubmitJob", regional("batch", "job-definition/keyturn-meddler:7"), regional("batch", "job-definition/nightly:7")],
    ["batch:SubmitJob", regional("batch", "job-queue/keyturn-spot"), regional("batch", "job-queue/nightly")],
    ["ssm:PutParameter", regional("ssm", "parameter/keyturn/jobs/meddler/definition"), regional("ssm", "parameter/orders")],
    ["s3:PutObject", "arn:aws:s3:::keyturn-111122223333-us-east-1-records/records/1.json", "arn:aws:s3:::orders/1.json"],
    ["s3:PutBucketPolicy", "arn:aws:s3:::keyturn-111122223333-us-east-1-records", "arn:aws:s3:::orders"],
    ["events:DisableRule", regional("events", "rule/keyturn-record-run"), regional("events", "rule/orders")],
    ["sns:Subscribe", regional("sns", "keyturn-notifications"), regional("sns", "orders")],
    ["sqs:PurgeQueue", regional("sqs", "keyturn-missed-starts"), regional("sqs", "orders")],
    ["events:PutTargets", regional("events", "rule/keyturn-credential-report-finding"), regional("events", "rule/orders")],
    ["logs:DeleteLogGroup", regional("logs", "log-group:/keyturn/tasks/validate-mfa"), regional("logs", "log-group:/orders")],
    [
      "cloudformation:UpdateStack",
      regional("cloudformation", "stack/keyturn-identity/0a1b"),
      regional("cloudformation", "stack/orders/0a1b"),
    ],
  ])("%s is refused on %s, as it is not on %s", (action, own, foreign) => {
    expect([decisionOn(action, own), decisionOn(action, foreign)]).toEqual(["explicit-deny", "allowed"]);
  });

  it.each(["kms:PutKeyPolicy", "kms:CreateGrant", "kms:ScheduleKeyDeletion"])("%s is refused on the relay's keys", (action) => {
    const key = regional("kms", "key/0a1b2c3d");
    expect([decisionOn(action, key, ofOurs), decisionOn(action, key, ofOthers)]).toEqual(["explicit-deny", "allowed"]);
  });

  it("keeps the use of its own data, and may look", () => {
    expect(decisionOn("kms:Decrypt", regional("kms", "key/0a1b2c3d"), ofOurs)).toBe("allowed");
    expect(decisionOn("s3:PutObject", "arn:aws:s3:::keyturn-meddler-111122223333-us-east-1/run-1/x")).toBe("allowed");
    expect(decisionOn("iam:GetUser", iam("user/keyturn/alice"))).toBe("allowed");
  });

  it("no role of the system is left out", () => {
    const ours = Object.values(roleNames).filter((name) => decisionOn("iam:PutRolePolicy", iam(`role/${name}`)) !== "explicit-deny");
    expect(ours).toEqual([]);
  });

  it("the boundary fits into what IAM takes", () => {
    expect(JSON.stringify(boundary).length).toBeLessThanOrEqual(6144);
  });
});
