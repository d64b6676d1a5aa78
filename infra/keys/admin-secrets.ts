// The admins' secrets: made empty, filled by the IAM admin, read by validate-mfa, closed to everybody else.

import type { RemovalPolicy, Stack } from "aws-cdk-lib";
import { CfnResourcePolicy, CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { adminSecretName, pascalCase, roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";

const theSecretItself = "In a secret's policy * means the secret that the policy is attached to.";

export class AdminSecrets extends Construct {
  constructor(stack: Stack, of: { admins: readonly string[]; key: string; removal: RemovalPolicy }) {
    super(stack, "AdminSecrets");
    for (const admin of of.admins) {
      const secret = new CfnSecret(this, pascalCase(admin), {
        name: adminSecretName(admin),
        description: `Keyturn: access key and MFA serial of ${admin}; written by keyturn admin enroll`,
        kmsKeyId: of.key,
      });
      secret.applyRemovalPolicy(of.removal);
      const statements = secretStatements(stack);
      const policy = new CfnResourcePolicy(this, `${pascalCase(admin)}Policy`, {
        secretId: secret.ref,
        resourcePolicy: policyDocument(statements),
        blockPublicPolicy: true,
      });
      explainEveryResource(policy, statements);
    }
  }
}

function secretStatements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  const allBut = (...roles: readonly string[]) => ({ ArnNotEquals: { "aws:PrincipalArn": roles } });
  return [
    {
      sid: "ValidateMfaReads",
      principal: { AWS: arns.role(roleNames.validateMfa) },
      actions: ["secretsmanager:GetSecretValue"],
      resources: ["*"],
      reason: theSecretItself,
    },
    {
      sid: "NobodyElseReads",
      effect: "Deny",
      principal: "*",
      actions: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
      resources: ["*"],
      conditions: allBut(arns.role(roleNames.validateMfa)),
    },
    {
      sid: "OnlyTheIamAdminWrites",
      effect: "Deny",
      principal: "*",
      actions: ["secretsmanager:PutSecretValue", "secretsmanager:RotateSecret", "secretsmanager:UpdateSecretVersionStage"],
      resources: ["*"],
      conditions: allBut(arns.role(roleNames.iamAdmin)),
    },
    {
      sid: "OnlyDeploymentsChangeIt",
      effect: "Deny",
      principal: "*",
      // UpdateSecret can write a value; CloudFormation calls it for descriptions and tags.
      actions: ["secretsmanager:ReplicateSecretToRegions", "secretsmanager:UpdateSecret"],
      resources: ["*"],
      conditions: allBut(arns.deploymentRole),
    },
  ];
}
