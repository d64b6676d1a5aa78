import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, allow, type DataServices, root, startDataServices } from "./data-services.ts";

let aws: DataServices;
let sns: SNSClient;
let sqs: SQSClient;
beforeAll(async () => {
  aws = await startDataServices();
  sns = aws.client(SNSClient);
  sqs = aws.client(SQSClient);
});
afterAll(() => aws.stop());

const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${account}:${name}`;
const queue = async (QueueName: string, Attributes?: Record<string, string>) =>
  (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? "";
const send = (QueueUrl: string, MessageBody: string, client = sqs) => client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
const receive = async (QueueUrl: string, client = sqs) =>
  (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"] }))).Messages ??
  [];
const topic = async (Name: string, Attributes?: Record<string, string>) =>
  (await sns.send(new CreateTopicCommand({ Name, Attributes }))).TopicArn ?? "";

describe("queues", () => {
  it("hides a message from others until it is deleted or its time is over", async () => {
    const url = await queue("hiding");
    const sent = await send(url, "work");
    const [first] = await receive(url);
    expect(first).toMatchObject({ Body: "work", MessageId: sent.MessageId, MD5OfBody: sent.MD5OfMessageBody });
    expect(await receive(url)).toEqual([]);
    await aws.clock.advance(30_000);
    const [again] = await receive(url);
    expect(again?.Attributes).toMatchObject({ ApproximateReceiveCount: "2" });
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: again?.ReceiptHandle, VisibilityTimeout: 0 }));
    const [third] = await receive(url);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: third?.ReceiptHandle }));
    await aws.clock.advance(30_000);
    expect(await receive(url)).toEqual([]);
    const stale = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: "nonsense" });
    await expect(sqs.send(stale)).rejects.toMatchObject({ name: "ReceiptHandleIsInvalid" });
  });

  it("answers a long poll when a message arrives, and with nothing when the wait is over", async () => {
    const url = await queue("polled");
    const poll = () => sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }));
    const answered = poll();
    await send(url, "late");
    expect((await answered).Messages?.[0]?.Body).toBe("late");
    let isOver = false;
    const empty = poll().finally(() => {
      isOver = true;
    });
    // Once is not enough where the clock moves before the poll has arrived; each turn lets the network breathe.
    while (!isOver) {
      await sqs.send(new GetQueueUrlCommand({ QueueName: "polled" }));
      await aws.clock.advance(20_000);
    }
    expect((await empty).Messages).toBeUndefined();
  });

  it("moves what was received too often to the dead-letter queue", async () => {
    const dead = await queue("dead");
    const redrive = JSON.stringify({ deadLetterTargetArn: queueArn("dead"), maxReceiveCount: 1 });
    const url = await queue("failing", { RedrivePolicy: redrive, VisibilityTimeout: "0" });
    await send(url, "poison");
    expect(await receive(url)).toHaveLength(1);
    expect(await receive(url)).toEqual([]);
    expect((await receive(dead)).map((message) => message.Body)).toEqual(["poison"]);
  });

  it("describes, changes, purges, lists and deletes", async () => {
    const url = await queue("described", { DelaySeconds: "5" });
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: "described" }))).QueueUrl).toBe(url);
    await send(url, "x");
    const attributes = async () => (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }))).Attributes;
    expect(await attributes()).toMatchObject({
      QueueArn: queueArn("described"),
      DelaySeconds: "5",
      ApproximateNumberOfMessagesDelayed: "1",
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: "60" } }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await attributes()).toMatchObject({ VisibilityTimeout: "60", ApproximateNumberOfMessagesDelayed: "0" });
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "desc" }))).QueueUrls).toEqual([url]);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await expect(send(url, "x")).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    await expect(queue("ordered.fifo")).rejects.toThrow(/FIFO/);
  });

  it("takes the queue's key as well as the queue, to send and to receive", async () => {
    const key = await aws.key();
    const url = await queue("sealed", { KmsMasterKeyId: key });
    const use = allow("sqs:*", queueArn("sealed"));
    const via = {
      StringEquals: { "kms:ViaService": "sqs.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:sqs:arn": queueArn("sealed") },
    };
    const producer = aws.client(SQSClient, await aws.user("producer", use, allow(["kms:GenerateDataKey", "kms:Decrypt"], key, via)));
    const keyless = aws.client(SQSClient, await aws.user("keyless", use));
    await send(url, "secret", producer);
    await expect(send(url, "x", keyless)).rejects.toMatchObject({ name: "KmsAccessDenied" });
    await expect(receive(url, keyless)).rejects.toMatchObject({ name: "KmsAccessDenied" });
    expect((await receive(url, producer)).map((message) => message.Body)).toEqual(["secret"]);
  });

  it("lets a sender send and not receive", async () => {
    const url = await queue("one-way");
    const sender = aws.client(SQSClient, await aws.user("sender", allow("sqs:SendMessage", queueArn("one-way"))));
    await send(url, "x", sender);
    const denied = { name: "AccessDeniedException" };
    await expect(receive(url, sender)).rejects.toMatchObject(denied);
    await expect(send(await queue("other-way"), "x", sender)).rejects.toMatchObject(denied);
  });
});

describe("topics", () => {
  it("keeps topics, their attributes and subscriptions", async () => {
    const TopicArn = await topic("kept", { DisplayName: "Kept" });
    expect(await topic("kept")).toBe(TopicArn);
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toContainEqual({ TopicArn });
    const { SubscriptionArn } = await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "alice@example.com" }));
    expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toMatchObject([
      { Protocol: "email", Endpoint: "alice@example.com", SubscriptionArn },
    ]);
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "DisplayName", AttributeValue: "Changed" }));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ DisplayName: "Changed", SubscriptionsConfirmed: "1", Owner: account });
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions ?? []).toEqual([]);
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await expect(sns.send(new PublishCommand({ TopicArn, Message: "x" }))).rejects.toMatchObject({ name: "NotFoundException" });
    await expect(sns.send(new SubscribeCommand({ TopicArn: await topic("kept"), Protocol: "sms", Endpoint: "+1" }))).rejects.toThrow(
      /sms is not modelled/,
    );
  });

  it("puts what is published into the outbox, with whom it reached", async () => {
    const TopicArn = await topic("mailing");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "alice@example.com" }));
    const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Subject: "Turn the key", Message: "run r1 asks for a code" }));
    expect(aws.sns.outbox(TopicArn)).toEqual([
      {
        messageId: MessageId,
        publishedAtMs: aws.clock.now(),
        subject: "Turn the key",
        message: "run r1 asks for a code",
        deliveries: [{ protocol: "email", endpoint: "alice@example.com" }],
      },
    ]);
    await expect(sns.send(new PublishCommand({ TopicArn, Message: "" }))).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  it("delivers to a queue only if the queue's policy lets this topic", async () => {
    const [TopicArn, other] = [await topic("fan-out"), await topic("stranger")];
    const { ref } = await aws.deploy("AWS::SQS::Queue", { QueueName: "fan-in", SqsManagedSseEnabled: true, VisibilityTimeout: 30 });
    const PolicyDocument = {
      Version: "2012-10-17",
      Statement: [
        {
          ...allow("sqs:SendMessage", queueArn("fan-in"), { ArnEquals: { "aws:SourceArn": TopicArn } }),
          Principal: { Service: "sns.amazonaws.com" },
        },
      ],
    };
    await aws.deploy("AWS::SQS::QueuePolicy", { PolicyDocument, Queues: [ref] });
    for (const arn of [TopicArn, other]) {
      await aws.deploy("AWS::SNS::Subscription", { TopicArn: arn, Protocol: "sqs", Endpoint: queueArn("fan-in") });
      await sns.send(new PublishCommand({ TopicArn: arn, Message: `from ${arn}` }));
    }
    const messages = (await receive(ref)).map((message) => JSON.parse(message.Body ?? ""));
    expect(messages).toMatchObject([{ Type: "Notification", TopicArn, Message: `from ${TopicArn}` }]);
    expect(aws.sns.outbox(other)[0]?.deliveries[0]?.failure).toMatch(/AccessDenied/);
  });

  it("takes the topic's key as well as the topic to publish", async () => {
    const key = await aws.key();
    const { ref: TopicArn } = await aws.deploy("AWS::SNS::Topic", { TopicName: "sealed", DisplayName: "Sealed", KmsMasterKeyId: key });
    const publish = (client: SNSClient) => client.send(new PublishCommand({ TopicArn, Message: "x" }));
    const may = allow("sns:Publish", TopicArn);
    const via = { StringEquals: { "kms:ViaService": "sns.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn": TopicArn } };
    await publish(aws.client(SNSClient, await aws.user("publisher", may, allow(["kms:GenerateDataKey", "kms:Decrypt"], key, via))));
    const keyless = aws.client(SNSClient, await aws.user("keyless-publisher", may));
    await expect(publish(keyless)).rejects.toMatchObject({ name: "KMSAccessDeniedException" });
    await expect(
      keyless.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "mallory@example.com" })),
    ).rejects.toMatchObject({
      name: "AuthorizationErrorException",
    });
    expect(aws.sns.outbox(TopicArn)).toHaveLength(1);
  });

  it("obeys the topic's policy", async () => {
    const TopicArn = await topic("policed");
    const deny = { Effect: "Deny", Principal: "*", Action: "sns:Publish", Resource: TopicArn };
    const PolicyDocument = {
      Version: "2012-10-17",
      Statement: [deny, { ...allow("sns:GetTopicAttributes", TopicArn), Principal: { AWS: root } }],
    };
    await aws.deploy("AWS::SNS::TopicPolicy", { PolicyDocument, Topics: [TopicArn] });
    await expect(sns.send(new PublishCommand({ TopicArn, Message: "x" }))).rejects.toMatchObject({ name: "AuthorizationErrorException" });
    await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  });
});
