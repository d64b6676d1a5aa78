// The batch admins: one IAM user per person, whose only permission is to become a job's role, and only with MFA.

import type { Stack } from "aws-cdk-lib";
import { CfnGroup, CfnManagedPolicy, CfnUser } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { adminPolicyName, groupName, iamPath, pascalCase } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { policyDocument, type Statement } from "../statement.ts";

export class People extends Construct {
  constructor(stack: Stack, admins: readonly string[]) {
    super(stack, "People");
    const policy = new CfnManagedPolicy(this, "Policy", {
      managedPolicyName: adminPolicyName,
      description: "Keyturn: become a job's role, with MFA, and nothing else",
      policyDocument: policyDocument(adminStatements(stack)),
    });
    const group = new CfnGroup(this, "Group", { groupName, managedPolicyArns: [policy.ref] });
    for (const admin of admins) {
      // No login profile and no access key: the console has nothing to log in to, and keys never pass through CloudFormation.
      new CfnUser(this, pascalCase(admin), { userName: admin, path: iamPath, groups: [group.ref] });
    }
  }
}

function adminStatements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "BecomeAJob",
      actions: ["sts:AssumeRole", "sts:SetSourceIdentity"],
      resources: [arns.role("BatchRole*")],
      conditions: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
    },
    {
      sid: "NoSelfService",
      effect: "Deny",
      actions: [
        "iam:ChangePassword",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreateVirtualMFADevice",
        "iam:DeactivateMFADevice",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeleteVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:ResyncMFADevice",
        "iam:UpdateAccessKey",
        "iam:UpdateLoginProfile",
      ],
      resources: ["*"],
    },
  ];
}
