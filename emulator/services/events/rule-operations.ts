// EventBridge's operations on rules.

import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  DisableRuleRequest,
  EnableRuleRequest,
  ListRulesRequest,
  PutRuleRequest,
} from "@aws-sdk/client-eventbridge";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Operation, Permission, Service } from "../../service.ts";
import type { Rule, Rules } from "./rules.ts";

/** The permission on a rule of the default bus. */
export function onRule(
  rules: Rules,
  action: string,
  of: { name: string | undefined; bus: string | undefined; context?: Permission["context"] },
): readonly Permission[] {
  if (of.bus !== undefined && of.bus !== "default") throw notImplemented(`The event bus ${of.bus}`);
  const tags = Object.entries(rules.find(of.name ?? "")?.tags ?? {}).map(([name, value]) => [`aws:ResourceTag/${name}`, value] as const);
  return [{ action, resource: rules.arn(of.name ?? "*"), context: { ...Object.fromEntries(tags), ...of.context } }];
}

export function ruleOperations(rules: Rules): Service["operations"] {
  const on = (action: string) => ({
    permissions: ({ Name, EventBusName }: { Name?: string | undefined; EventBusName?: string | undefined }) =>
      onRule(rules, action, { name: Name, bus: EventBusName }),
  });
  const putRule: Operation<PutRuleRequest> = {
    permissions: ({ Name, EventBusName, EventPattern = "" }) =>
      onRule(rules, "events:PutRule", { name: Name, bus: EventBusName, context: conditionKeysOf(EventPattern) }),
    run({ Name = "", Description, EventPattern, ScheduleExpression, State, RoleArn, Tags = [] }) {
      if (ScheduleExpression !== undefined) throw notImplemented("PutRule with ScheduleExpression (use EventBridge Scheduler)");
      if (RoleArn !== undefined) throw notImplemented("PutRule with RoleArn (roles belong to targets)");
      if (EventPattern === undefined) {
        throw new AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.");
      }
      const rule = rules.put({
        name: Name,
        ...(Description === undefined ? {} : { description: Description }),
        eventPattern: EventPattern,
        isEnabled: State !== "DISABLED",
        tags: rules.find(Name)?.tags ?? Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
      });
      return { RuleArn: rule.arn };
    },
  };
  const describeRule: Operation<DescribeRuleRequest> = {
    ...on("events:DescribeRule"),
    run: ({ Name = "" }) => describe(rules.get(Name)),
  };
  const listRules: Operation<ListRulesRequest> = {
    permissions: ({ EventBusName }) => onRule(rules, "events:ListRules", { name: undefined, bus: EventBusName }),
    run({ NamePrefix = "", Limit = 100, NextToken }) {
      const found = rules.list().filter(({ name }) => name.startsWith(NamePrefix));
      const invalid = () => new AwsError("ValidationException", "Invalid NextToken.");
      const { items, nextToken } = page(found, { limit: Limit, token: NextToken, invalid });
      return { Rules: items.map(describe), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
  const deleteRule: Operation<DeleteRuleRequest> = {
    ...on("events:DeleteRule"),
    run({ Name = "" }) {
      rules.delete(Name);
      return {};
    },
  };
  const enableRule: Operation<EnableRuleRequest> = {
    ...on("events:EnableRule"),
    run({ Name = "" }) {
      rules.enable(Name, true);
      return {};
    },
  };
  const disableRule: Operation<DisableRuleRequest> = {
    ...on("events:DisableRule"),
    run({ Name = "" }) {
      rules.enable(Name, false);
      return {};
    },
  };
  return {
    PutRule: putRule,
    DescribeRule: describeRule,
    ListRules: listRules,
    DeleteRule: deleteRule,
    EnableRule: enableRule,
    DisableRule: disableRule,
  };
}

/** `events:source` and `events:detail-type`, as far as the pattern lists plain texts. */
function conditionKeysOf(eventPattern: string): Record<string, readonly string[]> {
  let pattern: unknown;
  try {
    pattern = JSON.parse(eventPattern);
  } catch {
    // Refused, with the reason, once the call is allowed.
    return {};
  }
  if (typeof pattern !== "object" || pattern === null) return {};
  return Object.fromEntries(
    Object.entries(pattern)
      .filter(([name, value]) => (name === "source" || name === "detail-type") && Array.isArray(value))
      .map(([name, value]) => [`events:${name}`, (value as unknown[]).filter((one) => typeof one === "string")]),
  );
}

const describe = (of: Rule): object => ({
  Name: of.name,
  Arn: of.arn,
  ...(of.description === undefined ? {} : { Description: of.description }),
  EventPattern: of.eventPattern,
  State: of.isEnabled ? "ENABLED" : "DISABLED",
  EventBusName: "default",
});
