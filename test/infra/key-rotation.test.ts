// Rotation of the admins' keys by schedule, read off the templates: what the function may, who may invoke it, and that it can be left out.

import { describe, expect, it } from "vitest";
import { addChecks } from "../../infra/checks.ts";
import { grants, readClaims } from "./statements.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();
const { statements, role, permissionsOf } = readClaims(synthesised);
const rotating = `arn:aws:lambda:us-east-1:${account}:function:keyturn-rotate-admin-key`;
const secrets = `arn:aws:secretsmanager:us-east-1:${account}:secret:keyturn/admins/*`;

const permissions = (of: typeof synthesised) =>
  of
    .ofType("AWS::Lambda::Permission")
    .map(({ Properties }) => Properties)
    .filter(({ Principal }) => Principal === "secretsmanager.amazonaws.com");

describe("RotateAdminKeyRole", () => {
  it("gives users under our path access keys, writes the secrets that its function rotates, and does nothing else", () => {
    const users = `arn:aws:iam::${account}:user/keyturn/*`;
    const logs = `arn:aws:logs:us-east-1:${account}:log-group:/keyturn/tasks/rotate-admin-key:*`;
    const permissions = permissionsOf("RotateAdminKeyRole");
    expect(grants(permissions)).toEqual([
      `logs:CreateLogStream ${logs}`,
      `logs:PutLogEvents ${logs}`,
      ...["CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "ListMFADevices"].map((action) => `iam:${action} ${users}`),
      ...["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"].map((action) => `secretsmanager:${action} ${secrets}`),
    ]);
    expect(permissions.find(({ sid }) => sid === "WriteSecretsThatItRotates")?.conditions).toEqual({
      ArnEquals: { "secretsmanager:resource/AllowRotationLambdaArn": rotating },
    });
  });

  it("is trusted by Lambda for this account, and by nobody else", () => {
    const trust = statements.filter(({ kind, of }) => kind === "trust" && of === "RotateAdminKeyRole");
    expect(trust.map(({ principals, conditions }) => ({ principals, conditions }))).toEqual([
      { principals: ["lambda.amazonaws.com"], conditions: { StringEquals: { "aws:SourceAccount": account } } },
    ]);
  });

  it("uses one key, to seal through Secrets Manager what belongs to an admin's secret", () => {
    const uses = statements.filter(({ kind, principals }) => kind === "key" && principals.includes(role("RotateAdminKeyRole")));
    expect(uses.map(({ of, actions, conditions }) => ({ of, actions, conditions }))).toEqual([
      {
        of: "admin-secrets",
        actions: ["kms:GenerateDataKey"],
        conditions: {
          StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" },
          StringLike: { "kms:EncryptionContext:SecretARN": secrets },
        },
      },
    ]);
  });
});

describe("the rotation", () => {
  it("is invoked by Secrets Manager, for our secrets of this account", () => {
    expect(permissions(synthesised)).toEqual([
      {
        Action: "lambda:InvokeFunction",
        FunctionName: expect.stringMatching(/^keyturn-keys\.RotateAdminKeyTaskFunction/),
        Principal: "secretsmanager.amazonaws.com",
        SourceAccount: account,
        SourceArn: secrets,
      },
    ]);
  });

  it("is set up for every admin's secret, and begins with nothing, for a secret is made empty", () => {
    const schedules = synthesised.ofType("AWS::SecretsManager::RotationSchedule");
    expect(schedules.map(({ Properties }) => Properties.SecretId)).toEqual(
      synthesised.ofType("AWS::SecretsManager::Secret").map(({ stack, id }) => `${stack}.${id}`),
    );
    for (const { Properties } of schedules) {
      expect(Properties).toMatchObject({ RotationRules: { AutomaticallyAfterDays: 90 }, RotateImmediatelyOnUpdate: false });
    }
  });

  it("waits for the secret's policy and for the right to invoke the function, which is tried at once", () => {
    const { Resources } = synthesised.assembly.getStackByName("keyturn-keys").template;
    const found = Object.values<{ Type: string; DependsOn?: string[] }>(Resources).filter(({ Type }) => /::RotationSchedule$/.test(Type));
    expect(found).toHaveLength(2);
    for (const { DependsOn = [] } of found) {
      const needed = DependsOn.map((id) => Resources[id].Type as string).sort();
      expect(needed).toEqual(["AWS::Lambda::Permission", "AWS::SecretsManager::ResourcePolicy"]);
    }
  });

  it("is started by hand by the IAM admin, as it is set up, and set up or turned off by deployments", () => {
    const deployments = `arn:aws:iam::${account}:role/cdk-hnb659fds-cfn-exec-role-${account}-us-east-1`;
    const only = (action: string) =>
      statements
        .filter(({ kind, effect, actions }) => kind === "secret" && effect === "Deny" && actions.includes(action))
        .map(({ principals, conditions }) => ({ principals, conditions }));
    const allBut = (...roles: readonly string[]) =>
      [0, 1].map(() => ({ principals: ["*"], conditions: { ArnNotEquals: { "aws:PrincipalArn": roles } } }));
    expect(only("secretsmanager:RotateSecret")).toEqual(allBut(role("KeyturnIamAdmin"), deployments));
    expect(only("secretsmanager:CancelRotateSecret")).toEqual(allBut(deployments));
    expect(permissionsOf("KeyturnIamAdmin").find(({ sid }) => sid === "RotateNow")).toMatchObject({
      actions: ["secretsmanager:RotateSecret"],
      resources: [secrets],
      conditions: {
        Null: { "secretsmanager:RotationLambdaARN": "true" },
        BoolIfExists: { "secretsmanager:ModifyRotationRules": "false" },
      },
    });
  });
});

describe("without rotation in the configuration", () => {
  const without = synthesise({ config: { rotation: undefined } });

  it("there is no function, no schedule, no role, and nobody who may write but the IAM admin", () => {
    expect(without.ofType("AWS::SecretsManager::RotationSchedule")).toEqual([]);
    expect(permissions(without)).toEqual([]);
    expect(JSON.stringify(without.resources.filter(({ Type }) => Type !== "AWS::IAM::ManagedPolicy"))).not.toMatch(
      /rotate-admin-key|RotateAdminKeyRole|RotateNow/,
    );
  });

  it("cdk-nag's demand for it is answered, as it is met with it", () => {
    addChecks(without.keyturn);
    expect(() => without.keyturn.app.synth({ force: true })).not.toThrow();
  });
});
