// AWS Lambda: functions as processes of Node.js, each with its role's session, its environment and its network interface and nothing else.

import { availableParallelism } from "node:os";
import type { ResourceType } from "../deploy/resource-type.ts";
import { lambdaResourceTypes } from "../deploy/resources/lambda.ts";
import { ChildProcesses } from "../processes/child-processes.ts";
import { RuntimeApi } from "../processes/runtime-api.ts";
import { StartGate } from "../processes/start-gate.ts";
import type { Environment, Gateway, Permission, Service, ServiceRoles } from "../service.ts";
import { AsynchronousEvents, type DiscardedEvent } from "./lambda/asynchronous-events.ts";
import type { ExecutionDependencies } from "./lambda/execution-environment.ts";
import { assertDestination } from "./lambda/failure-destination.ts";
import { type FunctionReference, parseFunctionName } from "./lambda/function-names.ts";
import { FunctionSession, type KeyPermissions } from "./lambda/function-session.ts";
import { type EventInvokeConfig, type FunctionDefinition, Functions } from "./lambda/functions.ts";
import { type Invocation, type InvocationResult, Invoker } from "./lambda/invoker.ts";
import { assertNetworkPermissions } from "./lambda/network-permissions.ts";
import { invokeFunction, lambdaOperations } from "./lambda/operations.ts";

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

/** A call that a service makes by itself, for one of its resources: the function's policy must let it. */
export interface ServiceCall {
  readonly functionArn: string;
  /** `secretsmanager.amazonaws.com`. */
  readonly service: string;
  readonly sourceArn: string;
}

/** Functions as services invoke them that wait for the answer. */
export interface FunctionsForServices {
  /** What a caller needs to invoke the function. */
  permission(functionArn: string): Permission;
  /** Throws ResourceNotFoundException or the access-denied error. */
  assertInvocable(of: ServiceCall): Promise<void>;
  /** Throws what Lambda answers where it does not come to an answer of the function. */
  invoke(of: ServiceCall & { readonly payload: object }): Promise<InvocationResult>;
  /** Ends the function's processes that wait for an event, as Lambda does when none has come for a while. */
  letGo(functionArn: string): Promise<void>;
}

export interface Lambda {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  readonly forServices: FunctionsForServices;
  /**
   * An event that a service hands over for itself (`events.amazonaws.com`): the function's policy must let it. Settles when the event is taken,
   * before the function runs. Throws ResourceNotFoundException or the access-denied error.
   */
  deliver(of: ServiceCall & { readonly payload: Uint8Array }): Promise<void>;
  /** Whether no asynchronous event is with a function; those that wait to be tried again do not count. */
  readonly isIdle: boolean;
  /** Settles when it is so. */
  idle(): Promise<void>;
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
  const configureEvents = async (reference: FunctionReference, config: Partial<EventInvokeConfig>): Promise<void> => {
    if (config.onFailureArn !== undefined) {
      await assertDestination(config.onFailureArn, { gateway, session: await invokerOf(reference).session() });
    }
    functions.setEventInvokeConfig(reference, config);
  };
  const logsFlushed = async (): Promise<void> => {
    await Promise.all([...invokers.values()].map((invoker) => invoker.flushed()));
  };
  const asynchronous = new AsynchronousEvents({ environment, gateway, ...(onDiscarded === undefined ? {} : { onDiscarded }) });
  const operating = { environment, functions, asynchronous, invokerOf };
  const permission = (functionArn: string): Permission => {
    const resourcePolicy = functions.policy(parseFunctionName(functionArn));
    return { action: "lambda:InvokeFunction", resource: functionArn, ...(resourcePolicy === undefined ? {} : { resourcePolicy }) };
  };
  const assertInvocable = async ({ functionArn, service, sourceArn }: ServiceCall): Promise<void> => {
    functions.get(parseFunctionName(functionArn));
    await gateway.authorizeService({ service, sourceArn, permission: permission(functionArn) });
  };
  return {
    service: {
      signingName: "lambda",
      protocol: "restJson1",
      model: () => import("@aws-sdk/client-lambda"),
      operations: lambdaOperations(operating),
    },
    resourceTypes: lambdaResourceTypes({ environment, functions, subnets, createFunction, configureEvents }),
    forServices: {
      permission,
      assertInvocable,
      async invoke({ payload, ...of }) {
        await assertInvocable(of);
        return invokerOf(parseFunctionName(of.functionArn)).invoke({
          requestId: environment.uuid(),
          invokedArn: of.functionArn,
          payload: Buffer.from(JSON.stringify(payload)),
        });
      },
      letGo: (functionArn) => invokerOf(parseFunctionName(functionArn)).letGo(),
    },
    async deliver({ payload, ...of }) {
      const { functionArn } = of;
      await assertInvocable(of);
      await invokeFunction({ FunctionName: functionArn, InvocationType: "Event", Payload: payload }, environment.uuid(), operating);
    },
    get isIdle() {
      return asynchronous.isIdle;
    },
    idle: () => asynchronous.idle(),
    logsFlushed,
    async stop() {
      await processes.stop();
      await runtimeApi.stop();
      await logsFlushed();
    },
  };
}
