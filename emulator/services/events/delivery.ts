// Carries events to the targets of the rules that match them, as `events.amazonaws.com` and for the rule; what cannot be delivered goes to the
// target's dead-letter queue. Source: "Using dead-letter queues to process undelivered events", EventBridge User Guide.

import { createHash } from "node:crypto";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Clock } from "../../clock.ts";
import { Deliveries, type GivenUp } from "../../deliveries.ts";
import type { Environment, Gateway, ServiceRoles } from "../../service.ts";
import type { Lambda } from "../lambda.ts";
import type { Sqs } from "../sqs.ts";
import type { BusEvent } from "./event.ts";
import type { Rule } from "./rules.ts";
import type { RuleTarget } from "./targets.ts";

const service = "events.amazonaws.com";

/** How one event's way to one target ended. */
export interface EventDelivery {
  readonly event: BusEvent;
  readonly ruleArn: string;
  readonly targetId: string;
  readonly targetArn: string;
  readonly attempts: number;
  /** Absent when it was delivered. */
  readonly error?: Error;
  /** Whether a dead-letter queue got it; absent when it was delivered or there is no queue. */
  readonly deadLetter?: "sent" | "lost";
}

export interface EventDeliveryDependencies {
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly lambda: Pick<Lambda, "deliver">;
  readonly sqs: Pick<Sqs, "deliver">;
  readonly onEventDelivery?: (delivery: EventDelivery) => void;
}

interface Addressed {
  readonly event: BusEvent;
  readonly rule: Rule;
  readonly target: RuleTarget;
}

export class EventDeliveries extends Deliveries {
  readonly #clock: Clock;
  readonly #of: EventDeliveryDependencies;

  constructor({ clock }: Environment, of: EventDeliveryDependencies) {
    super(clock);
    this.#clock = clock;
    this.#of = of;
  }

  send(addressed: Addressed): void {
    const { target } = addressed;
    if (target.kind === "managed") return;
    const ingestedAtMs = this.#clock.now();
    this.begin({
      retry: target.retry,
      sinceMs: ingestedAtMs,
      carry: () => this.#carry(addressed, ingestedAtMs),
      delivered: (attempts) => this.#report(addressed, { attempts }),
      givenUp: async (of) => {
        const deadLetter = await this.#bury(addressed, of);
        this.#report(addressed, { attempts: of.attempts, error: of.error, ...(deadLetter === undefined ? {} : { deadLetter }) });
      },
    });
  }

  async #carry({ event, rule, target }: Addressed, ingestedAtMs: number): Promise<void> {
    const input = target.input(event, { ruleArn: rule.arn, ruleName: rule.name, ingestedAtMs });
    if (target.kind === "function") {
      await this.#of.lambda.deliver({ functionArn: target.arn, payload: Buffer.from(input), service, sourceArn: rule.arn });
      return;
    }
    const { gateway, roles } = this.#of;
    const session = await roles.assumeAsService({
      service,
      roleArn: target.roleArn ?? "",
      // What AWS calls the session is not documented; the event's id lets a reader of the trail find its event.
      sessionName: event.id.replaceAll("-", ""),
      sourceArn: rule.arn,
    });
    const client = new SFNClient({ ...gateway.clientOptions(session), maxAttempts: 1 });
    await client.send(new StartExecutionCommand({ stateMachineArn: target.arn, name: executionName({ event, rule, target }), input }));
  }

  async #bury({ event, rule, target }: Addressed, { error, attempts, exhausted }: GivenUp): Promise<EventDelivery["deadLetter"]> {
    if (target.deadLetterQueueArn === undefined) return undefined;
    const attributes = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.arn,
      ERROR_CODE: errorCode(error),
      ERROR_MESSAGE: error.message,
      ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
      RETRY_ATTEMPTS: String(attempts - 1),
    };
    try {
      await this.#of.sqs.deliver({
        queueArn: target.deadLetterQueueArn,
        body: JSON.stringify(event),
        service,
        sourceArn: rule.arn,
        attributes,
      });
      return "sent";
    } catch {
      // A queue that does not let the rule in loses the event, as on AWS; onEventDelivery says so.
      return "lost";
    }
  }

  #report({ event, rule, target }: Addressed, of: Pick<EventDelivery, "attempts" | "error" | "deadLetter">): void {
    this.#of.onEventDelivery?.({ event, ruleArn: rule.arn, targetId: target.id, targetArn: target.arn, ...of });
  }
}

/** The event's id and, after it, what is the same for this target of this rule: a second delivery of one event names the same execution. */
export function executionName({ event, rule, target }: Addressed): string {
  const digest = createHash("sha256").update(`${rule.arn}\n${target.id}`).digest("hex");
  return `${event.id}_${digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}

/** The error in the words of EventBridge's dead letters. */
function errorCode(error: Error): string {
  if (error.name === "INVALID_JSON" || error.name === "InvalidExecutionInput" || error.name === "InvalidRequestContentException")
    return "INVALID_JSON";
  if (/AccessDenied/.test(error.name)) return "NO_PERMISSIONS";
  if (/NotFound|DoesNotExist/.test(error.name)) return "NO_RESOURCE";
  if (/AlreadyExists/.test(error.name)) return "RESOURCE_ALREADY_EXISTS";
  if (/Throttl|TooManyRequests/.test(error.name)) return "THROTTLING";
  if (/LimitExceeded/.test(error.name)) return "RESOURCE_LIMIT_EXCEEDED";
  if (/Internal|ServiceException/.test(error.name)) return "INTERNAL_ERROR";
  return "ERROR_FROM_TARGET";
}
