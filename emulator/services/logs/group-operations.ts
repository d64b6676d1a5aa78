// Operations on log groups, streams and their resource policies.

import type {
  AssociateKmsKeyCommandInput,
  CreateLogGroupCommandInput,
  CreateLogStreamCommandInput,
  DeleteLogGroupCommandInput,
  DeleteResourcePolicyCommandInput,
  DeleteRetentionPolicyCommandInput,
  DescribeLogGroupsCommandInput,
  DescribeLogGroupsCommandOutput,
  DescribeLogStreamsCommandInput,
  DescribeLogStreamsCommandOutput,
  DescribeResourcePoliciesCommandInput,
  DescribeResourcePoliciesCommandOutput,
  DisassociateKmsKeyCommandInput,
  PutResourcePolicyCommandInput,
  PutResourcePolicyCommandOutput,
  PutRetentionPolicyCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { page } from "../../page.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import type { Environment, Operation, Permission } from "../../service.ts";
import { invalidParameter, type LogGroup, type LogGroups, type LogStream } from "./log-groups.ts";

/** The periods that AWS offers, in days. */
export const retentionPeriods: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const invalidToken = (): AwsError => invalidParameter("The specified nextToken is invalid.");

/** AWS names the group by the ARN of an unnamed stream in it, so `log-group:NAME:*` covers both levels. */
export const groupPermission = (groups: LogGroups, action: string, name: string): readonly Permission[] => [
  { action: `logs:${action}`, resource: `${groups.arnOf(name)}:log-stream:` },
];
export const streamPermission = (groups: LogGroups, of: { action: string; group: string; stream: string }): readonly Permission[] => [
  { action: `logs:${of.action}`, resource: `${groups.arnOf(of.group)}:log-stream:${of.stream}` },
];

/** Operations take a group by name or by identifier (name or ARN). */
export const groupName = (
  groups: LogGroups,
  input: { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined },
): string => groups.nameOf(required(input.logGroupIdentifier ?? input.logGroupName, "logGroupName"));

const describeGroup = (group: LogGroup) => ({
  logGroupName: group.name,
  arn: `${group.arn}:*`,
  logGroupArn: group.arn,
  creationTime: group.createdAtMs,
  metricFilterCount: 0,
  logGroupClass: "STANDARD" as const,
  storedBytes: 0,
  ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
  ...(group.key === undefined ? {} : { kmsKeyId: group.key.arn }),
});

const lastEventMs = (stream: LogStream): number => stream.events.reduce((last, event) => Math.max(last, event.timestampMs), 0);

function describeStream(group: LogGroup, stream: LogStream) {
  const times = stream.events.map((event) => event.timestampMs);
  const last = stream.events.at(-1);
  return {
    logStreamName: stream.name,
    arn: `${group.arn}:log-stream:${stream.name}`,
    creationTime: stream.createdAtMs,
    storedBytes: 0,
    ...(last === undefined
      ? {}
      : { firstEventTimestamp: Math.min(...times), lastEventTimestamp: lastEventMs(stream), lastIngestionTime: last.ingestedAtMs }),
  };
}

export function groupOperations(groups: LogGroups, environment: Environment): Record<string, Operation> {
  const createLogGroup: Operation<CreateLogGroupCommandInput> = {
    permissions(input) {
      const name = required(input.logGroupName, "logGroupName");
      return [...groupPermission(groups, "CreateLogGroup", name), ...(input.tags ? groupPermission(groups, "TagResource", name) : [])];
    },
    async run(input) {
      if ((input.logGroupClass ?? "STANDARD") !== "STANDARD") throw notImplemented(`Log group class ${input.logGroupClass}`);
      await groups.create(required(input.logGroupName, "logGroupName"), { kmsKeyId: input.kmsKeyId });
      return {};
    },
  };

  const deleteLogGroup: Operation<DeleteLogGroupCommandInput> = {
    permissions: (input) => groupPermission(groups, "DeleteLogGroup", groupName(groups, input)),
    run(input) {
      groups.delete(groupName(groups, input));
      return {};
    },
  };

  const describeLogGroups: Operation<DescribeLogGroupsCommandInput, Partial<DescribeLogGroupsCommandOutput>> = {
    permissions: () => groupPermission(groups, "DescribeLogGroups", ""),
    run(input) {
      const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input;
      if (input.includeLinkedAccounts) throw notImplemented("DescribeLogGroups with includeLinkedAccounts");
      const listed = groups
        .list()
        .filter(({ name }) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()));
      const { items, nextToken } = page(listed, { limit: input.limit ?? 50, token: input.nextToken, invalid: invalidToken });
      return { logGroups: items.map(describeGroup), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };

  const createLogStream: Operation<CreateLogStreamCommandInput> = {
    permissions: (input) =>
      streamPermission(groups, {
        action: "CreateLogStream",
        group: groupName(groups, input),
        stream: required(input.logStreamName, "logStreamName"),
      }),
    run(input) {
      groups.createStream(groups.get(groupName(groups, input)), required(input.logStreamName, "logStreamName"));
      return {};
    },
  };

  const describeLogStreams: Operation<DescribeLogStreamsCommandInput, Partial<DescribeLogStreamsCommandOutput>> = {
    permissions: (input) => groupPermission(groups, "DescribeLogStreams", groupName(groups, input)),
    run(input) {
      const byTime = input.orderBy === "LastEventTime";
      if (byTime && input.logStreamNamePrefix !== undefined) {
        throw invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
      }
      const group = groups.get(groupName(groups, input));
      const listed = [...group.streams.values()]
        .filter((stream) => stream.name.startsWith(input.logStreamNamePrefix ?? ""))
        .sort((a, b) => (byTime ? lastEventMs(a) - lastEventMs(b) : a.name < b.name ? -1 : 1));
      if (input.descending) listed.reverse();
      const { items, nextToken } = page(listed, { limit: input.limit ?? 50, token: input.nextToken, invalid: invalidToken });
      return { logStreams: items.map((stream) => describeStream(group, stream)), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };

  const putRetentionPolicy: Operation<PutRetentionPolicyCommandInput> = {
    permissions: (input) => groupPermission(groups, "PutRetentionPolicy", groupName(groups, input)),
    run(input) {
      const days = required(input.retentionInDays, "retentionInDays");
      if (!retentionPeriods.includes(days))
        throw invalidParameter(`retentionInDays must be one of ${retentionPeriods.join(", ")}, not ${days}.`);
      groups.get(groupName(groups, input)).retentionDays = days;
      return {};
    },
  };

  const deleteRetentionPolicy: Operation<DeleteRetentionPolicyCommandInput> = {
    permissions: (input) => groupPermission(groups, "DeleteRetentionPolicy", groupName(groups, input)),
    run(input) {
      groups.get(groupName(groups, input)).retentionDays = undefined;
      return {};
    },
  };

  const keyTarget = (input: { logGroupName?: string | undefined; resourceIdentifier?: string | undefined }): string => {
    if (input.resourceIdentifier?.includes(":query-result:")) throw notImplemented("A key for CloudWatch Logs Insights query results");
    return groups.nameOf(required(input.resourceIdentifier ?? input.logGroupName, "logGroupName"));
  };

  const associateKmsKey: Operation<AssociateKmsKeyCommandInput> = {
    permissions: (input) => groupPermission(groups, "AssociateKmsKey", keyTarget(input)),
    async run(input) {
      await groups.associateKey(groups.get(keyTarget(input)), required(input.kmsKeyId, "kmsKeyId"));
      return {};
    },
  };

  const disassociateKmsKey: Operation<DisassociateKmsKeyCommandInput> = {
    permissions: (input) => groupPermission(groups, "DisassociateKmsKey", keyTarget(input)),
    run(input) {
      delete groups.get(keyTarget(input)).key;
      return {};
    },
  };

  const putResourcePolicy: Operation<PutResourcePolicyCommandInput, Partial<PutResourcePolicyCommandOutput>> = {
    permissions: () => [{ action: "logs:PutResourcePolicy", resource: "*" }],
    run(input) {
      if (input.resourceArn !== undefined) throw notImplemented("Resource policies on one log group (resourceArn)");
      const name = required(input.policyName, "policyName");
      const text = required(input.policyDocument, "policyDocument");
      const document = parseResourcePolicy(text, (why) => invalidParameter(`The policy document is malformed: ${why}`));
      const updatedAtMs = environment.clock.now();
      groups.resourcePolicies.set(name, { document, text, updatedAtMs });
      return { resourcePolicy: { policyName: name, policyDocument: text, lastUpdatedTime: updatedAtMs } };
    },
  };

  const deleteResourcePolicy: Operation<DeleteResourcePolicyCommandInput> = {
    permissions: () => [{ action: "logs:DeleteResourcePolicy", resource: "*" }],
    run(input) {
      const name = required(input.policyName, "policyName");
      if (!groups.resourcePolicies.delete(name))
        throw new AwsError("ResourceNotFoundException", `Policy with name [${name}] does not exist.`);
      return {};
    },
  };

  const describeResourcePolicies: Operation<DescribeResourcePoliciesCommandInput, Partial<DescribeResourcePoliciesCommandOutput>> = {
    permissions: () => [{ action: "logs:DescribeResourcePolicies", resource: "*" }],
    run(input) {
      const listed = [...groups.resourcePolicies].map(([policyName, { text, updatedAtMs }]) => ({
        policyName,
        policyDocument: text,
        lastUpdatedTime: updatedAtMs,
      }));
      const { items, nextToken } = page(listed, { limit: input.limit ?? 50, token: input.nextToken, invalid: invalidToken });
      return { resourcePolicies: [...items], ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };

  return {
    CreateLogGroup: createLogGroup,
    DeleteLogGroup: deleteLogGroup,
    DescribeLogGroups: describeLogGroups,
    CreateLogStream: createLogStream,
    DescribeLogStreams: describeLogStreams,
    PutRetentionPolicy: putRetentionPolicy,
    DeleteRetentionPolicy: deleteRetentionPolicy,
    AssociateKmsKey: associateKmsKey,
    DisassociateKmsKey: disassociateKmsKey,
    PutResourcePolicy: putResourcePolicy,
    DeleteResourcePolicy: deleteResourcePolicy,
    DescribeResourcePolicies: describeResourcePolicies,
  };
}
