// AWS Lambda: functions as processes of Node.js, each with its role's session, its environment and its network interface and nothing else.

import { availableParallelism } from "node:os";
import type { ResourceType } from "../deploy/resource-type.ts";
import { lambdaResourceTypes } from "../deploy/resources/lambda.ts";
import { ChildProcesses } from "../processes/child-processes.ts";
import { RuntimeApi } from "../processes/runtime-api.ts";
import { StartGate } from "../processes/start-gate.ts";
import type { Environment, Gateway, Service, ServiceRoles } from "../service.ts";
import { AsynchronousEvents, type DiscardedEvent } from "./lambda/asynchronous-events.ts";
import type { ExecutionDependencies } from "./lambda/execution-environment.ts";
import type { FunctionReference } from "./lambda/function-names.ts";
import { FunctionSession, type KeyPermissions } from "./lambda/function-session.ts";
import { type FunctionDefinition, Functions } from "./lambda/functions.ts";
import { type Invocation, Invoker } from "./lambda/invoker.ts";
import { assertNetworkPermissions } from "./lambda/network-permissions.ts";
import { lambdaOperations } from "./lambda/operations.ts";

export interface LambdaDependencies {
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  /** KMS, for environment variables under a customer's key. */
  readonly keys: KeyPermissions;
  readonly subnets: ExecutionDependencies["subnets"];
  /** Processes that may start at the same time; as many as there are processors unless said otherwise. */
  readonly parallelStarts?: number;
  /** Telemetry: every finished event, with its cold start where it had one. */
  readonly onInvocation?: (invocation: Invocation) => void;
  /** Asynchronous events that were given up. */
  readonly onDiscarded?: (event: DiscardedEvent) => void;
  readonly onLogLost?: ExecutionDependencies["onLogLost"];
}

export interface Lambda {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** Settles when all that functions have logged so far has been delivered or lost. */
  logsFlushed(): Promise<void>;
  stop(): Promise<void>;
}

export function createLambda(environment: Environment, dependencies: LambdaDependencies): Lambda {
  const { gateway, roles, keys, subnets, onInvocation, onDiscarded, onLogLost } = dependencies;
  const processes = new ChildProcesses();
  const runtimeApi = new RuntimeApi();
  const gate = new StartGate(dependencies.parallelStarts ?? availableParallelism());
  const functions = new Functions(environment);
  const invokers = new Map<FunctionDefinition, Invoker>();
  const invokerOf = (reference: FunctionReference): Invoker => {
    const definition = functions.get(reference);
    const invoker =
      invokers.get(definition) ??
      new Invoker(definition, {
        environment,
        gateway,
        roles,
        keys,
        subnets,
        processes,
        runtimeApi,
        gate,
        ...(onInvocation === undefined ? {} : { onInvocation }),
        ...(onLogLost === undefined ? {} : { onLogLost }),
      });
    invokers.set(definition, invoker);
    return invoker;
  };
  const createFunction = async (definition: FunctionDefinition): Promise<void> => {
    const session = await new FunctionSession(definition, { environment, gateway, roles, keys }).get();
    await assertNetworkPermissions(definition, { environment, gateway, session });
    functions.add(definition);
  };
  const logsFlushed = async (): Promise<void> => {
    await Promise.all([...invokers.values()].map((invoker) => invoker.flushed()));
  };
  const asynchronous = new AsynchronousEvents(environment, onDiscarded);
  return {
    service: {
      signingName: "lambda",
      protocol: "restJson1",
      model: () => import("@aws-sdk/client-lambda"),
      operations: lambdaOperations({ environment, functions, asynchronous, invokerOf }),
    },
    resourceTypes: lambdaResourceTypes({ environment, functions, subnets, createFunction }),
    logsFlushed,
    async stop() {
      await processes.stop();
      await runtimeApi.stop();
      await logsFlushed();
    },
  };
}
