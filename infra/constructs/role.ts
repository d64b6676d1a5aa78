// A role exactly as written: trust and permissions stand in one resource, and no grant of the CDK can add to it.

import { CfnRole } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";

export interface ExactRoleProps {
  readonly roleName: string;
  readonly description: string;
  readonly trust: readonly Statement[];
  readonly permissions: readonly Statement[];
  /** ARN of a managed policy. */
  readonly boundary?: string;
  /** @defaultValue 3600 (AWS's own) */
  readonly maxSessionSeconds?: number;
}

export class ExactRole extends Construct {
  readonly resource: CfnRole;

  constructor(scope: Construct, props: ExactRoleProps) {
    super(scope, props.roleName);
    this.resource = new CfnRole(this, "Resource", {
      roleName: props.roleName,
      description: props.description,
      assumeRolePolicyDocument: policyDocument(props.trust),
      ...(props.permissions.length > 0
        ? { policies: [{ policyName: props.roleName, policyDocument: policyDocument(props.permissions) }] }
        : {}),
      ...(props.boundary === undefined ? {} : { permissionsBoundary: props.boundary }),
      ...(props.maxSessionSeconds === undefined ? {} : { maxSessionDuration: props.maxSessionSeconds }),
    });
    explainEveryResource(this.resource, props.permissions);
  }
}
