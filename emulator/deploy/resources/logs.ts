// AWS::Logs::LogGroup and AWS::Logs::ResourcePolicy as templates write them.

import { z } from "zod";
import { AwsError } from "../../aws-error.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import type { Environment } from "../../service.ts";
import { retentionPeriods } from "../../services/logs/group-operations.ts";
import type { LogGroups } from "../../services/logs/log-groups.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList } from "../tag-list.ts";

export const logsResourceTypes = (groups: LogGroups, environment: Environment): readonly ResourceType[] => [
  resourceType({
    type: "AWS::Logs::LogGroup",
    properties: z.strictObject({
      LogGroupName: z.string().optional(),
      KmsKeyId: z.string().optional(),
      RetentionInDays: z
        .number()
        .refine((days) => retentionPeriods.includes(days), "not a retention period that CloudWatch Logs offers")
        .optional(),
      LogGroupClass: z.literal("STANDARD").optional(),
      Tags: tagList,
    }),
    async create(properties, context) {
      const group = await groups.create(properties.LogGroupName ?? context.generatedName(512), {
        kmsKeyId: properties.KmsKeyId,
        retentionDays: properties.RetentionInDays,
      });
      return { ref: group.name, attributes: { Arn: `${group.arn}:*` } };
    },
  }),
  resourceType({
    type: "AWS::Logs::ResourcePolicy",
    properties: z.strictObject({ PolicyName: z.string(), PolicyDocument: z.string() }),
    create({ PolicyName, PolicyDocument }) {
      const document = parseResourcePolicy(
        PolicyDocument,
        (why) => new AwsError("InvalidParameterException", `The policy document is malformed: ${why}`),
      );
      groups.resourcePolicies.set(PolicyName, { document, text: PolicyDocument, updatedAtMs: environment.clock.now() });
      return { ref: PolicyName, attributes: {} };
    },
  }),
];
