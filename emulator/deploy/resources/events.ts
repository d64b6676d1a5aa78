// CloudFormation's EventBridge rules as the CDK writes them.

import { z } from "zod";
import type { Rules } from "../../services/events/rules.ts";
import { parseTarget } from "../../services/events/targets.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { wholeNumber } from "./scalars.ts";

const target = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  RoleArn: z.string().exactOptional(),
  Input: z.string().exactOptional(),
  InputPath: z.string().exactOptional(),
  InputTransformer: z
    .strictObject({ InputPathsMap: z.record(z.string(), z.string()).exactOptional(), InputTemplate: z.string() })
    .exactOptional(),
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: wholeNumber({ from: 60, to: 86_400 }).exactOptional(),
      MaximumRetryAttempts: wholeNumber({ from: 0, to: 185 }).exactOptional(),
    })
    .exactOptional(),
  DeadLetterConfig: z.strictObject({ Arn: z.string().exactOptional() }).exactOptional(),
});

const rule = z.strictObject({
  Name: z.string().exactOptional(),
  Description: z.string().exactOptional(),
  EventBusName: z.literal("default").exactOptional(),
  EventPattern: z.record(z.string(), z.unknown()),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  Targets: z.array(target).default([]),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]),
});

export const eventsResourceTypes = (rules: Rules): readonly ResourceType[] => [
  resourceType({
    type: "AWS::Events::Rule",
    properties: rule,
    create({ Name, Description, EventPattern, State, Targets, Tags }, context) {
      const name = Name ?? context.generatedName(64);
      // Before the rule exists: one that cannot deliver is not created.
      const targets = Targets.map((of) => parseTarget(name, of));
      const { arn } = rules.put({
        name,
        ...(Description === undefined ? {} : { description: Description }),
        eventPattern: JSON.stringify(EventPattern),
        isEnabled: State === "ENABLED",
        tags: { ...context.tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) },
      });
      rules.putTargets(name, targets);
      return { ref: name, attributes: { Arn: arn } };
    },
  }),
];
