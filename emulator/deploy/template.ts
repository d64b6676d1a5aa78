// The shape of a CloudFormation template as this engine reads it; a section or resource attribute outside it is refused by name.

import { z } from "zod";
import type { Json } from "../../core/canonical-json.ts";

// A template comes out of JSON.parse, so any value in it is JSON already.
const expression = z.custom<Json>((value) => value !== undefined);
const expressions = z.record(z.string(), expression);

const Parameter = z.strictObject({
  Type: z.string(),
  Default: z.union([z.string(), z.number()]).optional(),
  AllowedValues: z.array(z.union([z.string(), z.number()])).optional(),
  AllowedPattern: z.string().optional(),
  ConstraintDescription: z.string().optional(),
  Description: z.string().optional(),
  MaxLength: z.coerce.number().optional(),
  MinLength: z.coerce.number().optional(),
  MaxValue: z.coerce.number().optional(),
  MinValue: z.coerce.number().optional(),
  NoEcho: z.union([z.boolean(), z.string()]).optional(),
});

const Resource = z.strictObject({
  Type: z.string(),
  Properties: expressions.optional(),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
  Condition: z.string().optional(),
  // What happens on update, replacement and deletion, and what only people and tools read: nothing to do at creation.
  Metadata: expression.optional(),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
  UpdatePolicy: expression.optional(),
});

const Output = z.strictObject({
  Value: expression,
  Description: z.string().optional(),
  Condition: z.string().optional(),
  Export: z.strictObject({ Name: expression }).optional(),
});

export const Template = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: expression.optional(),
  Parameters: z.record(z.string(), Parameter).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), expressions)).default({}),
  Conditions: expressions.default({}),
  // CDK's rule compares the version of the bootstrap stack, which assets are published through; here they are read in place.
  Rules: z.strictObject({ CheckBootstrapVersion: expression.optional() }).optional(),
  Resources: z.record(z.string(), Resource),
  Outputs: z.record(z.string(), Output).default({}),
});

export type Template = z.output<typeof Template>;
export type TemplateParameter = z.output<typeof Parameter>;
export type TemplateResource = z.output<typeof Resource>;
