// AWS::SQS::Queue and AWS::SQS::QueuePolicy as templates write them.

import { z } from "zod";
import { resourcePolicy } from "../../resource-policy.ts";
import { defaultSettings, type Queues } from "../../services/sqs/queues.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";

export const sqsResourceTypes = (queues: Queues): readonly ResourceType[] => [
  resourceType({
    type: "AWS::SQS::Queue",
    properties: z.strictObject({
      QueueName: z.string().optional(),
      VisibilityTimeout: z.number().default(defaultSettings.visibilitySeconds),
      DelaySeconds: z.number().default(defaultSettings.delaySeconds),
      MessageRetentionPeriod: z.number().default(defaultSettings.retentionSeconds),
      ReceiveMessageWaitTimeSeconds: z.number().default(defaultSettings.waitSeconds),
      MaximumMessageSize: z.number().default(defaultSettings.maximumBytes),
      KmsMasterKeyId: z.string().optional(),
      KmsDataKeyReusePeriodSeconds: z.number().optional(),
      SqsManagedSseEnabled: z.boolean().optional(),
      RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number().int().min(1) }).optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const queue = queues.create(properties.QueueName ?? context.generatedName(80), {
        tags: tagMap(context.tags, properties.Tags),
        settings: {
          visibilitySeconds: properties.VisibilityTimeout,
          delaySeconds: properties.DelaySeconds,
          retentionSeconds: properties.MessageRetentionPeriod,
          waitSeconds: properties.ReceiveMessageWaitTimeSeconds,
          maximumBytes: properties.MaximumMessageSize,
          kmsKeyId: properties.KmsMasterKeyId,
          redrive: properties.RedrivePolicy,
        },
      });
      return { ref: queue.url, attributes: { Arn: queue.arn, QueueName: queue.name, QueueUrl: queue.url } };
    },
  }),
  resourceType({
    type: "AWS::SQS::QueuePolicy",
    properties: z.strictObject({ PolicyDocument: resourcePolicy, Queues: z.array(z.string()) }),
    create({ PolicyDocument, Queues }, context) {
      for (const url of Queues) queues.get(url).settings.policy = PolicyDocument;
      return { ref: context.generatedName(), attributes: {} };
    },
  }),
];
