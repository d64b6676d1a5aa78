// EventBridge, as much as templates and Step Functions' managed rule need: rules can be put and read; no rule delivers anything.

import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  ListRulesRequest,
  ListTargetsByRuleRequest,
  PutRuleRequest,
  PutTargetsRequest,
  RemoveTargetsRequest,
} from "@aws-sdk/client-eventbridge";
import { AwsError, notImplemented } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { eventsResourceTypes } from "../deploy/resources/events.ts";
import { page } from "../page.ts";
import type { Environment, Operation, Permission, Service } from "../service.ts";
import { assertDeliverable, type Rule, Rules, type RuleTarget } from "./events/rules.ts";

export interface Events {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export function createEvents(environment: Environment): Events {
  const rules = new Rules(environment);
  return {
    service: {
      signingName: "events",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-eventbridge"),
      operations: eventsOperations(rules),
    },
    resourceTypes: eventsResourceTypes(rules),
  };
}

function eventsOperations(rules: Rules): Service["operations"] {
  const on = (action: string, of: { name: string | undefined; bus: string | undefined }): readonly Permission[] => {
    if (of.bus !== undefined && of.bus !== "default") throw notImplemented(`The event bus ${of.bus}`);
    return [{ action, resource: rules.arn(of.name ?? "*") }];
  };
  const putRule: Operation<PutRuleRequest> = {
    permissions: ({ Name, EventBusName }) => on("events:PutRule", { name: Name, bus: EventBusName }),
    run({ Name = "", Description, EventPattern, ScheduleExpression, State }) {
      if (ScheduleExpression !== undefined) throw notImplemented("PutRule with ScheduleExpression (use EventBridge Scheduler)");
      if (EventPattern === undefined) {
        throw new AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.");
      }
      const rule = rules.put({
        name: Name,
        ...(Description === undefined ? {} : { description: Description }),
        eventPattern: EventPattern,
        isEnabled: State !== "DISABLED",
      });
      return { RuleArn: rule.arn };
    },
  };
  const describeRule: Operation<DescribeRuleRequest> = {
    permissions: ({ Name, EventBusName }) => on("events:DescribeRule", { name: Name, bus: EventBusName }),
    run: ({ Name = "" }) => describe(rules.get(Name)),
  };
  const listRules: Operation<ListRulesRequest> = {
    permissions: ({ EventBusName }) => on("events:ListRules", { name: undefined, bus: EventBusName }),
    run({ NamePrefix = "", Limit = 100, NextToken }) {
      const found = rules.list().filter(({ name }) => name.startsWith(NamePrefix));
      const invalid = () => new AwsError("ValidationException", "Invalid NextToken.");
      const { items, nextToken } = page(found, { limit: Limit, token: NextToken, invalid });
      return { Rules: items.map(describe), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
  const deleteRule: Operation<DeleteRuleRequest> = {
    permissions: ({ Name, EventBusName }) => on("events:DeleteRule", { name: Name, bus: EventBusName }),
    run({ Name = "" }) {
      rules.delete(Name);
      return {};
    },
  };
  const putTargets: Operation<PutTargetsRequest> = {
    permissions: ({ Rule, EventBusName }) => on("events:PutTargets", { name: Rule, bus: EventBusName }),
    run({ Rule: name = "", Targets = [] }) {
      rules.get(name);
      const targets = Targets.map(({ Id = "", Arn = "", RoleArn }): RuleTarget => {
        assertDeliverable(name, Arn);
        return { id: Id, arn: Arn, ...(RoleArn === undefined ? {} : { roleArn: RoleArn }) };
      });
      rules.putTargets(name, targets);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
  };
  const listTargets: Operation<ListTargetsByRuleRequest> = {
    permissions: ({ Rule, EventBusName }) => on("events:ListTargetsByRule", { name: Rule, bus: EventBusName }),
    run: ({ Rule = "" }) => ({
      Targets: rules
        .get(Rule)
        .targets.map(({ id, arn, roleArn }) => ({ Id: id, Arn: arn, ...(roleArn === undefined ? {} : { RoleArn: roleArn }) })),
    }),
  };
  const removeTargets: Operation<RemoveTargetsRequest> = {
    permissions: ({ Rule, EventBusName }) => on("events:RemoveTargets", { name: Rule, bus: EventBusName }),
    run({ Rule = "", Ids = [] }) {
      rules.removeTargets(Rule, Ids);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
  };
  return {
    PutRule: putRule,
    DescribeRule: describeRule,
    ListRules: listRules,
    DeleteRule: deleteRule,
    PutTargets: putTargets,
    ListTargetsByRule: listTargets,
    RemoveTargets: removeTargets,
  };
}

const describe = (of: Rule): object => ({
  Name: of.name,
  Arn: of.arn,
  ...(of.description === undefined ? {} : { Description: of.description }),
  EventPattern: of.eventPattern,
  State: of.isEnabled ? "ENABLED" : "DISABLED",
  EventBusName: "default",
});
