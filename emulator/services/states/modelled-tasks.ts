// Which Task resources this emulator runs; all others are refused when a state machine is made.

import type { Flow, Machine } from "../../states/machine.ts";
import type { Integration } from "../../states/resource.ts";

const modelled = new Set(["lambda:invoke", "lambda:invoke.waitForTaskToken", "batch:submitJob", "batch:submitJob.sync"]);

/** Why a Task with this resource cannot be run; undefined where it can. */
export function refusedIntegration(integration: Integration): string | undefined {
  if (integration.kind !== "service") return undefined;
  const name = `${integration.service}:${integration.resource}`;
  return modelled.has(name) ? undefined : `the integration arn:aws:states:::${name}`;
}

/** Whether a machine waits for jobs, for which Step Functions keeps an EventBridge rule in the account. */
export function usesJobs(machine: Machine): boolean {
  const inFlow = (flow: Flow): boolean =>
    [...flow.states.values()].some((state) => {
      if (state.type === "Task") return state.integration.kind === "service" && state.integration.pattern === "sync";
      if (state.type === "Parallel") return state.branches.some(inFlow);
      return state.type === "Map" && inFlow(state.processor);
    });
  return inFlow(machine);
}
