// What the rotation by schedule may do: give the admins' users new access keys and write them down, and read none.

import type { Stack } from "aws-cdk-lib";
import { roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { ExactRoleProps } from "../constructs/role.ts";
import { trustService } from "./trust.ts";

export function keyRotationRole(stack: Stack): ExactRoleProps {
  const arns = arnsOf(stack);
  return {
    roleName: roleNames.rotateAdminKey,
    description: "Keyturn: rotate-admin-key runs under it, which Secrets Manager invokes when an admin's key is due",
    trust: [trustService(stack, "lambda.amazonaws.com")],
    permissions: [
      { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [arns.taskLogs("rotate-admin-key")] },
      {
        sid: "AdminsKeys",
        actions: ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:ListMFADevices"],
        resources: [arns.user("*")],
      },
      {
        sid: "WriteSecretsThatItRotates",
        actions: ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"],
        resources: [arns.everySecret],
        conditions: { ArnEquals: { "secretsmanager:resource/AllowRotationLambdaArn": arns.task("rotate-admin-key") } },
      },
    ],
  };
}
