// AWS Step Functions: state machines that run for real, each task under the role that the template gave it.

import { AwsError } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { statesResourceTypes } from "../deploy/resources/states.ts";
import type { Environment, Gateway, Service, ServiceRoles } from "../service.ts";
import type { ServiceEvent } from "./events/event.ts";
import { Activities } from "./states/activities.ts";
import { callbackOperations } from "./states/callback-operations.ts";
import { Callbacks } from "./states/callbacks.ts";
import { executionOperations } from "./states/execution-operations.ts";
import { Executions } from "./states/executions.ts";
import { type DataKeys, MachineKey } from "./states/machine-key.ts";
import { machineOperations } from "./states/machine-operations.ts";
import { assertMachineRole } from "./states/role-check.ts";
import { RoleSessions } from "./states/role-sessions.ts";
import { StateMachines } from "./states/state-machines.ts";
import { statusEvent } from "./states/status-event.ts";
import { type JobEvents, type TaskDependencies, Tasks } from "./states/tasks.ts";

/** An execution that has started, been redriven or ended, for whoever watches. */
export interface ExecutionStatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: string;
  readonly startedAtMs: number;
  readonly stoppedAtMs: number | undefined;
  /** JSON texts. */
  readonly input: string;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export interface StatesDependencies {
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly keys: DataKeys;
  readonly jobs: JobEvents;
  /** Puts "Step Functions Execution Status Change" on the event bus. */
  readonly publish?: (event: ServiceEvent) => void;
  readonly onStatusChange?: (change: ExecutionStatusChange) => void;
  readonly onJobLeftRunning?: NonNullable<TaskDependencies["onJobLeftRunning"]>;
}

export interface States {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export function createStates(environment: Environment, dependencies: StatesDependencies): States {
  const { gateway, roles, keys, jobs, publish, onStatusChange, onJobLeftRunning } = dependencies;
  const sessions = new RoleSessions(environment, { gateway, roles });
  const callbacks = new Callbacks();
  const activities = new Activities(environment);
  const stateMachines = new StateMachines(environment, {
    assertRole: (of) => assertMachineRole(of, { environment, gateway, sessions }),
    keyOf({ arn, roleArn, encryption }) {
      if (encryption.type !== "CUSTOMER_MANAGED_KMS_KEY") return undefined;
      if (encryption.kmsKeyId === undefined) {
        const message = "Invalid Encryption Configuration: 'kmsKeyId must be set when the type is CUSTOMER_MANAGED_KMS_KEY'";
        throw new AwsError("InvalidEncryptionConfiguration", message);
      }
      const key = { keyId: encryption.kmsKeyId, machineArn: arn, roleArn, reuseSeconds: encryption.kmsDataKeyReusePeriodSeconds };
      return new MachineKey(key, { environment, gateway, keys, sessions });
    },
  });
  const tasks = new Tasks({
    gateway,
    sessions,
    callbacks,
    activities,
    jobs,
    ...(onJobLeftRunning === undefined ? {} : { onJobLeftRunning }),
  });
  const executions = new Executions(environment, {
    world: {
      region: environment.region,
      clock: environment.clock,
      tasks,
      taskToken: () => `AQC${Buffer.from(environment.randomBytes(96)).toString("base64")}`,
      random: () => stateMachines.random(),
    },
    onStatus({ execution, stateMachine }) {
      publish?.(statusEvent(execution, { isSealed: stateMachine.key !== undefined }));
      const { executionArn, stateMachineArn, name } = execution.identity;
      onStatusChange?.({
        executionArn,
        stateMachineArn,
        name,
        status: execution.status,
        startedAtMs: execution.startedAtMs,
        stoppedAtMs: execution.stoppedAtMs,
        input: execution.inputText,
        output: execution.output?.text,
        error: execution.error,
        cause: execution.cause,
      });
    },
  });
  return {
    service: {
      signingName: "states",
      protocol: "awsJson1_0",
      model: () => import("@aws-sdk/client-sfn"),
      operations: {
        ...machineOperations({ stateMachines, executions, activities }),
        ...executionOperations({ stateMachines, executions }),
        ...callbackOperations({ callbacks, activities, executions }),
      },
    },
    resourceTypes: statesResourceTypes(stateMachines),
  };
}
