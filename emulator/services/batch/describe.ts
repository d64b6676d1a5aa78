// Batch's resources and jobs in the shapes of its Describe operations.

import type {
  ComputeEnvironmentDetail,
  ContainerProperties as ContainerPropertiesShape,
  JobDefinition as JobDefinitionShape,
  JobDetail,
  JobQueueDetail,
  JobSummary,
  KeyValuePair,
} from "@aws-sdk/client-batch";
import type { ComputeEnvironment, ContainerProperties, JobDefinition, JobQueue } from "./batch-resources.ts";
import type { Job } from "./job.ts";

const keyValuePairs = (variables: Readonly<Record<string, string>>): KeyValuePair[] =>
  Object.entries(variables).map(([name, value]) => ({ name, value }));

function describeContainer(of: ContainerProperties): ContainerPropertiesShape {
  return {
    image: of.image,
    command: [...of.command],
    ...(of.jobRoleArn === undefined ? {} : { jobRoleArn: of.jobRoleArn }),
    executionRoleArn: of.executionRoleArn,
    volumes: [],
    environment: keyValuePairs(of.environment),
    mountPoints: [],
    ulimits: [],
    secrets: [],
    resourceRequirements: [
      { type: "VCPU", value: String(of.vcpus) },
      { type: "MEMORY", value: String(of.memoryMiB) },
    ],
    logConfiguration: { logDriver: "awslogs", options: { ...of.logOptions }, secretOptions: [] },
    ...of.shown,
  };
}

export function describeJob(job: Job): JobDetail {
  const { submission: of, attempt, lastEnd } = job;
  const end = job.status === "SUCCEEDED" || job.status === "FAILED" ? lastEnd : undefined;
  return {
    jobArn: of.jobArn,
    jobName: of.jobName,
    jobId: of.jobId,
    jobQueue: of.queue.arn,
    status: job.status,
    attempts: [...job.attempts],
    ...(job.statusReason === undefined ? {} : { statusReason: job.statusReason }),
    createdAt: of.createdAtMs,
    retryStrategy: { attempts: of.retryStrategy.attempts ?? 1, evaluateOnExit: of.retryStrategy.evaluateOnExit ?? [] },
    // Absent until the first attempt runs, whatever the SDK's type says.
    ...(job.startedAtMs === undefined ? ({} as { startedAt: number }) : { startedAt: job.startedAtMs }),
    ...(job.stoppedAtMs === undefined ? {} : { stoppedAt: job.stoppedAtMs }),
    dependsOn: of.dependsOn.map((jobId) => ({ jobId })),
    jobDefinition: of.definition.arn,
    parameters: {},
    container: {
      ...describeContainer(of.container),
      ...(attempt === undefined ? {} : { taskArn: attempt.taskArn, networkInterfaces: [...attempt.networkInterfaces] }),
      ...(attempt?.logStreamName === undefined ? {} : { logStreamName: attempt.logStreamName }),
      ...(end?.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end?.reason === undefined ? {} : { reason: end.reason }),
    },
    ...(of.timeoutSeconds === undefined ? {} : { timeout: { attemptDurationSeconds: of.timeoutSeconds } }),
    tags: { ...of.tags },
    propagateTags: of.propagateTags,
    platformCapabilities: ["FARGATE"],
    eksAttempts: [],
    isCancelled: job.isCancelled,
    isTerminated: job.isTerminated,
  };
}

export function summarizeJob(job: Job): JobSummary {
  const { jobArn, jobId, jobName, createdAt, startedAt, stoppedAt, status, statusReason, jobDefinition, container } = describeJob(job);
  const { exitCode, reason } = container ?? {};
  return {
    jobArn,
    jobId,
    jobName,
    createdAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    status,
    ...(statusReason === undefined ? {} : { statusReason }),
    container: { ...(exitCode === undefined ? {} : { exitCode }), ...(reason === undefined ? {} : { reason }) },
    jobDefinition,
  };
}

export const describeJobDefinition = (of: JobDefinition): JobDefinitionShape => ({
  jobDefinitionName: of.name,
  jobDefinitionArn: of.arn,
  revision: of.revision,
  status: "ACTIVE",
  type: "container",
  parameters: {},
  retryStrategy: { attempts: of.retryStrategy.attempts ?? 1, evaluateOnExit: of.retryStrategy.evaluateOnExit ?? [] },
  containerProperties: describeContainer(of.container),
  ...(of.timeoutSeconds === undefined ? {} : { timeout: { attemptDurationSeconds: of.timeoutSeconds } }),
  tags: { ...of.tags },
  propagateTags: of.propagateTags,
  platformCapabilities: ["FARGATE"],
  containerOrchestrationType: "ECS",
});

export const describeJobQueue = (of: JobQueue): JobQueueDetail => ({
  jobQueueName: of.name,
  jobQueueArn: of.arn,
  state: of.isEnabled ? "ENABLED" : "DISABLED",
  status: "VALID",
  statusReason: "JobQueue Healthy",
  priority: of.priority,
  computeEnvironmentOrder: of.computeEnvironments.map((computeEnvironment, index) => ({ order: index + 1, computeEnvironment })),
  jobStateTimeLimitActions: of.timeLimitActions.map(({ reason, maxTimeSeconds }) => ({
    reason,
    maxTimeSeconds,
    state: "RUNNABLE",
    action: "CANCEL",
  })),
  tags: { ...of.tags },
});

export const describeComputeEnvironment = (of: ComputeEnvironment, account: string): ComputeEnvironmentDetail => ({
  computeEnvironmentName: of.name,
  computeEnvironmentArn: of.arn,
  ecsClusterArn: of.arn.replace(/:batch:([^:]*):[^/]*\/.*$/, `:ecs:$1:${account}:cluster/AWSBatch-${of.name}`),
  type: "MANAGED",
  state: of.isEnabled ? "ENABLED" : "DISABLED",
  status: "VALID",
  statusReason: "ComputeEnvironment Healthy",
  computeResources: {
    type: of.type,
    maxvCpus: of.maxvCpus,
    subnets: [...of.subnetIds],
    securityGroupIds: [...of.securityGroupIds],
  },
  containerOrchestrationType: "ECS",
  tags: { ...of.tags },
});
