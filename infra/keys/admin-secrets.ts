// The admins' secrets: made empty, filled by the IAM admin and by rotation, read by validate-mfa, closed to everybody else.

import type { RemovalPolicy, Stack } from "aws-cdk-lib";
import { CfnResourcePolicy, CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { adminSecretName, pascalCase, roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";

const theSecretItself = "In a secret's policy * means the secret that the policy is attached to.";

export interface AdminSecretsProps {
  readonly admins: readonly string[];
  /** ARN of the key that they are encrypted with. */
  readonly key: string;
  /** Whether Secrets Manager rotates them. */
  readonly isRotated: boolean;
  readonly removal: RemovalPolicy;
}

export class AdminSecrets extends Construct {
  /** By admin: the secret, and the policy without which nothing may be written to it. */
  readonly made: ReadonlyMap<string, { readonly secret: CfnSecret; readonly policy: CfnResourcePolicy }>;

  constructor(stack: Stack, of: AdminSecretsProps) {
    super(stack, "AdminSecrets");
    const made = new Map<string, { secret: CfnSecret; policy: CfnResourcePolicy }>();
    for (const admin of of.admins) {
      const secret = new CfnSecret(this, pascalCase(admin), {
        name: adminSecretName(admin),
        description: `Keyturn: access key and MFA serial of ${admin}; written by keyturn admin enroll`,
        kmsKeyId: of.key,
      });
      secret.applyRemovalPolicy(of.removal);
      const statements = secretStatements(stack, of);
      const policy = new CfnResourcePolicy(this, `${pascalCase(admin)}Policy`, {
        secretId: secret.ref,
        resourcePolicy: policyDocument(statements),
        blockPublicPolicy: true,
      });
      explainEveryResource(policy, statements);
      made.set(admin, { secret, policy });
    }
    this.made = made;
  }
}

function secretStatements(stack: Stack, { isRotated }: AdminSecretsProps): Statement[] {
  const arns = arnsOf(stack);
  const writers = [roleNames.iamAdmin, ...(isRotated ? [roleNames.rotateAdminKey] : [])];
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
      sid: "OnlyTheIamAdminAndRotationWrite",
      effect: "Deny",
      principal: "*",
      actions: ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"],
      resources: ["*"],
      conditions: allBut(...writers.map(arns.role)),
    },
    {
      sid: "OnlyTheIamAdminAndDeploymentsRotate",
      effect: "Deny",
      principal: "*",
      actions: ["secretsmanager:RotateSecret"],
      resources: ["*"],
      conditions: allBut(arns.role(roleNames.iamAdmin), arns.deploymentRole),
    },
    {
      sid: "OnlyDeploymentsChangeIt",
      effect: "Deny",
      principal: "*",
      // UpdateSecret can write a value; CloudFormation calls it for descriptions and tags.
      actions: ["secretsmanager:CancelRotateSecret", "secretsmanager:ReplicateSecretToRegions", "secretsmanager:UpdateSecret"],
      resources: ["*"],
      conditions: allBut(arns.deploymentRole),
    },
  ];
}
