// CloudFormation's Scheduler resources as the CDK writes them.

import { z } from "zod";
import { scheduleOf } from "../../services/scheduler/operations.ts";
import type { Schedules } from "../../services/scheduler/schedules.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { wholeNumber } from "./scalars.ts";

const instant = z.string().transform((text, context) => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) context.addIssue({ code: "custom", message: `${text} is not a date` });
  return date;
});

const schedule = z.strictObject({
  Name: z.string().exactOptional(),
  GroupName: z.string().exactOptional(),
  Description: z.string().exactOptional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().exactOptional(),
  State: z.enum(["ENABLED", "DISABLED"]).exactOptional(),
  StartDate: instant.exactOptional(),
  EndDate: instant.exactOptional(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal("OFF") }),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().exactOptional(),
    DeadLetterConfig: z.strictObject({ Arn: z.string().exactOptional() }).exactOptional(),
    RetryPolicy: z
      .strictObject({
        MaximumEventAgeInSeconds: wholeNumber({ from: 60, to: 86_400 }).exactOptional(),
        MaximumRetryAttempts: wholeNumber({ from: 0, to: 185 }).exactOptional(),
      })
      .exactOptional(),
  }),
});

const scheduleGroup = z.strictObject({
  Name: z.string().exactOptional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]),
});

export const schedulerResourceTypes = (schedules: Schedules): readonly ResourceType[] => [
  resourceType({
    type: "AWS::Scheduler::Schedule",
    properties: schedule,
    create(properties, context) {
      const Name = properties.Name ?? context.generatedName(64);
      const { arn } = schedules.add(scheduleOf({ ...properties, Name }));
      return { ref: Name, attributes: { Arn: arn } };
    },
  }),
  resourceType({
    type: "AWS::Scheduler::ScheduleGroup",
    properties: scheduleGroup,
    create({ Name, Tags }, context) {
      const tags = { ...context.tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) };
      const { name, arn, createdAtMs } = schedules.addGroup(Name ?? context.generatedName(64), tags);
      const created = new Date(createdAtMs).toISOString();
      return { ref: name, attributes: { Arn: arn, CreationDate: created, LastModificationDate: created, State: "ACTIVE" } };
    },
  }),
];
