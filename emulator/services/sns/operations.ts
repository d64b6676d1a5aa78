// Amazon SNS's operations on topics and subscriptions, and publishing.

import type {
  CreateTopicCommandInput,
  CreateTopicCommandOutput,
  DeleteTopicCommandInput,
  GetTopicAttributesCommandInput,
  GetTopicAttributesCommandOutput,
  ListSubscriptionsByTopicCommandInput,
  ListSubscriptionsByTopicCommandOutput,
  ListTopicsCommandInput,
  ListTopicsCommandOutput,
  PublishCommandInput,
  PublishCommandOutput,
  SetTopicAttributesCommandInput,
  SubscribeCommandInput,
  SubscribeCommandOutput,
  UnsubscribeCommandInput,
} from "@aws-sdk/client-sns";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import { forwardedDataKey, forwardedDecrypt, isKeyAccessDenied } from "../../sealed-storage.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import { type Delivery, invalidParameter, type Subscription, type Topic, type Topics } from "./topics.ts";

const service = "sns.amazonaws.com";
const longestMessageBytes = 262_144;
const pageSize = 100;

export interface Delivers {
  /** Carries one message to one subscriber; throws when it cannot. */
  deliver(subscription: Subscription, of: { topic: Topic; body: string }): Promise<void>;
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalidParameter(`${name} is missing`);
  return value;
}

/** A publisher to an encrypted topic needs `kms:GenerateDataKey` and `kms:Decrypt` on its key. SNS reuses data keys for minutes; here every message asks. */
async function takeKey(topic: Topic, call: Call): Promise<void> {
  if (topic.kmsKeyId === undefined) return;
  const encryptionContext = { "aws:sns:topicArn": topic.arn };
  try {
    const dataKey = await forwardedDataKey(call, { service, keyId: topic.kmsKeyId, encryptionContext });
    await forwardedDecrypt(call, { service, wrappedKey: dataKey.wrapped, encryptionContext });
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause;
    const code = isKeyAccessDenied(cause) ? "KMSAccessDenied" : `KMS${cause.code.replace(/^KMS|Exception$/g, "")}`;
    throw new AwsError(code, cause.message, { cause });
  }
}

export function topicOperations(topics: Topics, environment: Environment, delivers: Delivers): Record<string, Operation> {
  const onTopic = (action: string, topic: Topic, context: Record<string, string> = {}): readonly Permission[] => [
    {
      action: `sns:${action}`,
      resource: topic.arn,
      resourcePolicy: topic.policy,
      context: { ...Object.fromEntries([...topic.tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value])), ...context },
    },
  ];
  const on = (action: string) => ({
    permissions: (input: { TopicArn?: string | undefined }) => onTopic(action, topics.get(input.TopicArn)),
  });

  function setAttribute(topic: Topic, name: string, value: string): void {
    switch (name) {
      case "DisplayName":
        topic.displayName = value;
        return;
      case "KmsMasterKeyId":
        topic.kmsKeyId = value === "" ? undefined : value;
        return;
      case "Policy":
        topic.policy = parseResourcePolicy(value, (why) => invalidParameter(`Policy: ${why}`));
        return;
      default:
        throw notImplemented(`The SNS topic attribute ${name}`);
    }
  }

  const createTopic: Operation<CreateTopicCommandInput, Partial<CreateTopicCommandOutput>> = {
    permissions: (input) => [{ action: "sns:CreateTopic", resource: topics.arnOf(present(input.Name, "Name")) }],
    run(input) {
      const tags = new Map((input.Tags ?? []).map((tag) => [present(tag.Key, "Tag key"), tag.Value ?? ""]));
      const topic = topics.create(present(input.Name, "Name"), { tags });
      for (const [name, value] of Object.entries(input.Attributes ?? {})) setAttribute(topic, name, value);
      return { TopicArn: topic.arn };
    },
  };

  const deleteTopic: Operation<DeleteTopicCommandInput> = {
    ...on("DeleteTopic"),
    run(input) {
      topics.remove(topics.get(input.TopicArn));
      return {};
    },
  };

  const listTopics: Operation<ListTopicsCommandInput, Partial<ListTopicsCommandOutput>> = {
    permissions: () => [{ action: "sns:ListTopics", resource: "*" }],
    run(input) {
      const listed = topics.list().map((topic) => ({ TopicArn: topic.arn }));
      const { items, nextToken } = page(listed, { limit: pageSize, token: input.NextToken, invalid: () => invalidParameter("NextToken") });
      return { Topics: [...items], ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };

  const getTopicAttributes: Operation<GetTopicAttributesCommandInput, Partial<GetTopicAttributesCommandOutput>> = {
    ...on("GetTopicAttributes"),
    run(input) {
      const topic = topics.get(input.TopicArn);
      return {
        Attributes: {
          TopicArn: topic.arn,
          Owner: environment.account,
          DisplayName: topic.displayName,
          Policy: JSON.stringify(topic.policy),
          SubscriptionsConfirmed: String(topic.subscriptions.size),
          SubscriptionsPending: "0",
          SubscriptionsDeleted: "0",
          ...(topic.kmsKeyId === undefined ? {} : { KmsMasterKeyId: topic.kmsKeyId }),
        },
      };
    },
  };

  const setTopicAttributes: Operation<SetTopicAttributesCommandInput> = {
    ...on("SetTopicAttributes"),
    run(input) {
      setAttribute(topics.get(input.TopicArn), present(input.AttributeName, "AttributeName"), input.AttributeValue ?? "");
      return {};
    },
  };

  const subscribe: Operation<SubscribeCommandInput, Partial<SubscribeCommandOutput>> = {
    permissions: (input) =>
      onTopic("Subscribe", topics.get(input.TopicArn), {
        "sns:Protocol": present(input.Protocol, "Protocol"),
        "sns:Endpoint": present(input.Endpoint, "Endpoint"),
      }),
    run(input) {
      const { RawMessageDelivery: raw, ...others } = input.Attributes ?? {};
      for (const name of Object.keys(others)) throw notImplemented(`The SNS subscription attribute ${name}`);
      const { arn } = topics.subscribe(topics.get(input.TopicArn), {
        protocol: present(input.Protocol, "Protocol"),
        endpoint: present(input.Endpoint, "Endpoint"),
        rawDelivery: raw === "true",
      });
      return { SubscriptionArn: arn };
    },
  };

  const unsubscribe: Operation<UnsubscribeCommandInput> = {
    permissions: (input) => onTopic("Unsubscribe", topics.topicOf(present(input.SubscriptionArn, "SubscriptionArn"))),
    run(input) {
      const arn = present(input.SubscriptionArn, "SubscriptionArn");
      topics.topicOf(arn).subscriptions.delete(arn);
      return {};
    },
  };

  const listSubscriptionsByTopic: Operation<ListSubscriptionsByTopicCommandInput, Partial<ListSubscriptionsByTopicCommandOutput>> = {
    ...on("ListSubscriptionsByTopic"),
    run(input) {
      const topic = topics.get(input.TopicArn);
      const listed = [...topic.subscriptions.values()].map(({ arn, protocol, endpoint }) => ({
        SubscriptionArn: arn,
        TopicArn: topic.arn,
        Owner: environment.account,
        Protocol: protocol,
        Endpoint: endpoint,
      }));
      const { items, nextToken } = page(listed, { limit: pageSize, token: input.NextToken, invalid: () => invalidParameter("NextToken") });
      return { Subscriptions: [...items], ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };

  const target = (input: PublishCommandInput): Topic => {
    if (input.PhoneNumber !== undefined) throw notImplemented("SNS text messages (PhoneNumber)");
    return topics.get(input.TopicArn ?? input.TargetArn);
  };

  async function delivery(subscription: Subscription, of: { topic: Topic; body: string }): Promise<Delivery> {
    const { protocol, endpoint } = subscription;
    try {
      await delivers.deliver(subscription, of);
      return { protocol, endpoint };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { protocol, endpoint, failure: `${error.code}: ${error.message}` };
    }
  }

  const publish: Operation<PublishCommandInput, Partial<PublishCommandOutput>> = {
    permissions: (input) => onTopic("Publish", target(input)),
    async run(input, call) {
      const topic = target(input);
      const message = present(input.Message, "Message");
      if (message === "") throw invalidParameter("Empty message");
      if (Buffer.byteLength(message) > longestMessageBytes) throw invalidParameter("Message too long");
      if (input.Subject !== undefined && !/^[\x20-\x7e]{1,100}$/.test(input.Subject)) throw invalidParameter("Subject");
      if (input.MessageStructure !== undefined) throw notImplemented("SNS messages that differ by protocol (MessageStructure)");
      await takeKey(topic, call);
      const messageId = environment.uuid();
      const publishedAtMs = environment.clock.now();
      const subject = input.Subject === undefined ? {} : { Subject: input.Subject };
      const notification = {
        Type: "Notification",
        MessageId: messageId,
        TopicArn: topic.arn,
        ...subject,
        Message: message,
        Timestamp: new Date(publishedAtMs).toISOString(),
        ...(input.MessageAttributes === undefined ? {} : { MessageAttributes: input.MessageAttributes }),
      };
      const subscriptions = [...topic.subscriptions.values()];
      const deliveries = await Promise.all(
        subscriptions.map((subscription) =>
          delivery(subscription, { topic, body: subscription.rawDelivery ? message : JSON.stringify(notification) }),
        ),
      );
      topic.outbox.push({
        messageId,
        publishedAtMs,
        message,
        deliveries,
        ...(input.Subject === undefined ? {} : { subject: input.Subject }),
      });
      return { MessageId: messageId };
    },
  };

  return {
    CreateTopic: createTopic,
    DeleteTopic: deleteTopic,
    ListTopics: listTopics,
    GetTopicAttributes: getTopicAttributes,
    SetTopicAttributes: setTopicAttributes,
    Subscribe: subscribe,
    Unsubscribe: unsubscribe,
    ListSubscriptionsByTopic: listSubscriptionsByTopic,
    Publish: publish,
  };
}
