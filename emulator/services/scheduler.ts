// EventBridge Scheduler: starts executions and invokes functions at the times that schedules name, on the emulator's clock and as each schedule's role.

import type { ResourceType } from "../deploy/resource-type.ts";
import { schedulerResourceTypes } from "../deploy/resources/scheduler.ts";
import type { Environment, Gateway, Service, ServiceRoles } from "../service.ts";
import { type Delivery, FiringDeliveries } from "./scheduler/delivery.ts";
import { schedulerOperations } from "./scheduler/operations.ts";
import { defaultGroup, Schedules } from "./scheduler/schedules.ts";

export interface SchedulerDependencies {
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  /** Every firing once it was delivered or given up. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

export interface Scheduler {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /**
   * When a schedule fires next, in milliseconds since the epoch; `undefined` when it will not.
   * @param name - `name`, in the default group, or `group/name`
   */
  nextFiring(name: string): number | undefined;
  /** Whether no firing is on its way; those that wait to be tried again do not count. */
  readonly isIdle: boolean;
  /** Settles when it is so. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export function createScheduler(environment: Environment, { gateway, roles, onDelivery }: SchedulerDependencies): Scheduler {
  const deliveries = new FiringDeliveries({ environment, gateway, roles, ...(onDelivery === undefined ? {} : { onDelivery }) });
  const schedules = new Schedules(environment, (firing) => deliveries.fire(firing));
  return {
    service: {
      signingName: "scheduler",
      protocol: "restJson1",
      model: () => import("@aws-sdk/client-scheduler"),
      operations: schedulerOperations(schedules),
    },
    resourceTypes: schedulerResourceTypes(schedules),
    nextFiring(name) {
      const [group = "", own] = name.split("/");
      return own === undefined ? schedules.nextFiring(defaultGroup, name) : schedules.nextFiring(group, own);
    },
    get isIdle() {
      return deliveries.isIdle;
    },
    idle: () => deliveries.idle(),
    async stop() {
      schedules.stop();
      await deliveries.stop();
    },
  };
}
