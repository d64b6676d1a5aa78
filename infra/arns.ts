// The ARNs of everything that has a fixed name: stacks refer to each other by name, so that a change in one is no change of another's exports.

import { DefaultStackSynthesizer, type Stack } from "aws-cdk-lib";
import {
  adminSecretName,
  attemptsTableName,
  functionLogGroup,
  functionName,
  iamPath,
  jobBucketName,
  jobDefinitionName,
  jobLogGroup,
  jobQueueName,
  missedStartsQueueName,
  notificationTopicName,
  recordScheduleGroupName,
  recordsBucketName,
  scheduleGroupName,
  spotJobQueueName,
  stateMachineName,
} from "../core/naming.ts";
import type { EventPlace, JobPlace } from "../jobs/definition.ts";

export type Arns = ReturnType<typeof arnsOf>;

/** ARNs in the stack's own account and region. */
export function arnsOf(stack: Stack) {
  const { partition, account, region } = stack;
  const regional = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const iam = (rest: string) => `arn:${partition}:iam::${account}:${rest}`;
  return {
    root: iam("root"),
    role: (name: string) => iam(`role/${name}`),
    policy: (name: string) => iam(`policy/${name}`),
    user: (name: string) => iam(`user${iamPath}${name}`),
    mfaDevice: (name: string) => iam(`mfa${iamPath}${name}`),
    group: (name: string) => iam(`group/${name}`),
    everyKey: regional("kms", "key/*"),
    everySecret: regional("secretsmanager", `secret:${adminSecretName("*")}`),
    task: (task: string) => regional("lambda", `function:${functionName(task)}`),
    stateMachine: regional("states", `stateMachine:${stateMachineName}`),
    executions: regional("states", `execution:${stateMachineName}:*`),
    /** Those whose names begin with the job's, as schedules name them. */
    executionsNamedAfter: (job: string) => regional("states", `execution:${stateMachineName}:${job}-*`),
    /** Log streams of one group; `*` for all. */
    logStreams: (group: string) => regional("logs", `log-group:${group}:log-stream:*`),
    logGroup: (group: string) => regional("logs", `log-group:${group}`),
    taskLogs: (task: string) => regional("logs", `log-group:${functionLogGroup(task)}:*`),
    jobLogs: (job: string) => regional("logs", `log-group:${jobLogGroup(job)}:*`),
    everyLogOfTheRegion: regional("logs", "*"),
    jobDefinition: (job: string) => regional("batch", `job-definition/${jobDefinitionName(job)}`),
    jobQueue: (spot: boolean) => regional("batch", `job-queue/${spot ? spotJobQueueName : jobQueueName}`),
    everyJob: regional("batch", "job/*"),
    everyEcsTask: regional("ecs", "*"),
    attemptsTable: regional("dynamodb", `table/${attemptsTableName}`),
    topic: regional("sns", notificationTopicName),
    missedStarts: regional("sqs", missedStartsQueueName),
    scheduleGroup: regional("scheduler", `schedule-group/${scheduleGroupName}`),
    recordSchedules: regional("scheduler", `schedule/${recordScheduleGroupName}/*`),
    recordScheduleGroup: regional("scheduler", `schedule-group/${recordScheduleGroupName}`),
    schedules: regional("scheduler", `schedule/${scheduleGroupName}/*`),
    /** By its name, which begins with a slash. */
    parameter: (name: string) => regional("ssm", `parameter${name}`),
    everyStack: regional("cloudformation", "stack/keyturn-*/*"),
    rule: (name: string) => regional("events", `rule/${name}`),
    /** Step Functions' own rule, by which `.sync` learns that a job has ended. */
    batchEventsRule: regional("events", "rule/StepFunctionsGetEventsForBatchJobsRule"),
    /** Where the CDK puts the jobs' images. */
    imageRepository: regional("ecr", `repository/cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-container-assets-${account}-${region}`),
    everyRepository: regional("ecr", "repository/*"),
    /** ECR keeps the layers of every image there; AWS's own bucket. */
    imageLayers: `arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`,
    bucket: (job: string) => `arn:${partition}:s3:::${jobBucketName(job, { account, region })}`,
    recordsBucket: `arn:${partition}:s3:::${recordsBucketName({ account, region })}`,
    /** Where `cdk bootstrap` leaves its version. */
    bootstrapVersion: regional("ssm", `parameter/cdk-bootstrap/${DefaultStackSynthesizer.DEFAULT_QUALIFIER}/version`),
    /** By the service's and the quota's code, as in `accountQuotas`. */
    quota: (codes: string) => regional("servicequotas", codes),
    deploymentRole: iam(`role/cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-cfn-exec-role-${account}-${region}`),
  };
}

/** A job's place, for its declared permissions. */
export const placeOf = (stack: Stack, job: string): JobPlace => ({
  partition: stack.partition,
  account: stack.account,
  region: stack.region,
  bucketArn: arnsOf(stack).bucket(job),
});

/** The same, for the patterns of its events. */
export const eventPlaceOf = (stack: Stack, job: string): EventPlace => ({
  ...placeOf(stack, job),
  bucketOf: (other) => jobBucketName(other, { account: stack.account, region: stack.region }),
});
