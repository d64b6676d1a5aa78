// The IAM team's role: gives people their access key and virtual MFA device, writes it down for validate-mfa, and cannot read it back.

import type { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { groupName, iamPath, roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { KeyturnConfig } from "../config.ts";
import { ExactRole } from "../constructs/role.ts";
import type { Statement } from "../statement.ts";
import { trustPeople } from "./trust.ts";

export class IamAdmin extends Construct {
  constructor(stack: Stack, config: KeyturnConfig) {
    super(stack, "IamAdmin");
    new ExactRole(this, {
      roleName: roleNames.iamAdmin,
      description: "Keyturn: enrolls, rotates and removes the batch admins' credentials",
      trust: [trustPeople(stack, config.iamAdmin)],
      permissions: [...statements(stack), ...(config.rotation === undefined ? [] : [startsRotations(stack)])],
    });
  }
}

/** As it is set up: neither by another function, which would be told of it, nor at other times. */
const startsRotations = (stack: Stack): Statement => ({
  sid: "RotateNow",
  actions: ["secretsmanager:RotateSecret"],
  resources: [arnsOf(stack).everySecret],
  conditions: {
    Null: { "secretsmanager:RotationLambdaARN": "true" },
    BoolIfExists: { "secretsmanager:ModifyRotationRules": "false" },
  },
});

function statements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "AdminsKeysAndDevices",
      actions: [
        "iam:CreateAccessKey",
        "iam:DeactivateMFADevice",
        "iam:DeleteAccessKey",
        "iam:EnableMFADevice",
        "iam:GetAccessKeyLastUsed",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ResyncMFADevice",
        "iam:UpdateAccessKey",
      ],
      resources: [arns.user("*")],
    },
    {
      sid: "VirtualDevices",
      actions: ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
      resources: [arns.mfaDevice("*")],
    },
    { sid: "WhoIsAnAdmin", actions: ["iam:GetGroup"], resources: [arns.group(groupName)] },
    {
      sid: "ListUsersAndDevices",
      actions: ["iam:ListUsers", "iam:ListVirtualMFADevices"],
      resources: ["*"],
      reason: `AWS offers no narrower resource for listing users and MFA devices; everything else here is limited to ${iamPath}.`,
    },
    {
      sid: "WriteSecrets",
      actions: [
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ],
      resources: [arns.everySecret],
    },
  ];
}
