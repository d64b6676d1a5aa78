// CloudFormation's EventBridge rules: accepted without targets, refused with them, as no event would ever reach one here.

import { z } from "zod";
import { assertDeliverable, type Rules } from "../../services/events/rules.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";

const rule = z.strictObject({
  Name: z.string().exactOptional(),
  Description: z.string().exactOptional(),
  EventBusName: z.literal("default").exactOptional(),
  EventPattern: z.record(z.string(), z.unknown()),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  Targets: z.array(z.looseObject({ Arn: z.string() })).default([]),
});

export const eventsResourceTypes = (rules: Rules): readonly ResourceType[] => [
  resourceType({
    type: "AWS::Events::Rule",
    properties: rule,
    create({ Name, Description, EventPattern, State, Targets }, context) {
      const name = Name ?? context.generatedName(64);
      for (const { Arn } of Targets) assertDeliverable(name, Arn);
      const { arn } = rules.put({
        name,
        ...(Description === undefined ? {} : { description: Description }),
        eventPattern: JSON.stringify(EventPattern),
        isEnabled: State === "ENABLED",
      });
      return { ref: name, attributes: { Arn: arn } };
    },
  }),
];
