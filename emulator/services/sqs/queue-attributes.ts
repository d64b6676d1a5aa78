// A queue's settings as the API's attribute texts, both ways.

import { AwsError, notImplemented } from "../../aws-error.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import type { Environment } from "../../service.ts";
import { defaultSettings, type Queue, type QueueSettings } from "./queues.ts";

const invalid = (name: string, value: string): AwsError =>
  new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}: ${value}`);

const seconds = (name: string, value: string): number => {
  if (!/^\d+$/.test(value)) throw invalid(name, value);
  return Number(value);
};

function redriveOf(text: string): QueueSettings["redrive"] {
  if (text === "") return undefined;
  // Checked member by member on the next lines.
  const parsed = JSON.parse(text) as { deadLetterTargetArn?: unknown; maxReceiveCount?: unknown };
  const maxReceiveCount = Number(parsed.maxReceiveCount);
  if (typeof parsed.deadLetterTargetArn !== "string" || !Number.isInteger(maxReceiveCount)) throw invalid("RedrivePolicy", text);
  return { deadLetterTargetArn: parsed.deadLetterTargetArn, maxReceiveCount };
}

/** Changes `settings` as the attributes say; refuses attributes that are not modelled, by name. */
export function applyAttributes(settings: QueueSettings, attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    switch (name) {
      case "VisibilityTimeout":
        settings.visibilitySeconds = seconds(name, value);
        break;
      case "DelaySeconds":
        settings.delaySeconds = seconds(name, value);
        break;
      case "MessageRetentionPeriod":
        settings.retentionSeconds = seconds(name, value);
        break;
      case "ReceiveMessageWaitTimeSeconds":
        settings.waitSeconds = seconds(name, value);
        break;
      case "MaximumMessageSize":
        settings.maximumBytes = seconds(name, value);
        break;
      case "KmsMasterKeyId":
        settings.kmsKeyId = value === "" ? undefined : value;
        break;
      case "RedrivePolicy":
        settings.redrive = redriveOf(value);
        break;
      case "Policy":
        settings.policy = value === "" ? undefined : parseResourcePolicy(value, (why) => invalid(name, why));
        break;
      case "KmsDataKeyReusePeriodSeconds":
      case "SqsManagedSseEnabled":
        // Without effect here: every message asks KMS, and SQS's own encryption guards against nobody in this account.
        break;
      default:
        throw notImplemented(`The SQS queue attribute ${name}`);
    }
  }
}

export const settingsOf = (attributes: Readonly<Record<string, string>>): QueueSettings => {
  const settings = { ...defaultSettings };
  applyAttributes(settings, attributes);
  return settings;
};

export function attributesOf(queue: Queue, environment: Environment): Readonly<Record<string, string>> {
  const { settings, messages } = queue;
  const now = environment.clock.now();
  const hidden = messages.filter((message) => message.visibleAtMs > now);
  const delayed = hidden.filter((message) => message.receiveCount === 0);
  const created = String(Math.floor(queue.createdAtMs / 1000));
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(messages.length - hidden.length),
    ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed.length),
    ApproximateNumberOfMessagesDelayed: String(delayed.length),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    VisibilityTimeout: String(settings.visibilitySeconds),
    DelaySeconds: String(settings.delaySeconds),
    MessageRetentionPeriod: String(settings.retentionSeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.waitSeconds),
    MaximumMessageSize: String(settings.maximumBytes),
    SqsManagedSseEnabled: String(settings.kmsKeyId === undefined),
    ...(settings.kmsKeyId === undefined ? {} : { KmsMasterKeyId: settings.kmsKeyId }),
    ...(settings.policy === undefined ? {} : { Policy: JSON.stringify(settings.policy) }),
    ...(settings.redrive === undefined ? {} : { RedrivePolicy: JSON.stringify(settings.redrive) }),
  };
}
