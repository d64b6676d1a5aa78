// Amazon EventBridge: the default bus, its rules, and the delivery of what services and callers put on it.

import type { ResourceType } from "../deploy/resource-type.ts";
import { eventsResourceTypes } from "../deploy/resources/events.ts";
import type { Environment, Service } from "../service.ts";
import { EventDeliveries, type EventDeliveryDependencies } from "./events/delivery.ts";
import { type BusEvent, busEvent, type ServiceEvent } from "./events/event.ts";
import { eventOperations } from "./events/event-operations.ts";
import { ruleOperations } from "./events/rule-operations.ts";
import { Rules } from "./events/rules.ts";
import { targetOperations } from "./events/target-operations.ts";

export interface EventsDependencies extends EventDeliveryDependencies {
  /** Every event that reached the bus, matched by a rule or not. */
  readonly onEvent?: (event: BusEvent) => void;
}

export interface Events {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** A service tells of a change. Deliveries begin at once; nobody waits for them. */
  publish(event: ServiceEvent): void;
  /** Delivers an event once more, as EventBridge itself may. */
  redeliver(event: BusEvent): void;
  /** Whether no delivery is under way; those that wait to be tried again do not count. */
  readonly isIdle: boolean;
  /** Settles when it is so. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export function createEvents(environment: Environment, { onEvent, ...dependencies }: EventsDependencies): Events {
  const rules = new Rules(environment);
  const deliveries = new EventDeliveries(environment, dependencies);
  const redeliver = (event: BusEvent): void => {
    for (const rule of rules.matching(event)) for (const target of rule.targets) deliveries.send({ event, rule, target });
  };
  const route = (event: BusEvent): void => {
    onEvent?.(event);
    redeliver(event);
  };
  return {
    service: {
      signingName: "events",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-eventbridge"),
      operations: { ...ruleOperations(rules), ...targetOperations(rules), ...eventOperations({ environment, route }) },
    },
    resourceTypes: eventsResourceTypes(rules),
    publish: (event) => route(busEvent(event, environment)),
    redeliver,
    get isIdle() {
      return deliveries.isIdle;
    },
    idle: () => deliveries.idle(),
    stop: () => deliveries.stop(),
  };
}
