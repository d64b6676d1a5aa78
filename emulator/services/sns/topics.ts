// Topics, who subscribed to them, and what was sent: the outbox is where a local person reads their mail.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError, notImplemented } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";

export interface Subscription {
  readonly arn: string;
  readonly protocol: "email" | "email-json" | "sqs";
  readonly endpoint: string;
  readonly rawDelivery: boolean;
}

export interface Delivery {
  readonly protocol: Subscription["protocol"];
  readonly endpoint: string;
  /** Why it did not arrive: SNS tells its publisher nothing of it. */
  readonly failure?: string;
}

export interface PublishedMessage {
  readonly messageId: string;
  readonly publishedAtMs: number;
  readonly subject?: string;
  readonly message: string;
  readonly deliveries: readonly Delivery[];
}

export interface Topic {
  readonly name: string;
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  readonly outbox: PublishedMessage[];
  displayName: string;
  kmsKeyId: string | undefined;
  policy: PolicyDocument;
}

export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameter", `Invalid parameter: ${message}`);

function subscriptionProtocol(protocol: string): Subscription["protocol"] {
  if (protocol === "email" || protocol === "email-json" || protocol === "sqs") return protocol;
  throw notImplemented(`SNS subscriptions by ${protocol}`);
}

export class Topics {
  readonly #environment: Environment;
  readonly #topics = new Map<string, Topic>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Creating a topic again gives the one that exists, as AWS does. */
  create(name: string, of: { displayName?: string | undefined; kmsKeyId?: string | undefined; tags?: ReadonlyMap<string, string> }): Topic {
    if (name.endsWith(".fifo")) throw notImplemented(`SNS FIFO topics (${name})`);
    if (!/^[\w-]{1,256}$/.test(name)) throw invalidParameter("Topic Name");
    const existing = this.#topics.get(this.arnOf(name));
    if (existing !== undefined) return existing;
    const arn = this.arnOf(name);
    const { displayName = "", kmsKeyId, tags = new Map() } = of;
    const topic: Topic = { name, arn, tags, subscriptions: new Map(), outbox: [], displayName, kmsKeyId, policy: this.#defaultPolicy(arn) };
    this.#topics.set(arn, topic);
    return topic;
  }

  get(arn: string | undefined): Topic {
    const topic = this.#topics.get(arn ?? "");
    if (topic === undefined) throw new AwsError("NotFound", "Topic does not exist", { statusCode: 404 });
    return topic;
  }

  remove(topic: Topic): void {
    this.#topics.delete(topic.arn);
  }

  list(): readonly Topic[] {
    return [...this.#topics.values()];
  }

  arnOf(name: string): string {
    return `arn:aws:sns:${this.#environment.region}:${this.#environment.account}:${name}`;
  }

  /** Confirmed at once: nobody here can click the link that AWS mails to a new address. */
  subscribe(topic: Topic, of: { protocol: string; endpoint: string; rawDelivery: boolean }): Subscription {
    const protocol = subscriptionProtocol(of.protocol);
    const { endpoint, rawDelivery } = of;
    if (protocol === "sqs" ? !/^arn:aws:sqs:[^:]+:\d{12}:[\w-]+$/.test(endpoint) : !/^[^@\s]+@[^@\s]+$/.test(endpoint)) {
      throw invalidParameter(`${protocol} endpoint ${endpoint}`);
    }
    const existing = [...topic.subscriptions.values()].find((other) => other.protocol === protocol && other.endpoint === endpoint);
    if (existing !== undefined) return existing;
    const subscription = { arn: `${topic.arn}:${this.#environment.uuid()}`, protocol, endpoint, rawDelivery };
    topic.subscriptions.set(subscription.arn, subscription);
    return subscription;
  }

  /** The topic of a subscription's ARN. */
  topicOf(subscriptionArn: string): Topic {
    const topic = this.#topics.get(subscriptionArn.replace(/:[^:]+$/, ""));
    if (topic?.subscriptions.has(subscriptionArn)) return topic;
    throw new AwsError("NotFound", "Subscription does not exist", { statusCode: 404 });
  }

  // As AWS gives every new topic; nothing in this emulator sets `aws:SourceOwner`.
  #defaultPolicy(arn: string): PolicyDocument {
    return {
      Version: "2008-10-17",
      Id: "__default_policy_ID",
      Statement: [
        {
          Sid: "__default_statement_ID",
          Effect: "Allow",
          Principal: { AWS: "*" },
          Action: [
            "SNS:GetTopicAttributes",
            "SNS:SetTopicAttributes",
            "SNS:AddPermission",
            "SNS:RemovePermission",
            "SNS:DeleteTopic",
            "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic",
            "SNS:Publish",
          ],
          Resource: arn,
          Condition: { StringEquals: { "AWS:SourceOwner": this.#environment.account } },
        },
      ],
    };
  }
}
