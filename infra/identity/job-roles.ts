// Per job: the role that its program runs under, the role that its launcher starts with, and the boundary over all of them.

import type { Stack } from "aws-cdk-lib";
import { CfnManagedPolicy } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { jobBoundaryName, jobRoleName, launcherRoleName, roleNames } from "../../core/naming.ts";
import { credentialSecondsFor } from "../../core/order.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { dataKeyActions } from "../../jobs/session-policy.ts";
import { arnsOf, placeOf } from "../arns.ts";
import { through } from "../constructs/key.ts";
import { ExactRole } from "../constructs/role.ts";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";
import { keepOffKeyturn } from "./keep-off-keyturn.ts";
import { trustService } from "./trust.ts";

/** An MFA code older than this opens no job; matches the life of the session that validate-mfa asks for. */
const mfaAgeSeconds = 900;
/** The shortest MaxSessionDuration that IAM takes. */
const leastMaxSessionSeconds = 3600;

export interface JobRolesProps {
  readonly jobs: readonly JobDefinition[];
  readonly boundaryActions: readonly string[];
  readonly queueSeconds: number;
  readonly stsEndpointId: string;
  /** IPv4 ranges of the subnets of retrieve-credentials. */
  readonly retrievalRanges: readonly string[];
}

export class JobRoles extends Construct {
  constructor(stack: Stack, props: JobRolesProps) {
    super(stack, "JobRoles");
    const arns = arnsOf(stack);
    const boundary = new CfnManagedPolicy(this, "Boundary", {
      managedPolicyName: jobBoundaryName,
      description: "Keyturn: the most that any job may be given",
      policyDocument: policyDocument(boundaryStatements(stack, props.boundaryActions)),
    });
    explainEveryResource(boundary, boundaryStatements(stack, props.boundaryActions));
    for (const job of props.jobs) {
      const { queueSeconds } = props;
      new ExactRole(this, {
        roleName: jobRoleName(job.name),
        description: `Keyturn job: ${job.description}`.slice(0, 1000),
        trust: [trustAdmins(stack, job, props)],
        permissions: job.permissions.map((permission, index) => ({
          sid: `Declared${index}`,
          actions: permission.actions,
          resources: permission.resources(placeOf(stack, job.name)),
          ...(permission.reason === undefined ? {} : { reason: permission.reason }),
          ...(permission.conditions === undefined ? {} : { conditions: permission.conditions }),
        })),
        boundary: boundary.ref,
        maxSessionSeconds: Math.max(
          leastMaxSessionSeconds,
          credentialSecondsFor({ queueSeconds, attempts: job.attempts, timeoutSeconds: job.timeoutSeconds }),
        ),
      });
      new ExactRole(this, {
        roleName: launcherRoleName(job.name),
        description: `Keyturn: opens the envelope of ${job.name}; its only permission is in the key's policy`,
        trust: [trustService(stack, "ecs-tasks.amazonaws.com", arns.everyEcsTask)],
        permissions: [],
      });
    }
    new ExactRole(this, {
      roleName: roleNames.jobExecution,
      description: "Keyturn: Fargate pulls the jobs' images and writes their logs",
      trust: [trustService(stack, "ecs-tasks.amazonaws.com", arns.everyEcsTask)],
      permissions: executionStatements(stack, props.jobs),
    });
  }
}

function trustAdmins(stack: Stack, job: JobDefinition, at: JobRolesProps): Statement {
  const arns = arnsOf(stack);
  return {
    sid: "AssignedAdminsAtTheKey",
    // The account, not the users: their own policy must allow it too, so leaving the group revokes.
    principal: { AWS: arns.root },
    actions: ["sts:AssumeRole", "sts:SetSourceIdentity"],
    conditions: {
      ArnEquals: { "aws:PrincipalArn": job.admins.map(arns.user) },
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      NumericLessThan: { "aws:MultiFactorAuthAge": String(mfaAgeSeconds) },
      StringEquals: { "sts:SourceIdentity": `\${aws:username}`, "aws:SourceVpce": at.stsEndpointId },
      IpAddress: { "aws:VpcSourceIp": at.retrievalRanges },
    },
  };
}

const boundaryStatements = (stack: Stack, actions: readonly string[]): Statement[] => [
  {
    sid: "AtMost",
    actions,
    resources: ["*"],
    reason: "A boundary gives nothing: it limits the kinds of action, and each job's policy names the resources.",
  },
  {
    sid: "OwnData",
    actions: dataKeyActions,
    resources: [arnsOf(stack).everyKey],
    conditions: through("s3", stack),
  },
  ...keepOffKeyturn(stack, actions),
];

function executionStatements(stack: Stack, jobs: readonly JobDefinition[]): Statement[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "LogInToTheRegistry",
      actions: ["ecr:GetAuthorizationToken"],
      resources: ["*"],
      reason: "AWS offers no resource level for ecr:GetAuthorizationToken.",
    },
    {
      sid: "PullImages",
      actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      resources: [arns.imageRepository],
    },
    { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: jobs.map(({ name }) => arns.jobLogs(name)) },
  ];
}
