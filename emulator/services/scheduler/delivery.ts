// Carries a firing to its target as the schedule's role, tries again as its retry policy says, and gives up into its dead-letter queue.

import { SFNClient, StartExecutionCommand, type StartExecutionCommandInput } from "@aws-sdk/client-sfn";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { ownMember } from "../../own-member.ts";
import type { Environment, Gateway, RoleSession, ServiceRoles } from "../../service.ts";
import { type Firing, type Target, validation } from "./schedules.ts";

/** How a firing ended. */
export interface Delivery {
  readonly scheduleArn: string;
  readonly scheduledAtMs: number;
  readonly executionId: string;
  readonly attempts: number;
  /** Absent when it was delivered. */
  readonly error?: Error;
  /** Whether a dead-letter queue got it; absent when it was delivered or there is no queue. */
  readonly deadLetter?: "sent" | "lost";
}

export interface DeliveryDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly onDelivery?: (delivery: Delivery) => void;
}

const universalStartExecution = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";
const stateMachine = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+$/;

/** Throws for a target that is not modelled, naming it. */
export function assertTarget(arn: string, input: string): void {
  if (arn === universalStartExecution) {
    universalInput(input);
    return;
  }
  if (!stateMachine.test(arn)) {
    throw validation(`The target ${arn} is not modelled by this emulator; use a state machine or ${universalStartExecution}.`);
  }
}

/** Errors that no retry mends: the call itself is wrong or forbidden. */
const isPermanent = (error: Error & { $metadata?: { httpStatusCode?: number } }): boolean => {
  const status = error.$metadata?.httpStatusCode;
  const isThrottled = /Throttl|TooManyRequests|LimitExceeded/.test(error.name);
  return status !== undefined && status >= 400 && status < 500 && !isThrottled;
};

const longestBackoffMs = 5 * 60_000;

export class Deliveries {
  readonly #dependencies: DeliveryDependencies;
  readonly #open = new Set<Promise<void>>();

  constructor(dependencies: DeliveryDependencies) {
    this.#dependencies = dependencies;
  }

  begin(firing: Firing): void {
    const open = this.#attempt(firing, 1).finally(() => this.#open.delete(open));
    this.#open.add(open);
  }

  /** Settles when no attempt is under way; attempts that wait for their time are not waited for. */
  async idle(): Promise<void> {
    await Promise.all(this.#open);
  }

  async #attempt(firing: Firing, attempt: number): Promise<void> {
    const { target } = firing.schedule;
    try {
      await this.#invoke(firing, attempt);
      this.#report(firing, { attempts: attempt });
    } catch (thrown) {
      const error = thrown as Error;
      const { clock } = this.#dependencies.environment;
      const atMs = clock.now() + Math.min(1000 * 2 ** (attempt - 1), longestBackoffMs);
      const isTooOld = atMs - firing.scheduledAtMs > target.maximumEventAgeSeconds * 1000;
      const isSpent = attempt > target.maximumRetryAttempts;
      if (!isPermanent(error) && !isTooOld && !isSpent) {
        clock.at(atMs, () => {
          const open = this.#attempt(firing, attempt + 1).finally(() => this.#open.delete(open));
          this.#open.add(open);
        });
        return;
      }
      const exhausted = isPermanent(error) ? undefined : isSpent ? "MaximumRetryAttempts" : "MaximumEventAgeInSeconds";
      const deadLetter = await this.#bury(firing, { error, attempt, exhausted });
      this.#report(firing, { attempts: attempt, error, ...(deadLetter === undefined ? {} : { deadLetter }) });
    }
  }

  async #invoke(firing: Firing, attempt: number): Promise<void> {
    const { target } = firing.schedule;
    const client = new SFNClient({ ...this.#dependencies.gateway.clientOptions(await this.#session(firing)), maxAttempts: 1 });
    await client.send(new StartExecutionCommand(request(target, resolveInput(firing, attempt))));
  }

  #session({ schedule, groupArn }: Firing): Promise<RoleSession> {
    const sessionName = schedule.name.slice(0, 64);
    const { roleArn } = schedule.target;
    return this.#dependencies.roles.assumeAsService({ service: "scheduler.amazonaws.com", roleArn, sessionName, sourceArn: groupArn });
  }

  async #bury(firing: Firing, of: { error: Error; attempt: number; exhausted: string | undefined }): Promise<Delivery["deadLetter"]> {
    const { target, arn } = firing.schedule;
    if (target.deadLetterQueueArn === undefined) return undefined;
    const [, , , region, account, queue] = target.deadLetterQueueArn.split(":");
    const attributes = {
      ERROR_CODE: of.error.name,
      ERROR_MESSAGE: of.error.message,
      EXECUTION_ID: firing.executionId,
      ...(of.exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: of.exhausted }),
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: String(of.attempt - 1),
      SCHEDULED_TIME: instant(firing.scheduledAtMs),
      SCHEDULE_ARN: arn,
      TARGET_ARN: target.arn,
    };
    try {
      const options = this.#dependencies.gateway.clientOptions(await this.#session(firing));
      await new SQSClient({ ...options, useQueueUrlAsEndpoint: false }).send(
        new SendMessageCommand({
          QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${queue}`,
          MessageBody: resolveInput(firing, of.attempt),
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
          ),
        }),
      );
      return "sent";
    } catch {
      // A role that may not write to its own dead-letter queue loses the event, as on AWS; onDelivery says so.
      return "lost";
    }
  }

  #report(firing: Firing, of: Pick<Delivery, "attempts" | "error" | "deadLetter">): void {
    const { schedule, scheduledAtMs, executionId } = firing;
    this.#dependencies.onDelivery?.({ scheduleArn: schedule.arn, scheduledAtMs, executionId, ...of });
  }
}

const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");

function resolveInput({ schedule, scheduledAtMs, executionId }: Firing, attempt: number): string {
  const attributes: Readonly<Record<string, string>> = {
    "schedule-arn": schedule.arn,
    "scheduled-time": instant(scheduledAtMs),
    "execution-id": executionId,
    "attempt-number": String(attempt),
  };
  return schedule.target.input.replaceAll(
    /<aws\.scheduler\.([a-z-]+)>/g,
    (keyword, name: string) => ownMember(attributes, name) ?? keyword,
  );
}

function request(target: Target, input: string): StartExecutionCommandInput {
  if (target.arn === universalStartExecution) return universalInput(input);
  return { stateMachineArn: target.arn, input: input === "" ? "{}" : input };
}

/** A universal target's input is the request in PascalCase; what the operation does not know is refused. */
function universalInput(text: string): StartExecutionCommandInput {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    input = undefined;
  }
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw validation("Invalid RequestJson provided. Reason: not a JSON object");
  const { StateMachineArn, Name, Input, TraceHeader, ...rest } = input as Record<string, unknown>;
  const unknown = Object.keys(rest);
  if (unknown.length > 0)
    throw validation(`Invalid RequestJson provided. Reason: Unexpected field(s) for StartExecution: ${unknown.join(", ")}`);
  const texts = { StateMachineArn, Name, Input, TraceHeader };
  const wrong = Object.entries(texts).find(([, value]) => value !== undefined && typeof value !== "string");
  if (wrong !== undefined || typeof StateMachineArn !== "string") {
    throw validation(`Invalid RequestJson provided. Reason: ${wrong?.[0] ?? "StateMachineArn"} must be a string`);
  }
  return {
    stateMachineArn: StateMachineArn,
    ...(typeof Name === "string" ? { name: Name } : {}),
    ...(typeof Input === "string" ? { input: Input } : {}),
    ...(typeof TraceHeader === "string" ? { traceHeader: TraceHeader } : {}),
  };
}
