// EventBridge Scheduler: starts executions at the times that schedules name, on the emulator's clock and as each schedule's role.

import type { ResourceType } from "../deploy/resource-type.ts";
import { schedulerResourceTypes } from "../deploy/resources/scheduler.ts";
import type { Environment, Gateway, Service, ServiceRoles } from "../service.ts";
import { Deliveries, type Delivery } from "./scheduler/delivery.ts";
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
  stop(): Promise<void>;
}

export function createScheduler(environment: Environment, { gateway, roles, onDelivery }: SchedulerDependencies): Scheduler {
  const deliveries = new Deliveries({ environment, gateway, roles, ...(onDelivery === undefined ? {} : { onDelivery }) });
  const schedules = new Schedules(environment, (firing) => deliveries.begin(firing));
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
    async stop() {
      schedules.stop();
      await deliveries.idle();
    },
  };
}
