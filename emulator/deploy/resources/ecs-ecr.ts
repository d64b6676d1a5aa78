// ECS and ECR as resources of their own: Batch brings its own cluster, and images come from the cloud assembly, so a template needs neither.

import { z } from "zod";
import { notImplemented } from "../../aws-error.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";

const refusedTypes = ["AWS::ECS::Cluster", "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::ECR::Repository"] as const;

/** Each is refused by name, with what to use instead. */
export const ecsEcrResourceTypes = (): readonly ResourceType[] =>
  refusedTypes.map((type) =>
    resourceType({
      type,
      properties: z.record(z.string(), z.unknown()),
      create() {
        throw notImplemented(`${type} (use AWS Batch on Fargate with an image asset)`);
      },
    }),
  );
