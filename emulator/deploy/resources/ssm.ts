// AWS::SSM::Parameter as templates write it; CloudFormation itself has no SecureString.

import { z } from "zod";
import type { Parameters } from "../../services/ssm/parameters.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";

export const ssmResourceTypes = (parameters: Parameters): readonly ResourceType[] => [
  resourceType({
    type: "AWS::SSM::Parameter",
    properties: z.strictObject({
      Name: z.string().optional(),
      Type: z.enum(["String", "StringList"]),
      Value: z.string(),
      Description: z.string().optional(),
      AllowedPattern: z.string().optional(),
      DataType: z.literal("text").optional(),
      Tier: z.literal("Standard").optional(),
      Tags: z.record(z.string(), z.string()).default({}),
    }),
    create(properties, context) {
      const { Type: type, Value: value, AllowedPattern: pattern } = properties;
      const name = properties.Name ?? context.generatedName(2048);
      if (pattern !== undefined && !new RegExp(pattern).test(value)) {
        throw new Error(`Parameter ${name}: its value does not match its AllowedPattern ${pattern}.`);
      }
      const tags = new Map([...Object.entries(context.tags), ...Object.entries(properties.Tags)]);
      parameters.put(name, { type, value, overwrite: false, tags });
      return { ref: name, attributes: { Type: type, Value: value } };
    },
  }),
];
