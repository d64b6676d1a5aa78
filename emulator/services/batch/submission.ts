// Makes of a SubmitJob request what will run, or refuses it as Batch does.

import type { ContainerOverrides, KeyValuePair, RetryStrategy, SubmitJobRequest } from "@aws-sdk/client-batch";
import { notImplemented } from "../../aws-error.ts";
import type { Call, Environment } from "../../service.ts";
import { type BatchResources, type ContainerProperties, clientException } from "./batch-resources.ts";
import type { Submission } from "./job.ts";

const largestRequest = 30 * 1024;
const shortestTimeoutSeconds = 60;

/** Members that would change what runs; silently dropping one would run something else. */
const refused = [
  "arrayProperties",
  "nodeOverrides",
  "eksPropertiesOverride",
  "ecsPropertiesOverride",
  "consumableResourcePropertiesOverride",
  "shareIdentifier",
  "schedulingPriorityOverride",
] as const;

export function submission(input: SubmitJobRequest, call: Call, of: { resources: BatchResources; environment: Environment }): Submission {
  const { resources, environment } = of;
  for (const member of refused) if (input[member] !== undefined) throw notImplemented(`SubmitJob with ${member}`);
  if (Object.keys(input.parameters ?? {}).length > 0) throw notImplemented("SubmitJob with parameters");
  const bytes = Buffer.byteLength(JSON.stringify(input));
  const refuse = (message: string) => clientException(`${message}, RequestId: ${call.requestId}`);
  if (bytes > largestRequest) throw refuse(`Job size must be less than 30 KiB, got ${Math.ceil(bytes / 1024)} KiB`);
  const jobName = input.jobName ?? "";
  if (!/^[A-Za-z0-9][\w-]{0,127}$/.test(jobName)) throw refuse("Job name should match valid pattern");
  const queue = resources.jobQueue(input.jobQueue ?? "");
  if (!queue.isEnabled) throw refuse(`JobQueue ${queue.name} is not in ENABLED state`);
  const definition = resources.jobDefinition(input.jobDefinition ?? "");
  const timeoutSeconds = input.timeout?.attemptDurationSeconds ?? definition.timeoutSeconds;
  if (timeoutSeconds !== undefined && timeoutSeconds < shortestTimeoutSeconds) {
    throw refuse(`Timeout attemptDurationSeconds must be at least ${shortestTimeoutSeconds}`);
  }
  const retryStrategy = input.retryStrategy ?? definition.retryStrategy;
  assertRetryStrategy(retryStrategy, refuse);
  const overrides = input.containerOverrides ?? {};
  const container = override(definition.container, overrides, refuse);
  if ((container.command[0] ?? "").startsWith("Ref::")) throw notImplemented("A job's command with Ref:: parameters");
  const jobId = environment.uuid();
  return {
    jobId,
    jobArn: resources.arn(`job/${jobId}`),
    jobName,
    queue,
    definition,
    container,
    overridesLength: overridesLength(overrides),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    retryStrategy,
    dependsOn: (input.dependsOn ?? []).map(({ jobId: id, type }) => {
      if (type !== undefined) throw notImplemented(`SubmitJob with dependsOn of type ${type}`);
      return id ?? "";
    }),
    propagateTags: input.propagateTags ?? definition.propagateTags,
    tags: input.tags ?? {},
    createdAtMs: environment.clock.now(),
  };
}

export function assertRetryStrategy({ attempts, evaluateOnExit }: RetryStrategy, refuse: (message: string) => Error): void {
  if (attempts !== undefined && (attempts < 1 || attempts > 10)) throw refuse("Attempts must be between 1 and 10");
  if ((evaluateOnExit?.length ?? 0) > 5) throw refuse("EvaluateOnExit may have at most 5 conditions");
}

/** `AWS_BATCH…` belongs to Batch. */
export function assertVariableNames(names: readonly string[], refuse: (message: string) => Error): void {
  const reserved = names.find((name) => name.startsWith("AWS_BATCH"));
  if (reserved !== undefined) {
    throw refuse(`Environment variable ${reserved} is not allowed: names that start with AWS_BATCH are reserved for AWS Batch`);
  }
}

function override(of: ContainerProperties, overrides: ContainerOverrides, refuse: (message: string) => Error): ContainerProperties {
  const { command, environment, resourceRequirements, vcpus, memory, instanceType } = overrides;
  if (vcpus !== undefined || memory !== undefined || instanceType !== undefined) {
    throw refuse("Fargate jobs take their resources from resourceRequirements");
  }
  const variables = pairs(environment ?? []);
  assertVariableNames(Object.keys(variables), refuse);
  const required = (type: string, otherwise: number): number => {
    const value = resourceRequirements?.find((requirement) => requirement.type === type)?.value;
    return value === undefined ? otherwise : Number(value);
  };
  return {
    ...of,
    command: command ?? of.command,
    environment: { ...of.environment, ...variables },
    vcpus: required("VCPU", of.vcpus),
    memoryMiB: required("MEMORY", of.memoryMiB),
  };
}

export const pairs = (of: readonly KeyValuePair[]): Record<string, string> =>
  Object.fromEntries(of.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? ""]])));

const overridesLength = ({ command, environment, resourceRequirements }: ContainerOverrides): number =>
  JSON.stringify({ containerOverrides: [{ name: "default", command, environment, resourceRequirements }] }).length;
