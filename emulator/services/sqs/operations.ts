// Amazon SQS's operations on queues and messages.

import type {
  ChangeMessageVisibilityCommandInput,
  CreateQueueCommandInput,
  CreateQueueCommandOutput,
  DeleteMessageCommandInput,
  DeleteQueueCommandInput,
  GetQueueAttributesCommandInput,
  GetQueueAttributesCommandOutput,
  GetQueueUrlCommandInput,
  GetQueueUrlCommandOutput,
  ListQueuesCommandInput,
  ListQueuesCommandOutput,
  PurgeQueueCommandInput,
  Message as ReceivedMessage,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageCommandInput,
  SendMessageCommandOutput,
  SetQueueAttributesCommandInput,
} from "@aws-sdk/client-sqs";
import { AwsError, required } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import { applyAttributes, attributesOf, settingsOf } from "./queue-attributes.ts";
import { openMessage, sealMessage } from "./queue-key.ts";
import type { Message, Queue, Queues } from "./queues.ts";

const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterValue", message);

/** The attributes among `available` that the request names, or all of them. */
function chosen<Value>(
  available: Readonly<Record<string, Value>>,
  names: readonly string[] | undefined,
): Record<string, Value> | undefined {
  const shown = Object.entries(available).filter(([name]) =>
    names?.some((wanted) => wanted === "All" || wanted === ".*" || wanted === name),
  );
  return shown.length > 0 ? Object.fromEntries(shown) : undefined;
}

export function queueOperations(queues: Queues, environment: Environment): Record<string, Operation> {
  const onQueue = (action: string, queue: Queue): readonly Permission[] => [
    {
      action: `sqs:${action}`,
      resource: queue.arn,
      context: Object.fromEntries([...queue.tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
      ...(queue.settings.policy === undefined ? {} : { resourcePolicy: queue.settings.policy }),
    },
  ];
  const on = (action: string) => ({
    permissions: (input: { QueueUrl?: string | undefined }) => onQueue(action, queues.get(input.QueueUrl)),
  });

  const createQueue: Operation<CreateQueueCommandInput, Partial<CreateQueueCommandOutput>> = {
    permissions: (input) => [{ action: "sqs:CreateQueue", resource: queues.arnOf(required(input.QueueName, "queueName")) }],
    run(input) {
      const name = required(input.QueueName, "queueName");
      const settings = settingsOf(input.Attributes ?? {});
      const existing = queues.find(name);
      if (existing === undefined)
        return { QueueUrl: queues.create(name, { settings, tags: new Map(Object.entries(input.tags ?? {})) }).url };
      if (JSON.stringify(existing.settings) === JSON.stringify(settings)) return { QueueUrl: existing.url };
      throw new AwsError("QueueNameExists", "A queue already exists with the same name and a different value for its attributes.");
    },
  };

  const deleteQueue: Operation<DeleteQueueCommandInput> = {
    ...on("DeleteQueue"),
    run(input) {
      queues.remove(queues.get(input.QueueUrl));
      return {};
    },
  };

  const getQueueUrl: Operation<GetQueueUrlCommandInput, Partial<GetQueueUrlCommandOutput>> = {
    permissions: (input) => onQueue("GetQueueUrl", queues.get(input.QueueName)),
    run: (input) => ({ QueueUrl: queues.get(input.QueueName).url }),
  };

  const listQueues: Operation<ListQueuesCommandInput, Partial<ListQueuesCommandOutput>> = {
    permissions: () => [{ action: "sqs:ListQueues", resource: "*" }],
    run(input) {
      const listed = queues.list().filter((queue) => queue.name.startsWith(input.QueueNamePrefix ?? ""));
      const { items, nextToken } = page(listed, {
        limit: input.MaxResults ?? 1000,
        token: input.NextToken,
        invalid: () => invalidParameter("Invalid NextToken."),
      });
      return { QueueUrls: items.map((queue) => queue.url), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };

  const getQueueAttributes: Operation<GetQueueAttributesCommandInput, Partial<GetQueueAttributesCommandOutput>> = {
    ...on("GetQueueAttributes"),
    run(input) {
      const attributes = chosen(attributesOf(queues.get(input.QueueUrl), environment), input.AttributeNames);
      return attributes === undefined ? {} : { Attributes: attributes };
    },
  };

  const setQueueAttributes: Operation<SetQueueAttributesCommandInput> = {
    ...on("SetQueueAttributes"),
    run(input) {
      applyAttributes(queues.get(input.QueueUrl).settings, required(input.Attributes, "attributes"));
      return {};
    },
  };

  const purgeQueue: Operation<PurgeQueueCommandInput> = {
    ...on("PurgeQueue"),
    run(input) {
      queues.get(input.QueueUrl).messages = [];
      return {};
    },
  };

  const sendMessage: Operation<SendMessageCommandInput, Partial<SendMessageCommandOutput>> = {
    ...on("SendMessage"),
    async run(input, call) {
      const queue = queues.get(input.QueueUrl);
      const text = required(input.MessageBody, "messageBody");
      if (Buffer.byteLength(text) > queue.settings.maximumBytes) {
        throw invalidParameter(
          `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maximumBytes} bytes.`,
        );
      }
      const body = await sealMessage(text, { queue, call, randomBytes: (size) => environment.randomBytes(size) });
      const message = queues.add(queue, {
        body,
        text,
        senderId: call.caller.userId,
        attributes: input.MessageAttributes ?? {},
        ...(input.DelaySeconds === undefined ? {} : { delaySeconds: input.DelaySeconds }),
      });
      return { MessageId: message.id, MD5OfMessageBody: message.md5 };
    },
  };

  async function received(message: Message, of: { input: ReceiveMessageCommandInput; call: Call }): Promise<ReceivedMessage> {
    const system = {
      SenderId: message.senderId,
      SentTimestamp: String(message.sentAtMs),
      ApproximateReceiveCount: String(message.receiveCount),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs ?? message.sentAtMs),
    };
    const attributes = chosen(system, [...(of.input.MessageSystemAttributeNames ?? []), ...(of.input.AttributeNames ?? [])]);
    const own = chosen(message.attributes, of.input.MessageAttributeNames);
    return {
      MessageId: message.id,
      ReceiptHandle: message.receiptHandle,
      MD5OfBody: message.md5,
      Body: await openMessage(message, of.call),
      ...(attributes === undefined ? {} : { Attributes: attributes }),
      ...(own === undefined ? {} : { MessageAttributes: own }),
    };
  }

  /** Who may not open the messages does not take them from those who may. */
  async function handOut(taken: readonly Message[], of: { input: ReceiveMessageCommandInput; call: Call }): Promise<ReceivedMessage[]> {
    try {
      return await Promise.all(taken.map((message) => received(message, of)));
    } catch (error) {
      queues.release(taken);
      throw error;
    }
  }

  const receiveMessage: Operation<ReceiveMessageCommandInput, Partial<ReceiveMessageCommandOutput>> = {
    ...on("ReceiveMessage"),
    async run(input, call) {
      const queue = queues.get(input.QueueUrl);
      const limit = input.MaxNumberOfMessages ?? 1;
      if (limit < 1 || limit > 10)
        throw invalidParameter(
          `Value ${limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
        );
      const visibilitySeconds = input.VisibilityTimeout ?? queue.settings.visibilitySeconds;
      const untilMs = call.nowMs + (input.WaitTimeSeconds ?? queue.settings.waitSeconds) * 1000;
      for (;;) {
        const taken = queues.take(queue, { limit, visibilitySeconds });
        if (taken.length > 0) return { Messages: await handOut(taken, { input, call }) };
        if (environment.clock.now() >= untilMs) return {};
        await queues.arrival(queue, untilMs);
      }
    },
  };

  const held = (queue: Queue, receiptHandle: string | undefined): Message => {
    const handle = required(receiptHandle, "receiptHandle");
    const message = queue.messages.find((other) => other.receiptHandle === handle);
    if (message === undefined)
      throw new AwsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`);
    return message;
  };

  const deleteMessage: Operation<DeleteMessageCommandInput> = {
    ...on("DeleteMessage"),
    run(input) {
      const queue = queues.get(input.QueueUrl);
      const message = held(queue, input.ReceiptHandle);
      queue.messages = queue.messages.filter((other) => other !== message);
      return {};
    },
  };

  const changeMessageVisibility: Operation<ChangeMessageVisibilityCommandInput> = {
    ...on("ChangeMessageVisibility"),
    run(input, call) {
      const message = held(queues.get(input.QueueUrl), input.ReceiptHandle);
      message.visibleAtMs = call.nowMs + required(input.VisibilityTimeout, "visibilityTimeout") * 1000;
      return {};
    },
  };

  return {
    CreateQueue: createQueue,
    DeleteQueue: deleteQueue,
    GetQueueUrl: getQueueUrl,
    ListQueues: listQueues,
    GetQueueAttributes: getQueueAttributes,
    SetQueueAttributes: setQueueAttributes,
    PurgeQueue: purgeQueue,
    SendMessage: sendMessage,
    ReceiveMessage: receiveMessage,
    DeleteMessage: deleteMessage,
    ChangeMessageVisibility: changeMessageVisibility,
  };
}
