// The whole account in one process: every service behind one gateway, the templates deployed into it, one port to reach it.

import { createLocalPrincipals, type LocalPrincipals } from "./account.ts";
import { MovableClock } from "./clock.ts";
import { deployAssembly } from "./deploy/deploy.ts";
import type { ResourceType } from "./deploy/resource-type.ts";
import type { DeployedStack } from "./deploy/stack-creation.ts";
import { createFoundation, type Foundation } from "./foundation.ts";
import type { CallRecord } from "./gateway/call-record.ts";
import type { Service } from "./service.ts";
import { type Batch, createBatch } from "./services/batch.ts";
import { createCloudFormation } from "./services/cloudformation.ts";
import { type CloudTrailOptions, createCloudTrail } from "./services/cloudtrail.ts";
import { createDynamoDb } from "./services/dynamodb.ts";
import { createEvents, type Events, type EventsDependencies } from "./services/events.ts";
import { createKms, type Kms } from "./services/kms.ts";
import { createLambda, type Lambda, type LambdaDependencies } from "./services/lambda.ts";
import { createLogs, type Logs } from "./services/logs.ts";
import { createS3 } from "./services/s3.ts";
import { createScheduler, type Scheduler, type SchedulerDependencies } from "./services/scheduler.ts";
import { createSecretsManager, type SecretsManager, type SecretsManagerDependencies } from "./services/secrets-manager.ts";
import { createServiceQuotas } from "./services/service-quotas.ts";
import { createSns, type Sns } from "./services/sns.ts";
import { createSqs } from "./services/sqs.ts";
import { createSsm, type Ssm } from "./services/ssm.ts";
import { createStates, type StatesDependencies } from "./services/states.ts";

/** What whoever runs the emulator may watch; none of it changes anything. */
interface Watchers {
  /** Every call as it ends, refused ones included. */
  readonly onCall?: (record: CallRecord) => void;
  readonly onInvocation?: NonNullable<LambdaDependencies["onInvocation"]>;
  readonly onStatusChange?: NonNullable<StatesDependencies["onStatusChange"]>;
  readonly onDelivery?: NonNullable<SchedulerDependencies["onDelivery"]>;
  readonly onRotation?: NonNullable<SecretsManagerDependencies["onRotation"]>;
  readonly onEvent?: NonNullable<EventsDependencies["onEvent"]>;
  readonly onEventDelivery?: NonNullable<EventsDependencies["onEventDelivery"]>;
  /** Output of a function or a job that could not be written to its log group. */
  readonly onLogLost?: (lost: { source: string; events: number; error: Error }) => void;
}

export interface EmulatorOptions extends Watchers, CloudTrailOptions {
  readonly account: string;
  readonly region: string;
  /** Port on 127.0.0.1; 0 or none takes a free one. */
  readonly port?: number;
  /** Runs at real speed where left out. */
  readonly clock?: MovableClock;
  /** Makes ids and keys the same from run to run; for tests only. */
  readonly seed?: string;
  /** Folder that `cdk synth` wrote, deployed before the emulator answers; nothing is deployed without. */
  readonly assembly?: string;
}

export interface Emulator extends Foundation {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly kms: Kms;
  readonly logs: Logs;
  readonly sns: Sns;
  readonly ssm: Ssm;
  readonly lambda: Lambda;
  readonly batch: Batch;
  readonly events: Events;
  readonly scheduler: Scheduler;
  readonly secretsManager: SecretsManager;
  readonly stacks: readonly DeployedStack[];
  /** Deploys one more assembly. Throws AssemblyRefused before anything is created, or DeploymentFailed. */
  deploy(assembly: string): Promise<readonly DeployedStack[]>;
  /** Signs the local people in; takes the deployed templates' policies and roles. */
  createPeople(): Promise<LocalPrincipals>;
  /**
   * Settles when all that schedules and rules have to deliver is delivered, every function that got it has ended, and no rotation is under way.
   * What waits for the clock (retries, and executions, which nobody waits for) is not waited for.
   */
  settled(): Promise<void>;
  /** Ends every process, timer and listener. */
  stop(): Promise<void>;
}

/** Throws a plain Error that says what to do where the port is taken; whatever was started by then has been stopped. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const clock = options.clock ?? new MovableClock();
  const foundation = createFoundation({ ...options, clock });
  const { environment, gateway } = foundation;
  const services = createServices(foundation, options);
  const resourceTypes = [...foundation.resourceTypes, ...services.all.flatMap((one) => one.resourceTypes)];
  for (const { service } of services.all) gateway.mount(service);
  const stacks: DeployedStack[] = [];
  const deploy = async (assembly: string): Promise<readonly DeployedStack[]> => {
    const deployed = await deployAssembly({
      assembly,
      resourceTypes,
      environment,
      readParameter: (name) => services.ssm.readParameter(name),
    });
    // A new rotation schedule is tried at once, which takes the time of a function's start.
    await services.secretsManager.idle();
    services.cloudFormation.record(deployed);
    stacks.push(...deployed);
    return deployed;
  };
  const stop = async (): Promise<void> => {
    // Schedules and rules first: nothing new starts while the rest ends.
    for (const ends of [services.scheduler, services.secretsManager, services.events, services.batch, services.lambda]) await ends.stop();
    await gateway.stop();
    clock.stop();
  };
  try {
    const { url } = await gateway.listen({ port: options.port ?? 0 });
    if (options.assembly !== undefined) await deploy(options.assembly);
    return {
      ...foundation,
      ...services,
      resourceTypes,
      endpoint: url,
      stacks,
      deploy,
      settled: () => settled([services.scheduler, services.events, services.secretsManager, services.lambda]),
      createPeople: () => createLocalPrincipals(foundation.administrator, { gateway, environment }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What one delivers makes another busy, so all must be idle at once; a turn of the event loop lets what has just ended tell of it. */
async function settled(all: readonly { readonly isIdle: boolean; idle(): Promise<void> }[]): Promise<void> {
  do {
    await Promise.all(all.map((one) => one.idle()));
    await new Promise((resolve) => setImmediate(resolve));
  } while (!all.every(({ isIdle }) => isIdle));
}

function createServices({ environment, gateway, roles, network }: Foundation, options: Watchers & CloudTrailOptions) {
  const { onInvocation, onStatusChange, onDelivery, onRotation, onEvent, onEventDelivery, onLogLost } = options;
  const kms = createKms(environment);
  const sqs = createSqs(environment, { kms, gateway });
  const sns = createSns(environment, { sqs });
  const logs = createLogs(environment, { kms, gateway });
  const ssm = createSsm(environment);
  const cloudFormation = createCloudFormation(environment);
  const cloudTrail = createCloudTrail(environment, options);
  gateway.observe((ended) => cloudTrail.record(ended));
  const lambda = createLambda(environment, {
    gateway,
    roles,
    keys: kms,
    subnets: network,
    ...(onInvocation && { onInvocation }),
    ...(onLogLost && { onLogLost: ({ functionName, ...lost }) => onLogLost({ source: functionName, ...lost }) }),
  });
  const events = createEvents(environment, {
    gateway,
    roles,
    lambda,
    sqs,
    ...(onEvent && { onEvent }),
    ...(onEventDelivery && { onEventDelivery }),
  });
  const { publish } = events;
  const batch = createBatch(environment, {
    gateway,
    roles,
    subnets: network,
    publish,
    ...(onLogLost && { onLogLost: ({ jobId, ...lost }) => onLogLost({ source: `job ${jobId}`, ...lost }) }),
  });
  const states = createStates(environment, { gateway, roles, keys: kms, jobs: batch, publish, ...(onStatusChange && { onStatusChange }) });
  const scheduler = createScheduler(environment, { gateway, roles, ...(onDelivery && { onDelivery }) });
  const secretsManager = createSecretsManager(environment, { kms, functions: lambda.forServices, ...(onRotation && { onRotation }) });
  const all: readonly { readonly service: Service; readonly resourceTypes: readonly ResourceType[] }[] = [
    kms,
    secretsManager,
    createDynamoDb(environment, { kms }),
    createS3(environment, { publish }),
    sqs,
    sns,
    logs,
    ssm,
    lambda,
    batch,
    events,
    states,
    scheduler,
    cloudFormation,
    cloudTrail,
    createServiceQuotas(environment),
  ];
  return { all, kms, logs, sns, ssm, lambda, batch, events, scheduler, secretsManager, cloudFormation };
}
