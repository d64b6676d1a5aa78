// CloudFormation's Batch resources as the CDK writes them for Fargate.

import { z } from "zod";
import { AwsError } from "../../aws-error.ts";
import { DockerfileRefused } from "../../processes/dockerfile.ts";
import type { Subnets } from "../../processes/network-interface.ts";
import type { BatchResources } from "../../services/batch/batch-resources.ts";
import { repositoryArn } from "../../services/batch/image-pull.ts";
import { jobDefinitionOf, templateJobDefinition } from "../../services/batch/registration.ts";
import { type ResourceContext, type ResourceType, resourceType } from "../resource-type.ts";
import { truth, wholeNumber } from "./scalars.ts";

interface Dependencies {
  readonly resources: BatchResources;
  readonly subnets: Pick<Subnets, "subnetOf">;
  /** Makes a build context runnable under its image's URI; throws `DockerfileRefused`. */
  publishImage(imageUri: string, context: string): Promise<void>;
}

const state = z.enum(["ENABLED", "DISABLED"]).default("ENABLED");
const tags = z.record(z.string(), z.string()).default({});

const computeEnvironment = z.strictObject({
  ComputeEnvironmentName: z.string().exactOptional(),
  Type: z.string().regex(/^managed$/i, "only managed compute environments are modelled"),
  State: state,
  ServiceRole: z.string().exactOptional(),
  ReplaceComputeEnvironment: truth.exactOptional(),
  UpdatePolicy: z
    .strictObject({ TerminateJobsOnUpdate: truth.exactOptional(), JobExecutionTimeoutMinutes: z.number().exactOptional() })
    .exactOptional(),
  ComputeResources: z.strictObject({
    Type: z.enum(["FARGATE", "FARGATE_SPOT"]),
    MaxvCpus: wholeNumber({ from: 0, to: 100_000 }),
    Subnets: z.array(z.string()).min(1),
    SecurityGroupIds: z.array(z.string()).min(1),
    UpdateToLatestImageVersion: truth.exactOptional(),
  }),
  Tags: tags,
});

const jobQueue = z.strictObject({
  JobQueueName: z.string().exactOptional(),
  State: state,
  Priority: wholeNumber({ from: 0, to: 1000 }),
  ComputeEnvironmentOrder: z
    .array(z.strictObject({ ComputeEnvironment: z.string(), Order: wholeNumber({ from: 0, to: 1000 }) }))
    .min(1)
    .max(3),
  JobStateTimeLimitActions: z
    .array(
      z.strictObject({
        Action: z.literal("CANCEL"),
        MaxTimeSeconds: wholeNumber({ from: 600, to: 86_400 }),
        Reason: z.string(),
        State: z.literal("RUNNABLE"),
      }),
    )
    .default([]),
  Tags: tags,
});

/** The API's schema under CloudFormation's capitals. */
const jobDefinition = z.record(z.string(), z.unknown()).transform((properties, context) => {
  const parsed = templateJobDefinition.safeParse(lowerCased(properties));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    // Reported under the names that the template uses.
    const path = issue.path.map((part) => (typeof part === "string" ? capitalised(part) : part));
    if (issue.code === "unrecognized_keys") context.addIssue({ ...issue, path, keys: issue.keys.map(capitalised), input: properties });
    else context.addIssue({ code: "custom", path, message: issue.message, input: properties });
  }
  return z.NEVER;
});

/** Members whose keys are data, not property names. */
const verbatim = new Set(["Tags", "Options", "Parameters"]);

function lowerCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      verbatim.has(name) ? inside : lowerCased(inside),
    ]),
  );
}

const capitalised = (name: string): string => (name.includes("-") ? name : name.charAt(0).toUpperCase() + name.slice(1));

export function batchResourceTypes({ resources, subnets, publishImage }: Dependencies): readonly ResourceType[] {
  return [
    resourceType({
      type: "AWS::Batch::ComputeEnvironment",
      properties: computeEnvironment,
      create({ ComputeEnvironmentName, ComputeResources: of, State, Tags }, context) {
        for (const subnetId of of.Subnets) subnets.subnetOf(subnetId);
        const { arn } = resources.addComputeEnvironment({
          name: ComputeEnvironmentName ?? context.generatedName(128),
          type: of.Type,
          isEnabled: State === "ENABLED",
          maxvCpus: of.MaxvCpus,
          subnetIds: of.Subnets,
          securityGroupIds: of.SecurityGroupIds,
          tags: { ...context.tags, ...Tags },
        });
        return { ref: arn, attributes: { ComputeEnvironmentArn: arn } };
      },
    }),
    resourceType({
      type: "AWS::Batch::JobQueue",
      properties: jobQueue,
      create({ JobQueueName, State, Priority, ComputeEnvironmentOrder, JobStateTimeLimitActions, Tags }, context) {
        const { arn } = resources.addJobQueue({
          name: JobQueueName ?? context.generatedName(128),
          isEnabled: State === "ENABLED",
          priority: Priority,
          computeEnvironments: ComputeEnvironmentOrder.toSorted((a, b) => a.Order - b.Order).map((of) => of.ComputeEnvironment),
          timeLimitActions: JobStateTimeLimitActions.map((of) => ({ reason: of.Reason, maxTimeSeconds: of.MaxTimeSeconds })),
          tags: { ...context.tags, ...Tags },
        });
        return { ref: arn, attributes: { JobQueueArn: arn } };
      },
    }),
    resourceType({
      type: "AWS::Batch::JobDefinition",
      properties: jobDefinition,
      async create(request, context) {
        const { image } = request.containerProperties;
        await publish(image, context, publishImage);
        const name = request.jobDefinitionName ?? context.generatedName(128);
        const definition = jobDefinitionOf({ ...request, jobDefinitionName: name, tags: { ...context.tags, ...request.tags } });
        const { arn } = resources.registerJobDefinition(definition);
        return { ref: arn, attributes: { JobDefinitionArn: arn } };
      },
    }),
  ];
}

async function publish(imageUri: string, context: ResourceContext, publishImage: Dependencies["publishImage"]): Promise<void> {
  if (repositoryArn(imageUri) === undefined) {
    throw new AwsError(
      "ClientException",
      `The image ${imageUri} is not an asset of this template; without a container engine only assets run.`,
    );
  }
  const folder = context.assetPath({ imageUri });
  try {
    await publishImage(imageUri, folder);
  } catch (cause) {
    if (!(cause instanceof DockerfileRefused)) throw cause;
    throw new AwsError("ClientException", `The image ${imageUri} (${folder}) cannot run here: ${cause.message}`, { cause });
  }
}
