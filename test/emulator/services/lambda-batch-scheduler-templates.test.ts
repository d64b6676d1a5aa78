// What the CDK really writes for functions, jobs, schedules and rules is accepted; what is not modelled is refused by its name.

import { App, Duration, Size, Stack } from "aws-cdk-lib";
import {
  Action,
  EcsFargateContainerDefinition,
  EcsJobDefinition,
  FargateComputeEnvironment,
  JobQueue,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
  Reason,
  RetryStrategy,
} from "aws-cdk-lib/aws-batch";
import { type IVpc, SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { ContainerImage, CpuArchitecture, LogDriver } from "aws-cdk-lib/aws-ecs";
import { EventField, Match, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget, SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import {
  Alias,
  ApplicationLogLevel,
  Architecture,
  Code,
  type IVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  type Version,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleGroup, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { Universal } from "aws-cdk-lib/aws-scheduler-targets";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ResourceType } from "../../../emulator/deploy/resource-type.ts";
import { createBatch } from "../../../emulator/services/batch.ts";
import { createEvents } from "../../../emulator/services/events.ts";
import { createLambda } from "../../../emulator/services/lambda.ts";
import { createScheduler } from "../../../emulator/services/scheduler.ts";
import { startWorkloadAccount, type WorkloadAccount } from "../processes/workload-account.ts";

const image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/assets:tag";
const types = new Map<string, ResourceType>();
let account: WorkloadAccount;
let resources: { Type: string; Properties: Record<string, unknown> }[];

beforeAll(async () => {
  account = await startWorkloadAccount(({ environment, gateway, roles, kms: keys, sqs, network: subnets }) => {
    const lambda = createLambda(environment, { gateway, roles, keys, subnets });
    const parts = [
      lambda,
      createBatch(environment, { gateway, roles, subnets }),
      createScheduler(environment, { gateway, roles }),
      createEvents(environment, { gateway, roles, lambda, sqs }),
    ];
    for (const type of parts.flatMap((part) => part.resourceTypes)) types.set(type.type, type);
    return parts;
  });
  resources = Object.values(synthesised());
});

afterAll(() => account.stop());

function synthesised(): Record<string, { Type: string; Properties: Record<string, unknown> }> {
  const app = new App();
  const stack = new Stack(app, "Workloads", { env: { account: "111122223333", region: "us-east-1" } });
  // The CDK's classes and interfaces disagree under exactOptionalPropertyTypes.
  const vpc: IVpc = new Vpc(stack, "Vpc", {
    natGateways: 0,
    availabilityZones: ["us-east-1a"],
    subnetConfiguration: [{ name: "i", subnetType: SubnetType.PRIVATE_ISOLATED }],
  }) as Vpc & IVpc;
  const logGroup = new LogGroup(stack, "Log");
  const handler = new LambdaFunction(stack, "Function", {
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: "index.handler",
    code: Code.fromAsset("emulator/processes"),
    vpc,
    environment: { NAME: "b" },
    environmentEncryption: new Key(stack, "Key"),
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    applicationLogLevelV2: ApplicationLogLevel.WARN,
    systemLogLevelV2: SystemLogLevel.WARN,
    reservedConcurrentExecutions: 2,
    retryAttempts: 0,
    maxEventAge: Duration.hours(1),
    timeout: Duration.seconds(30),
    description: "one of each property",
  });
  handler.addPermission("Permission", {
    principal: new ServicePrincipal("sns.amazonaws.com"),
    sourceArn: "arn:aws:sns:us-east-1:111122223333:topic",
  });
  new Alias(stack, "Alias", { aliasName: "live", version: handler.currentVersion as Version & IVersion });
  new JobQueue(stack, "Queue", {
    jobQueueName: "keyturn",
    computeEnvironments: [
      {
        order: 1,
        computeEnvironment: new FargateComputeEnvironment(stack, "Spot", {
          vpc,
          spot: true,
          maxvCpus: 4,
          replaceComputeEnvironment: false,
        }),
      },
    ],
    jobStateTimeLimitActions: [
      {
        maxTime: Duration.minutes(10),
        reason: JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
        state: JobStateTimeLimitActionsState.RUNNABLE,
      },
    ],
  });
  const role = new Role(stack, "TaskRole", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
  new EcsJobDefinition(stack, "Definition", {
    timeout: Duration.minutes(2),
    retryAttempts: 2,
    retryStrategies: [
      RetryStrategy.of(Action.RETRY, Reason.SPOT_INSTANCE_RECLAIMED),
      RetryStrategy.of(Action.EXIT, Reason.custom({ onReason: "*" })),
    ],
    propagateTags: true,
    container: new EcsFargateContainerDefinition(stack, "Container", {
      image: ContainerImage.fromRegistry(image),
      cpu: 0.25,
      memory: Size.mebibytes(512),
      command: ["x"],
      environment: { A: "b" },
      executionRole: role,
      jobRole: role,
      logging: LogDriver.awsLogs({ streamPrefix: "x", logGroup }),
      readonlyRootFilesystem: true,
      fargateCpuArchitecture: CpuArchitecture.ARM64,
      ephemeralStorageSize: Size.gibibytes(21),
    }),
  });
  new Schedule(stack, "Schedule", {
    scheduleGroup: new ScheduleGroup(stack, "Group", { scheduleGroupName: "keyturn" }),
    schedule: ScheduleExpression.cron({ minute: "0", hour: "6" }),
    description: "daily",
    target: new Universal({
      service: "sfn",
      action: "startExecution",
      deadLetterQueue: new Queue(stack, "Missed"),
      retryAttempts: 3,
      maxEventAge: Duration.hours(1),
      input: ScheduleTargetInput.fromObject({
        StateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn",
        Name: ContextAttribute.executionId,
      }),
    }),
  });
  const rule = new Rule(stack, "Rule", { eventPattern: { source: ["aws.states"], detail: { status: Match.anythingBut("RUNNING") } } });
  const missed = new Queue(stack, "Lost");
  const options = { deadLetterQueue: missed, retryAttempts: 3, maxEventAge: Duration.hours(1) };
  rule.addTarget(new LambdaTarget(handler, { ...options, event: RuleTargetInput.fromEventPath("$.detail") }));
  const machine = StateMachine.fromStateMachineName(stack, "Machine", "keyturn");
  const input = RuleTargetInput.fromObject({ job: "x", key: EventField.fromPath("$.detail.object.key") });
  rule.addTarget(new SfnStateMachine(machine, { ...options, input }));
  return resolved(app.synth().getStackByName("Workloads").template.Resources) as ReturnType<typeof synthesised>;
}

/** Text in place of what only a deployment can resolve. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== "object" || value === null) return value;
  const [only = "", ...others] = Object.keys(value);
  if (others.length === 0 && (only === "Ref" || only.startsWith("Fn::"))) return `resolved-${only}`;
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, resolved(inside)]));
}

it.each([
  "AWS::Lambda::Function",
  "AWS::Lambda::Version",
  "AWS::Lambda::Alias",
  "AWS::Lambda::Permission",
  "AWS::Lambda::EventInvokeConfig",
  "AWS::Batch::ComputeEnvironment",
  "AWS::Batch::JobQueue",
  "AWS::Batch::JobDefinition",
  "AWS::Scheduler::Schedule",
  "AWS::Scheduler::ScheduleGroup",
  "AWS::Events::Rule",
])("accepts every property that the CDK writes for %s", (type) => {
  const written = resources.filter(({ Type }) => Type === type);
  expect(written.length).toBeGreaterThan(0);
  for (const { Properties } of written) expect(types.get(type)?.properties.safeParse(Properties).error?.issues).toBeUndefined();
});

it.each([
  ["AWS::Lambda::Function", { Layers: ["arn"] }, "Layers"],
  ["AWS::Lambda::Function", { DeadLetterConfig: { TargetArn: "arn" } }, "DeadLetterConfig"],
  ["AWS::Batch::JobDefinition", { NodeProperties: {} }, "NodeProperties"],
  ["AWS::Batch::JobDefinition", { ContainerProperties: { LinuxParameters: {} } }, "LinuxParameters"],
  ["AWS::Batch::JobQueue", { SchedulingPolicyArn: "arn" }, "SchedulingPolicyArn"],
  ["AWS::Scheduler::Schedule", { KmsKeyArn: "arn" }, "KmsKeyArn"],
  ["AWS::Events::Rule", { ScheduleExpression: "rate(1 hour)" }, "ScheduleExpression"],
  ["AWS::Events::Rule", { Targets: [{ Id: "t", Arn: "arn", BatchParameters: {} }] }, "BatchParameters"],
])("refuses %s with %j by name", (type, properties, name) => {
  const written = resources.find(({ Type }) => Type === type)?.Properties ?? {};
  const inside = Object.entries(properties).map(([key, value]) => [
    key,
    Array.isArray(value) ? value : typeof value === "object" ? { ...(written[key] as object), ...value } : value,
  ]);
  const issues = types.get(type)?.properties.safeParse({ ...written, ...Object.fromEntries(inside) }).error?.issues ?? [];
  expect(issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []))).toContain(name);
});

it.each(["AWS::ECS::Cluster", "AWS::ECS::TaskDefinition", "AWS::ECR::Repository"])("refuses %s, saying what to use", async (type) => {
  await expect(account.create(type, {})).rejects.toThrow(`${type} (use AWS Batch on Fargate with an image asset) is not modelled`);
});

it.each(["AWS::Lambda::LayerVersion", "AWS::Lambda::EventSourceMapping"])("does not know %s, which deployment then refuses", (type) => {
  expect(types.has(type)).toBe(false);
});
