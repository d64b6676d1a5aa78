// Amazon SNS: how a waiting run calls a person.

import type { ResourceType } from "../deploy/resource-type.ts";
import { snsResourceTypes } from "../deploy/resources/sns.ts";
import type { Environment, Service } from "../service.ts";
import { topicOperations } from "./sns/operations.ts";
import { type PublishedMessage, Topics } from "./sns/topics.ts";
import type { Sqs } from "./sqs.ts";

export interface Sns {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** What was published to a topic, oldest first, and whom it reached; e-mail ends here. Throws `NotFound`. Asks nobody. */
  outbox(topicArn: string): readonly PublishedMessage[];
}

export function createSns(environment: Environment, dependencies: { sqs: Sqs }): Sns {
  const topics = new Topics(environment);
  return {
    service: {
      signingName: "sns",
      protocol: "awsQuery",
      model: () => import("@aws-sdk/client-sns"),
      operations: topicOperations(topics, environment, {
        async deliver({ protocol, endpoint }, { topic, body }) {
          if (protocol !== "sqs") return;
          await dependencies.sqs.deliver({ queueArn: endpoint, body, service: "sns.amazonaws.com", sourceArn: topic.arn });
        },
      }),
    },
    resourceTypes: snsResourceTypes(topics),
    outbox: (topicArn) => topics.get(topicArn).outbox,
  };
}
