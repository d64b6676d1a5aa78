// A job definition as RegisterJobDefinition and CloudFormation give it, parsed once; what would change a job and is not modelled is refused by name.

import type { RegisterJobDefinitionRequest } from "@aws-sdk/client-batch";
import { z } from "zod";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { type ContainerProperties, clientException, type JobDefinition } from "./batch-resources.ts";
import { assertRetryStrategy, assertVariableNames, pairs } from "./submission.ts";

const keyValue = z.strictObject({ name: z.string(), value: z.string().exactOptional() });
const empty = z.array(z.never());

const definitionName = z.string().regex(/^[A-Za-z0-9][\w-]{0,127}$/);

/** The API's spelling; CloudFormation's differs by capitals. */
const definition = z.strictObject({
  type: z.literal("container"),
  parameters: z.strictObject({}).exactOptional(),
  platformCapabilities: z.tuple([z.literal("FARGATE")]),
  propagateTags: z.boolean().default(false),
  tags: z.record(z.string(), z.string()).default({}),
  timeout: z.strictObject({ attemptDurationSeconds: z.coerce.number().int() }).exactOptional(),
  retryStrategy: z
    .strictObject({
      attempts: z.coerce.number().int().exactOptional(),
      evaluateOnExit: z
        .array(
          z.strictObject({
            action: z
              .string()
              .transform((action) => action.toUpperCase())
              .pipe(z.enum(["RETRY", "EXIT"])),
            onStatusReason: z.string().exactOptional(),
            onReason: z.string().exactOptional(),
            onExitCode: z.string().exactOptional(),
          }),
        )
        .exactOptional(),
    })
    .default({}),
  containerProperties: z.strictObject({
    image: z.string(),
    command: z.array(z.string()).default([]),
    jobRoleArn: z.string().exactOptional(),
    executionRoleArn: z.string(),
    environment: z.array(keyValue).default([]),
    resourceRequirements: z.array(z.strictObject({ type: z.enum(["VCPU", "MEMORY"]), value: z.string() })),
    logConfiguration: z
      .strictObject({
        logDriver: z.literal("awslogs"),
        options: z
          .strictObject({
            "awslogs-group": z.string().exactOptional(),
            "awslogs-region": z.string().exactOptional(),
            "awslogs-stream-prefix": z.string().exactOptional(),
            "awslogs-create-group": z.enum(["true", "false"]).exactOptional(),
            // How the driver buffers; lines arrive here as they are printed.
            mode: z.string().exactOptional(),
            "max-buffer-size": z.string().exactOptional(),
          })
          .default({}),
        secretOptions: empty.exactOptional(),
      })
      .default({ logDriver: "awslogs", options: {} }),
    // Shown, and without effect on a process that has neither a root file system, a disk nor a platform of its own.
    networkConfiguration: z.strictObject({ assignPublicIp: z.literal("DISABLED") }).exactOptional(),
    fargatePlatformConfiguration: z.strictObject({ platformVersion: z.string().exactOptional() }).exactOptional(),
    runtimePlatform: z
      .strictObject({ cpuArchitecture: z.string().exactOptional(), operatingSystemFamily: z.literal("LINUX").exactOptional() })
      .exactOptional(),
    ephemeralStorage: z.strictObject({ sizeInGiB: z.coerce.number() }).exactOptional(),
    readonlyRootFilesystem: z.boolean().exactOptional(),
    user: z.string().exactOptional(),
    volumes: empty.exactOptional(),
    mountPoints: empty.exactOptional(),
    ulimits: empty.exactOptional(),
    secrets: empty.exactOptional(),
  }),
});

const jobDefinitionRequest = definition.extend({ jobDefinitionName: definitionName });

/** CloudFormation makes up a name where a template gives none. */
export const templateJobDefinition = definition.extend({ jobDefinitionName: definitionName.exactOptional() });

export type JobDefinitionRequest = z.output<typeof jobDefinitionRequest>;

export function jobDefinitionOf(request: JobDefinitionRequest): Omit<JobDefinition, "arn" | "revision"> {
  const { jobDefinitionName, timeout, retryStrategy, propagateTags, tags, containerProperties } = request;
  if ((timeout?.attemptDurationSeconds ?? 60) < 60) throw clientException("Timeout attemptDurationSeconds must be at least 60");
  assertRetryStrategy(retryStrategy, clientException);
  return {
    name: jobDefinitionName,
    container: containerOf(containerProperties),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout.attemptDurationSeconds }),
    retryStrategy,
    propagateTags,
    tags,
  };
}

/** Throws NotImplemented, naming every member that is not modelled. */
export function registeredDefinition(input: RegisterJobDefinitionRequest): Omit<JobDefinition, "arn" | "revision"> {
  const parsed = jobDefinitionRequest.safeParse(input);
  if (parsed.success) return jobDefinitionOf(parsed.data);
  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key].join(".")) : [],
  );
  if (unknown.length > 0) throw notImplemented(`RegisterJobDefinition with ${unknown.join(", ")}`);
  throw new AwsError("ClientException", z.prettifyError(parsed.error));
}

function containerOf(of: JobDefinitionRequest["containerProperties"]): ContainerProperties {
  const { image, command, jobRoleArn, executionRoleArn, environment, resourceRequirements, logConfiguration, ...rest } = of;
  const variables = pairs(environment);
  assertVariableNames(Object.keys(variables), clientException);
  const required = (type: string): number => {
    const value = resourceRequirements.find((requirement) => requirement.type === type)?.value;
    if (value === undefined) throw clientException(`Fargate resource requirements for ${type} must be specified`);
    return Number(value);
  };
  const { volumes, mountPoints, ulimits, secrets, ...shown } = rest;
  return {
    image,
    command,
    ...(jobRoleArn === undefined ? {} : { jobRoleArn }),
    executionRoleArn,
    environment: variables,
    vcpus: required("VCPU"),
    memoryMiB: required("MEMORY"),
    logOptions: logConfiguration.options as Record<string, string>,
    shown,
  };
}
