// Standard queues and their messages: hidden while somebody works on them, back when they do not finish, elsewhere when they never do.

import { createHash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError, notImplemented } from "../../aws-error.ts";
import type { SealedData } from "../../sealed-storage.ts";
import type { Environment } from "../../service.ts";

export interface Message {
  readonly id: string;
  readonly body: SealedData | string;
  readonly md5: string;
  readonly sentAtMs: number;
  readonly senderId: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  visibleAtMs: number;
  receiveCount: number;
  firstReceivedAtMs?: number;
  receiptHandle?: string;
}

export interface QueueSettings {
  visibilitySeconds: number;
  delaySeconds: number;
  retentionSeconds: number;
  waitSeconds: number;
  maximumBytes: number;
  kmsKeyId?: string | undefined;
  policy?: PolicyDocument | undefined;
  redrive?: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly createdAtMs: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly settings: QueueSettings;
  messages: Message[];
}

export const defaultSettings: Readonly<QueueSettings> = {
  visibilitySeconds: 30,
  delaySeconds: 0,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  maximumBytes: 1_048_576,
};

export class Queues {
  readonly #environment: Environment;
  readonly #queues = new Map<string, Queue>();
  readonly #arrivals = new Map<string, Set<() => void>>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  create(name: string, of: { settings: QueueSettings; tags?: ReadonlyMap<string, string> }): Queue {
    if (name.endsWith(".fifo")) throw notImplemented(`SQS FIFO queues (${name})`);
    if (!/^[\w-]{1,80}$/.test(name)) {
      throw new AwsError("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    }
    const { account, region } = this.#environment;
    const queue: Queue = {
      name,
      arn: this.arnOf(name),
      url: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      createdAtMs: this.#environment.clock.now(),
      tags: of.tags ?? new Map(),
      settings: of.settings,
      messages: [],
    };
    this.#queues.set(name, queue);
    return queue;
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** By URL (whatever host stands in it) or by ARN. */
  get(identifier: string | undefined): Queue {
    const queue = this.#queues.get((identifier ?? "").split(/[/:]/).at(-1) ?? "");
    if (queue === undefined) throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
    return queue;
  }

  remove(queue: Queue): void {
    this.#queues.delete(queue.name);
  }

  list(): readonly Queue[] {
    return [...this.#queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.#environment.region}:${this.#environment.account}:${name}`;
  }

  add(
    queue: Queue,
    of: { body: SealedData | string; text: string; senderId: string; delaySeconds?: number; attributes?: Message["attributes"] },
  ): Message {
    const now = this.#environment.clock.now();
    const message: Message = {
      id: this.#environment.uuid(),
      body: of.body,
      md5: createHash("md5").update(of.text).digest("hex"),
      sentAtMs: now,
      senderId: of.senderId,
      attributes: of.attributes ?? {},
      visibleAtMs: now + (of.delaySeconds ?? queue.settings.delaySeconds) * 1000,
      receiveCount: 0,
    };
    queue.messages.push(message);
    for (const arrived of this.#arrivals.get(queue.name) ?? []) arrived();
    return message;
  }

  /** Takes up to `limit` messages and hides them; moves those that were received too often to the dead-letter queue. */
  take(queue: Queue, of: { limit: number; visibilitySeconds: number }): readonly Message[] {
    const now = this.#environment.clock.now();
    queue.messages = queue.messages.filter((message) => now < message.sentAtMs + queue.settings.retentionSeconds * 1000);
    const { redrive } = queue.settings;
    const taken: Message[] = [];
    for (const message of [...queue.messages]) {
      if (message.visibleAtMs > now || taken.length >= of.limit) continue;
      if (redrive !== undefined && message.receiveCount >= redrive.maxReceiveCount) {
        queue.messages = queue.messages.filter((other) => other !== message);
        this.get(redrive.deadLetterTargetArn).messages.push(message);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAtMs ??= now;
      message.receiptHandle = Buffer.from(this.#environment.randomBytes(48)).toString("base64");
      message.visibleAtMs = now + of.visibilitySeconds * 1000;
      taken.push(message);
    }
    return taken;
  }

  /** Undoes `take` for messages that could not be handed out. */
  release(messages: readonly Message[]): void {
    for (const message of messages) {
      message.visibleAtMs = this.#environment.clock.now();
      message.receiveCount -= 1;
    }
  }

  /** Resolves when a message arrives or becomes visible, or when `untilMs` is there. */
  async arrival(queue: Queue, untilMs: number): Promise<void> {
    const now = this.#environment.clock.now();
    const nextVisibleMs = queue.messages.map((message) => message.visibleAtMs).filter((atMs) => atMs > now);
    const waiting = this.#arrivals.get(queue.name) ?? new Set();
    this.#arrivals.set(queue.name, waiting);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#environment.clock.at(Math.min(untilMs, ...nextVisibleMs), resolve);
    waiting.add(resolve);
    await promise;
    timer.cancel();
    waiting.delete(resolve);
  }
}
