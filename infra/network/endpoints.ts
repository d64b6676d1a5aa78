// Which endpoints the isolated subnets have, who may reach each, and what each lets through.

import type { Stack } from "aws-cdk-lib";
import { jobRoleName } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf, placeOf } from "../arns.ts";
import type { Condition, Statement } from "../statement.ts";
import { endpointServiceName, type PrivateService, privateService } from "./private-services.ts";

/** Subnet groups that something of ours runs in. */
export const tenants = ["validate-mfa", "retrieve-credentials", "jobs"] as const;
export type Tenant = (typeof tenants)[number];

export interface EndpointPlan {
  /** `sts`, `ecr.api`, … */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly kind: "interface" | "gateway";
  readonly reachedFrom: ReadonlySet<Tenant>;
  readonly policy: readonly Statement[];
}

interface Opening {
  readonly service: PrivateService;
  readonly from: readonly Tenant[];
  readonly statements: readonly Omit<Statement, "principal">[];
}

/** One plan per endpoint: what tasks and containers need of AWS, and what the jobs declare. */
export function planEndpoints(stack: Stack, of: { jobs: readonly JobDefinition[]; organizationId: string | undefined }): EndpointPlan[] {
  const ours: Condition = {
    StringEquals: of.organizationId === undefined ? { "aws:PrincipalAccount": stack.account } : { "aws:PrincipalOrgID": of.organizationId },
  };
  const plans = new Map<string, EndpointPlan>();
  for (const { service, from, statements } of [...systemOpenings(stack, of.jobs), ...jobOpenings(stack, of.jobs)]) {
    const before = plans.get(service.endpoint);
    plans.set(service.endpoint, {
      endpoint: service.endpoint,
      serviceName: endpointServiceName(service, stack.region),
      kind: service.kind,
      reachedFrom: new Set([...(before?.reachedFrom ?? []), ...from]),
      policy: [
        ...(before?.policy ?? []),
        ...statements.map((statement) => ({
          ...statement,
          principal: "*" as const,
          conditions: statement.conditions ?? ours,
        })),
      ],
    });
  }
  return [...plans.values()];
}

function required(actionPrefix: string): PrivateService {
  const service = privateService(actionPrefix);
  if (!service) throw new Error(`infra/network/private-services.ts has no ${actionPrefix}: add it`);
  return service;
}

function systemOpenings(stack: Stack, jobs: readonly JobDefinition[]): Opening[] {
  const arns = arnsOf(stack);
  return [
    {
      service: required("sts"),
      from: ["validate-mfa", "retrieve-credentials"],
      statements: [
        {
          sid: "AdminsShowTheirCode",
          actions: ["sts:GetSessionToken"],
          resources: ["*"],
          reason: "AWS offers no resource level for sts:GetSessionToken.",
          conditions: { ArnLike: { "aws:PrincipalArn": arns.user("*") } },
        },
        {
          sid: "AdminsBecomeJobs",
          actions: ["sts:AssumeRole", "sts:SetSourceIdentity"],
          resources: jobs.map(({ name }) => arns.role(jobRoleName(name))),
        },
      ],
    },
    {
      service: required("kms"),
      from: tenants,
      statements: [{ sid: "SealAndOpen", actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [arns.everyKey] }],
    },
    {
      service: required("secretsmanager"),
      from: ["validate-mfa"],
      statements: [{ sid: "ReadAdminSecrets", actions: ["secretsmanager:GetSecretValue"], resources: [arns.everySecret] }],
    },
    {
      service: required("dynamodb"),
      from: ["validate-mfa"],
      statements: [
        {
          sid: "CountAttempts",
          actions: ["dynamodb:GetItem", "dynamodb:PutItem"],
          resources: [arns.attemptsTable],
        },
      ],
    },
    {
      service: required("logs"),
      from: ["jobs"],
      statements: [
        {
          sid: "WriteJobLogs",
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: jobs.map(({ name }) => arns.jobLogs(name)),
        },
      ],
    },
    ...imageOpenings(stack),
  ];
}

/** What Fargate itself fetches an image with. */
function imageOpenings(stack: Stack): Opening[] {
  const arns = arnsOf(stack);
  const pull = {
    sid: "PullImages",
    actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    resources: [arns.imageRepository],
  };
  const logIn = {
    sid: "LogInToTheRegistry",
    actions: ["ecr:GetAuthorizationToken"],
    resources: ["*"],
    reason: "AWS offers no resource level for ecr:GetAuthorizationToken.",
  };
  return [
    { service: { endpoint: "ecr.api", kind: "interface" }, from: ["jobs"], statements: [pull, logIn] },
    { service: { endpoint: "ecr.dkr", kind: "interface" }, from: ["jobs"], statements: [pull] },
    {
      service: required("s3"),
      from: ["jobs"],
      // No caller's account here: the layers come by links that ECR has signed.
      statements: [{ sid: "FetchImageLayers", actions: ["s3:GetObject"], resources: [arns.imageLayers], conditions: {} }],
    },
  ];
}

/** Each job's declared permissions, so that the network lets through what the roles allow and no more. */
const jobOpenings = (stack: Stack, jobs: readonly JobDefinition[]): Opening[] =>
  jobs.flatMap((job) =>
    job.permissions.flatMap((permission, index) => {
      const byService = Map.groupBy(permission.actions, (action) => action.split(":")[0] ?? action);
      return [...byService].map(([prefix, actions]) => ({
        service: required(prefix),
        from: ["jobs"] as const,
        statements: [
          {
            sid: `${jobRoleName(job.name)}${index}`,
            actions,
            resources: permission.resources(placeOf(stack, job.name)),
            ...(permission.reason === undefined ? {} : { reason: permission.reason }),
          },
        ],
      }));
    }),
  );
