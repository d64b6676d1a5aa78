// Carries a firing to its target as the schedule's role, tries again as its retry policy says, and gives up into its dead-letter queue.

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Deliveries, type GivenUp } from "../../deliveries.ts";
import { ownMember } from "../../own-member.ts";
import type { Environment, Gateway, RoleSession, ServiceRoles } from "../../service.ts";
import type { Firing } from "./schedules.ts";
import { invokeTarget } from "./targets.ts";

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

export interface FiringDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly onDelivery?: (delivery: Delivery) => void;
}

export class FiringDeliveries extends Deliveries {
  readonly #of: FiringDependencies;

  constructor(of: FiringDependencies) {
    super(of.environment.clock);
    this.#of = of;
  }

  fire(firing: Firing): void {
    this.begin({
      retry: firing.schedule.target,
      sinceMs: firing.scheduledAtMs,
      carry: (attempt) => this.#carry(firing, attempt),
      delivered: (attempts) => this.#report(firing, { attempts }),
      givenUp: async (of) => {
        const deadLetter = await this.#bury(firing, of);
        this.#report(firing, { attempts: of.attempts, error: of.error, ...(deadLetter === undefined ? {} : { deadLetter }) });
      },
    });
  }

  async #carry(firing: Firing, attempt: number): Promise<void> {
    const { target } = firing.schedule;
    const options = this.#of.gateway.clientOptions(await this.#session(firing));
    await invokeTarget(target.arn, { options, input: resolveInput(firing, attempt), notice: this.#notice(firing) });
  }

  #session({ schedule, groupArn }: Firing): Promise<RoleSession> {
    const sessionName = schedule.name.slice(0, 64);
    const { roleArn } = schedule.target;
    return this.#of.roles.assumeAsService({ service: "scheduler.amazonaws.com", roleArn, sessionName, sourceArn: groupArn });
  }

  /** As seen in functions that such schedules invoke; AWS documents no shape for it. */
  #notice({ schedule, scheduledAtMs }: Firing): object {
    const { account, region, uuid } = this.#of.environment;
    return {
      version: "0",
      id: uuid(),
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account,
      time: instant(scheduledAtMs),
      region,
      resources: [schedule.arn],
      detail: "{}",
    };
  }

  async #bury(firing: Firing, { error, attempts, exhausted }: GivenUp): Promise<Delivery["deadLetter"]> {
    const { target, arn } = firing.schedule;
    if (target.deadLetterQueueArn === undefined) return undefined;
    const [, , , region, account, queue] = target.deadLetterQueueArn.split(":");
    const attributes = {
      ERROR_CODE: error.name,
      ERROR_MESSAGE: error.message,
      EXECUTION_ID: firing.executionId,
      ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: String(attempts - 1),
      SCHEDULED_TIME: instant(firing.scheduledAtMs),
      SCHEDULE_ARN: arn,
      TARGET_ARN: target.arn,
    };
    try {
      const options = this.#of.gateway.clientOptions(await this.#session(firing));
      await new SQSClient({ ...options, useQueueUrlAsEndpoint: false }).send(
        new SendMessageCommand({
          QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${queue}`,
          MessageBody: resolveInput(firing, attempts),
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
    this.#of.onDelivery?.({ scheduleArn: schedule.arn, scheduledAtMs, executionId, ...of });
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
