// EventBridge Scheduler's API: schedules and their groups.

import type {
  CreateScheduleGroupInput,
  CreateScheduleInput,
  DeleteScheduleGroupInput,
  DeleteScheduleInput,
  GetScheduleGroupInput,
  GetScheduleInput,
  ListScheduleGroupsInput,
  ListSchedulesInput,
  UpdateScheduleInput,
} from "@aws-sdk/client-scheduler";
import { notImplemented } from "../../aws-error.ts";
import { retryDefaults } from "../../deliveries.ts";
import { page } from "../../page.ts";
import type { Operation, Permission, Service } from "../../service.ts";
import { defaultGroup, type Schedule, type ScheduleGroup, type Schedules, validation } from "./schedules.ts";
import { assertTarget } from "./targets.ts";

type ScheduleInput = Pick<
  CreateScheduleInput,
  | "Name"
  | "GroupName"
  | "Description"
  | "ScheduleExpression"
  | "ScheduleExpressionTimezone"
  | "State"
  | "StartDate"
  | "EndDate"
  | "ActionAfterCompletion"
  | "KmsKeyArn"
  | "FlexibleTimeWindow"
  | "Target"
>;

export function schedulerOperations(schedules: Schedules): Service["operations"] {
  const on = (action: string, of: { GroupName?: string | undefined; Name?: string | undefined }): readonly Permission[] => [
    { action, resource: schedules.arn(`schedule/${of.GroupName ?? defaultGroup}/${of.Name}`) },
  ];
  const onGroup = (action: string, name: string | undefined): readonly Permission[] => [
    { action, resource: schedules.arn(`schedule-group/${name}`) },
  ];
  const withRole = (action: string, input: ScheduleInput): readonly Permission[] => [
    ...on(action, input),
    { action: "iam:PassRole", resource: input.Target?.RoleArn ?? "*", context: { "iam:PassedToService": "scheduler.amazonaws.com" } },
  ];
  const createSchedule: Operation<CreateScheduleInput> = {
    permissions: (input) => withRole("scheduler:CreateSchedule", input),
    run: (input) => ({ ScheduleArn: schedules.add(scheduleOf(input)).arn }),
  };
  const updateSchedule: Operation<UpdateScheduleInput> = {
    permissions: (input) => withRole("scheduler:UpdateSchedule", input),
    run: (input) => ({ ScheduleArn: schedules.replace(scheduleOf(input)).arn }),
  };
  const getSchedule: Operation<GetScheduleInput> = {
    permissions: (input) => on("scheduler:GetSchedule", input),
    run: ({ GroupName = defaultGroup, Name = "" }) => describe(schedules.get(GroupName, Name)),
  };
  const deleteSchedule: Operation<DeleteScheduleInput> = {
    permissions: (input) => on("scheduler:DeleteSchedule", input),
    run({ GroupName = defaultGroup, Name = "" }) {
      schedules.delete(GroupName, Name);
      return {};
    },
  };
  const listSchedules: Operation<ListSchedulesInput> = {
    // Whatever group is asked for: AWS knows no resource for this action. Source: aws/aws-cdk issue 38201, reproduced there.
    permissions: () => [{ action: "scheduler:ListSchedules", resource: schedules.arn("schedule/*/*") }],
    run(input) {
      const found = schedules
        .list()
        .filter(({ group }) => input.GroupName === undefined || group === input.GroupName)
        .filter(({ name }) => name.startsWith(input.NamePrefix ?? ""))
        .filter(({ isEnabled }) => input.State === undefined || input.State === stateOf(isEnabled));
      const { items, nextToken } = paged(found, input);
      return { Schedules: items.map(summarize), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
  const createGroup: Operation<CreateScheduleGroupInput> = {
    permissions: ({ Name }) => onGroup("scheduler:CreateScheduleGroup", Name),
    run({ Name = "", Tags = [] }) {
      const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
      return { ScheduleGroupArn: schedules.addGroup(Name, tags).arn };
    },
  };
  const getGroup: Operation<GetScheduleGroupInput> = {
    permissions: ({ Name }) => onGroup("scheduler:GetScheduleGroup", Name),
    run: ({ Name = "" }) => describeGroup(schedules.group(Name)),
  };
  const listGroups: Operation<ListScheduleGroupsInput> = {
    permissions: () => [{ action: "scheduler:ListScheduleGroups", resource: schedules.arn("schedule-group/*") }],
    run(input) {
      const found = schedules.groups().filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
      const { items, nextToken } = paged(found, input);
      return { ScheduleGroups: items.map(describeGroup), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
  const deleteGroup: Operation<DeleteScheduleGroupInput> = {
    permissions: ({ Name }) => onGroup("scheduler:DeleteScheduleGroup", Name),
    run({ Name = "" }) {
      schedules.deleteGroup(Name);
      return {};
    },
  };
  return {
    CreateSchedule: createSchedule,
    UpdateSchedule: updateSchedule,
    GetSchedule: getSchedule,
    DeleteSchedule: deleteSchedule,
    ListSchedules: listSchedules,
    CreateScheduleGroup: createGroup,
    GetScheduleGroup: getGroup,
    ListScheduleGroups: listGroups,
    DeleteScheduleGroup: deleteGroup,
  };
}

/** Parses a request; throws for a target, window or parameter that is not modelled. */
export function scheduleOf(input: ScheduleInput): Omit<Schedule, "arn" | "createdAtMs" | "modifiedAtMs"> {
  const { Target: target, FlexibleTimeWindow: window } = input;
  if (window?.Mode !== "OFF") throw notImplemented("A schedule with a flexible time window");
  if (input.KmsKeyArn !== undefined) throw notImplemented("A schedule with KmsKeyArn");
  if (target?.Arn === undefined || target.RoleArn === undefined) throw validation("Target.Arn and Target.RoleArn are required.");
  const { Arn, RoleArn, Input = "", DeadLetterConfig, RetryPolicy, ...others } = target;
  const [other] = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (other !== undefined) throw notImplemented(`A schedule's target with ${other}`);
  assertTarget(Arn, Input);
  return {
    name: input.Name ?? "",
    group: input.GroupName ?? defaultGroup,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    expression: input.ScheduleExpression ?? "",
    timeZone: input.ScheduleExpressionTimezone ?? "UTC",
    isEnabled: (input.State ?? "ENABLED") === "ENABLED",
    ...(input.StartDate === undefined ? {} : { startMs: input.StartDate.getTime() }),
    ...(input.EndDate === undefined ? {} : { endMs: input.EndDate.getTime() }),
    deletesAfterCompletion: input.ActionAfterCompletion === "DELETE",
    target: {
      arn: Arn,
      roleArn: RoleArn,
      input: Input,
      ...(DeadLetterConfig?.Arn === undefined ? {} : { deadLetterQueueArn: DeadLetterConfig.Arn }),
      maximumRetryAttempts: RetryPolicy?.MaximumRetryAttempts ?? retryDefaults.maximumRetryAttempts,
      maximumEventAgeSeconds: RetryPolicy?.MaximumEventAgeInSeconds ?? retryDefaults.maximumEventAgeSeconds,
    },
  };
}

const stateOf = (isEnabled: boolean): string => (isEnabled ? "ENABLED" : "DISABLED");

const paged = <Item>(items: readonly Item[], input: { MaxResults?: number | undefined; NextToken?: string | undefined }) =>
  page(items, { limit: input.MaxResults ?? 100, token: input.NextToken, invalid: () => validation("Invalid NextToken.") });

function describe({ target, ...of }: Schedule): object {
  return {
    Arn: of.arn,
    Name: of.name,
    GroupName: of.group,
    ...(of.description === undefined ? {} : { Description: of.description }),
    ScheduleExpression: of.expression,
    ScheduleExpressionTimezone: of.timeZone,
    State: stateOf(of.isEnabled),
    FlexibleTimeWindow: { Mode: "OFF" },
    ActionAfterCompletion: of.deletesAfterCompletion ? "DELETE" : "NONE",
    ...(of.startMs === undefined ? {} : { StartDate: new Date(of.startMs) }),
    ...(of.endMs === undefined ? {} : { EndDate: new Date(of.endMs) }),
    CreationDate: new Date(of.createdAtMs),
    LastModificationDate: new Date(of.modifiedAtMs),
    Target: {
      Arn: target.arn,
      RoleArn: target.roleArn,
      ...(target.input === "" ? {} : { Input: target.input }),
      ...(target.deadLetterQueueArn === undefined ? {} : { DeadLetterConfig: { Arn: target.deadLetterQueueArn } }),
      RetryPolicy: { MaximumEventAgeInSeconds: target.maximumEventAgeSeconds, MaximumRetryAttempts: target.maximumRetryAttempts },
    },
  };
}

const summarize = (of: Schedule): object => ({
  Arn: of.arn,
  Name: of.name,
  GroupName: of.group,
  State: stateOf(of.isEnabled),
  CreationDate: new Date(of.createdAtMs),
  LastModificationDate: new Date(of.modifiedAtMs),
  Target: { Arn: of.target.arn },
});

const describeGroup = ({ name, arn, createdAtMs }: ScheduleGroup): object => ({
  Name: name,
  Arn: arn,
  State: "ACTIVE",
  CreationDate: new Date(createdAtMs),
  LastModificationDate: new Date(createdAtMs),
});
