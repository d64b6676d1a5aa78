// Who may what: every user, group, role and policy of Keyturn. Owner: the IAM team; nobody else deploys an identity.

import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { JobDefinition } from "../../jobs/definition.ts";
import type { KeyturnConfig } from "../config.ts";
import { ExactRole } from "../constructs/role.ts";
import { IamAdmin } from "../identity/iam-admin.ts";
import { JobRoles } from "../identity/job-roles.ts";
import { keyRotationRole } from "../identity/key-rotation-role.ts";
import { People } from "../identity/people.ts";
import { Readers } from "../identity/readers.ts";
import { reportReaderRole } from "../identity/report-reader.ts";
import { runEndRoles } from "../identity/run-end-roles.ts";
import { startRoles } from "../identity/start-roles.ts";
import { TaskRoles } from "../identity/task-roles.ts";
import type { NetworkStack } from "./network.ts";

export interface IdentityStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
  readonly network: NetworkStack;
}

export class IdentityStack extends Stack {
  constructor(scope: Construct, id: string, props: IdentityStackProps) {
    super(scope, id, props);
    const { config, jobs, network } = props;
    new People(this, Object.keys(config.admins));
    new JobRoles(this, {
      jobs,
      boundaryActions: config.boundary.actions,
      queueSeconds: config.limits.queueSeconds,
      stsEndpointId: network.stsEndpointId,
      retrievalRanges: network.tenants["retrieve-credentials"].subnets.map((subnet) => subnet.ipv4CidrBlock),
    });
    new TaskRoles(this, jobs);
    for (const role of startRoles(this, jobs)) new ExactRole(this, role);
    for (const role of runEndRoles(this)) new ExactRole(this, role);
    new IamAdmin(this, config);
    if (config.rotation !== undefined) new ExactRole(this, keyRotationRole(this));
    new ExactRole(this, reportReaderRole(this, { jobs, trust: config.reportReader }));
    new Readers(this);
  }
}
