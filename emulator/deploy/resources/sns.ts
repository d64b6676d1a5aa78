// AWS::SNS::Topic, TopicPolicy and Subscription as templates write them.

import { z } from "zod";
import { resourcePolicy } from "../../resource-policy.ts";
import type { Topics } from "../../services/sns/topics.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";

export const snsResourceTypes = (topics: Topics): readonly ResourceType[] => [
  resourceType({
    type: "AWS::SNS::Topic",
    properties: z.strictObject({
      TopicName: z.string().optional(),
      DisplayName: z.string().optional(),
      KmsMasterKeyId: z.string().optional(),
      Subscription: z.array(z.strictObject({ Protocol: z.string(), Endpoint: z.string() })).default([]),
      Tags: tagList,
    }),
    create(properties, context) {
      const topic = topics.create(properties.TopicName ?? context.generatedName(256), {
        displayName: properties.DisplayName,
        kmsKeyId: properties.KmsMasterKeyId,
        tags: tagMap(context.tags, properties.Tags),
      });
      for (const { Protocol, Endpoint } of properties.Subscription) {
        topics.subscribe(topic, { protocol: Protocol, endpoint: Endpoint, rawDelivery: false });
      }
      return { ref: topic.arn, attributes: { TopicArn: topic.arn, TopicName: topic.name } };
    },
  }),
  resourceType({
    type: "AWS::SNS::TopicPolicy",
    properties: z.strictObject({ PolicyDocument: resourcePolicy, Topics: z.array(z.string()) }),
    create({ PolicyDocument, Topics: arns }, context) {
      for (const arn of arns) topics.get(arn).policy = PolicyDocument;
      return { ref: context.generatedName(), attributes: {} };
    },
  }),
  resourceType({
    type: "AWS::SNS::Subscription",
    properties: z.strictObject({
      TopicArn: z.string(),
      Protocol: z.string(),
      Endpoint: z.string(),
      RawMessageDelivery: z.boolean().default(false),
      Region: z.string().optional(),
    }),
    create({ TopicArn, Protocol, Endpoint, RawMessageDelivery }) {
      const { arn } = topics.subscribe(topics.get(TopicArn), { protocol: Protocol, endpoint: Endpoint, rawDelivery: RawMessageDelivery });
      return { ref: arn, attributes: { Arn: arn } };
    },
  }),
];
