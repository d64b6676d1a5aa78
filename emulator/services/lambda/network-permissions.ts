// A function in a VPC needs a role that may manage its network interfaces; Lambda refuses to create the function otherwise.

import { AwsError } from "../../aws-error.ts";
import type { Environment, Gateway, Permission, RoleSession } from "../../service.ts";
import type { FunctionDefinition } from "./functions.ts";

/**
 * Throws InvalidParameterValueException for the first of the three EC2 actions that the role lacks.
 *
 * Source: "Giving Lambda functions access to resources in an Amazon VPC", AWS Lambda Developer Guide (required IAM permissions).
 */
export async function assertNetworkPermissions(
  definition: FunctionDefinition,
  of: { environment: Environment; gateway: Gateway; session: RoleSession },
): Promise<void> {
  for (const permission of networkPermissions(definition, of.environment)) {
    try {
      await of.gateway.authorize({ credentials: of.session, permission });
    } catch (cause) {
      throw new AwsError(
        "InvalidParameterValueException",
        `The provided execution role does not have permissions to call ${permission.action.slice("ec2:".length)} on EC2`,
        { fields: { Type: "User" }, cause },
      );
    }
  }
}

function networkPermissions({ vpc }: FunctionDefinition, { region, account }: Environment): readonly Permission[] {
  if (vpc === undefined) return [];
  const arn = (resource: string) => `arn:aws:ec2:${region}:${account}:${resource}`;
  const created = [
    arn("network-interface/*"),
    ...vpc.subnetIds.map((id) => arn(`subnet/${id}`)),
    ...vpc.securityGroupIds.map((id) => arn(`security-group/${id}`)),
  ];
  return [
    ...created.map((resource) => ({ action: "ec2:CreateNetworkInterface", resource })),
    { action: "ec2:DescribeNetworkInterfaces", resource: "*" },
    { action: "ec2:DeleteNetworkInterface", resource: arn("network-interface/*") },
  ];
}
