// Amazon CloudWatch Logs: where tasks, jobs and the state machine write, and where operators read.

import type { OneOrMany, PolicyDocument, Statement } from "../../policy/document.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { logsResourceTypes } from "../deploy/resources/logs.ts";
import type { Environment, Gateway, Service } from "../service.ts";
import type { Kms } from "./kms.ts";
import { eventOperations } from "./logs/event-operations.ts";
import { groupOperations } from "./logs/group-operations.ts";
import { type LogEvent, LogGroups } from "./logs/log-groups.ts";

export interface Logs {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** Calls back for each event written to a group from now on, whether the group exists yet or not; the result ends it. For whoever owns the emulator: asks nobody. */
  tail(group: string, callback: (event: LogEvent) => void): () => void;
  /**
   * Writes as the log delivery service (`delivery.logs.amazonaws.com`), which Step Functions' and other vended logs go through: a CloudWatch Logs
   * resource policy must allow it. Makes the stream where there is none.
   */
  deliver(of: {
    /** With or without `:*`. */
    logGroupArn: string;
    stream: string;
    sourceArn: string;
    events: readonly { timestampMs: number; message: string }[];
  }): Promise<void>;
  /**
   * What AWS's CreateLogDelivery leaves behind: the account's resource policy `AWSLogDeliveryWrite20150319` gets a statement that lets the
   * delivery service write to this group. The caller has made sure that the role in question may do so (`logs:CreateLogDelivery`, `logs:PutResourcePolicy`).
   */
  allowDelivery(logGroupArn: string): void;
}

const deliveryPolicyName = "AWSLogDeliveryWrite20150319";
const deliveryService = "delivery.logs.amazonaws.com";

const statementsOf = (policy: PolicyDocument | undefined): readonly Statement[] => {
  const statements: OneOrMany<Statement> = policy?.Statement ?? [];
  return [statements].flat();
};

export function createLogs(environment: Environment, dependencies: { kms: Kms; gateway: Gateway }): Logs {
  const groups = new LogGroups(environment, dependencies);
  return {
    service: {
      signingName: "logs",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-cloudwatch-logs"),
      operations: { ...groupOperations(groups, environment), ...eventOperations(groups, environment) },
    },
    resourceTypes: logsResourceTypes(groups, environment),
    tail: (group, callback) => groups.watch(group, callback),
    async deliver({ logGroupArn, stream: streamName, sourceArn, events }) {
      const group = groups.get(logGroupArn);
      const resourcePolicy: PolicyDocument = {
        Version: "2012-10-17",
        Statement: [...groups.resourcePolicies.values()].flatMap(({ document }) => statementsOf(document)),
      };
      const resource = `${group.arn}:log-stream:${streamName}`;
      for (const action of ["logs:CreateLogStream", "logs:PutLogEvents"]) {
        const permission = { action, resource, resourcePolicy };
        await dependencies.gateway.authorizeService({ service: deliveryService, sourceArn, permission });
      }
      await groups.write(group, group.streams.get(streamName) ?? groups.createStream(group, streamName), events);
    },
    allowDelivery(logGroupArn) {
      const { arn } = groups.get(logGroupArn);
      const document: PolicyDocument = {
        Version: "2012-10-17",
        Statement: [
          ...statementsOf(groups.resourcePolicies.get(deliveryPolicyName)?.document),
          {
            Sid: deliveryPolicyName,
            Effect: "Allow",
            Principal: { Service: deliveryService },
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: `${arn}:log-stream:*`,
            Condition: {
              StringEquals: { "aws:SourceAccount": environment.account },
            },
          },
        ],
      };
      groups.resourcePolicies.set(deliveryPolicyName, { document, text: JSON.stringify(document), updatedAtMs: environment.clock.now() });
    },
  };
}
