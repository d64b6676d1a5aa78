// EventBridge's operations on the targets of a rule.

import type { ListTargetsByRuleRequest, PutTargetsRequest, RemoveTargetsRequest } from "@aws-sdk/client-eventbridge";
import { AwsError } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Operation, Service } from "../../service.ts";
import { onRule } from "./rule-operations.ts";
import type { Rules } from "./rules.ts";
import { parseTarget } from "./targets.ts";

export function targetOperations(rules: Rules): Service["operations"] {
  const on = (action: string) => ({
    permissions: ({ Rule, EventBusName }: { Rule?: string | undefined; EventBusName?: string | undefined }) =>
      onRule(rules, action, { name: Rule, bus: EventBusName }),
  });
  const putTargets: Operation<PutTargetsRequest> = {
    permissions: ({ Rule: name, EventBusName: bus, Targets = [] }) => [
      ...onRule(rules, "events:PutTargets", { name, bus, context: { "events:TargetArn": Targets.map(({ Arn = "" }) => Arn) } }),
      ...Targets.flatMap(({ RoleArn }) => (RoleArn === undefined ? [] : [RoleArn])).map((resource) => ({
        action: "iam:PassRole",
        resource,
        context: { "iam:PassedToService": "events.amazonaws.com", "iam:AssociatedResourceArn": rules.arn(name ?? "") },
      })),
    ],
    run({ Rule: name = "", Targets = [] }) {
      rules.get(name);
      rules.putTargets(
        name,
        Targets.map((target) => parseTarget(name, target)),
      );
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
  };
  const listTargets: Operation<ListTargetsByRuleRequest> = {
    ...on("events:ListTargetsByRule"),
    run({ Rule = "", Limit = 100, NextToken }) {
      const invalid = () => new AwsError("ValidationException", "Invalid NextToken.");
      const { items, nextToken } = page(rules.get(Rule).targets, { limit: Limit, token: NextToken, invalid });
      return { Targets: items.map(({ shown }) => shown), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };
  const removeTargets: Operation<RemoveTargetsRequest> = {
    ...on("events:RemoveTargets"),
    run({ Rule = "", Ids = [] }) {
      rules.removeTargets(Rule, Ids);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
  };
  return { PutTargets: putTargets, ListTargetsByRule: listTargets, RemoveTargets: removeTargets };
}
