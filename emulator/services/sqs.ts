// Amazon SQS: standard queues, as dead-letter queues of schedules and as subscribers of topics.

import type { ResourceType } from "../deploy/resource-type.ts";
import { sqsResourceTypes } from "../deploy/resources/sqs.ts";
import { type SealedData, sealData } from "../sealed-storage.ts";
import type { Environment, Gateway, Service } from "../service.ts";
import type { Kms } from "./kms.ts";
import { queueOperations } from "./sqs/operations.ts";
import { queueKeyContext } from "./sqs/queue-key.ts";
import { type Queue, Queues } from "./sqs/queues.ts";

export interface Sqs {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /**
   * A message that a service sends for itself (`sns.amazonaws.com`, `events.amazonaws.com`): the queue's policy must let it, and the key's policy
   * must let it `kms:GenerateDataKey` and `kms:Decrypt` where the queue has a key. Throws `QueueDoesNotExist` or the access-denied error.
   */
  deliver(of: {
    queueArn: string;
    body: string;
    service: string;
    sourceArn: string;
    attributes?: Readonly<Record<string, string>>;
  }): Promise<void>;
}

export function createSqs(environment: Environment, dependencies: { kms: Kms; gateway: Gateway }): Sqs {
  const { kms, gateway } = dependencies;
  const queues = new Queues(environment);

  async function sealFor(queue: Queue, of: { body: string; service: string; sourceArn: string }): Promise<SealedData | string> {
    const keyId = queue.settings.kmsKeyId;
    if (keyId === undefined) return of.body;
    const encryptionContext = queueKeyContext(queue);
    for (const action of ["kms:GenerateDataKey", "kms:Decrypt"]) {
      const permission = kms.permission({ action, keyId, encryptionContext });
      await gateway.authorizeService({ service: of.service, sourceArn: of.sourceArn, permission });
    }
    const { plaintext, blob, keyArn } = kms.generateDataKey({ keyId, encryptionContext });
    const dataKey = { plaintext, wrapped: blob, keyArn };
    return sealData(Buffer.from(of.body, "utf8"), { dataKey, encryptionContext, randomBytes: (size) => environment.randomBytes(size) });
  }

  return {
    service: {
      signingName: "sqs",
      protocol: "awsJson1_0",
      model: () => import("@aws-sdk/client-sqs"),
      operations: queueOperations(queues, environment),
    },
    resourceTypes: sqsResourceTypes(queues),
    async deliver({ queueArn, body, service, sourceArn, attributes = {} }) {
      const queue = queues.get(queueArn);
      const { policy } = queue.settings;
      const permission = { action: "sqs:SendMessage", resource: queue.arn, ...(policy === undefined ? {} : { resourcePolicy: policy }) };
      await gateway.authorizeService({ service, sourceArn, permission });
      queues.add(queue, {
        body: await sealFor(queue, { body, service, sourceArn }),
        text: body,
        senderId: service,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
        ),
      });
    },
  };
}
