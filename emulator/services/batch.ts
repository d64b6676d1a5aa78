// AWS Batch on Fargate: a job is a process with its container's environment, its role's credentials endpoint and its network interface.

import type { JobDetail } from "@aws-sdk/client-batch";
import type { ResourceType } from "../deploy/resource-type.ts";
import { batchResourceTypes } from "../deploy/resources/batch.ts";
import { ecsEcrResourceTypes } from "../deploy/resources/ecs-ecr.ts";
import { ChildProcesses } from "../processes/child-processes.ts";
import { ContainerCredentials } from "../processes/container-credentials.ts";
import { ContainerImages } from "../processes/container-image.ts";
import type { Subnets } from "../processes/network-interface.ts";
import type { Environment, Gateway, Service, ServiceRoles } from "../service.ts";
import type { AttemptDependencies } from "./batch/attempt.ts";
import { BatchResources } from "./batch/batch-resources.ts";
import { programOf } from "./batch/container-start.ts";
import { describeJob } from "./batch/describe.ts";
import type { JobListener, Submission } from "./batch/job.ts";
import { Jobs } from "./batch/jobs.ts";
import { batchOperations } from "./batch/operations.ts";
import type { ServiceEvent } from "./events/event.ts";

export interface BatchDependencies {
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly subnets: Subnets;
  /** Puts "Batch Job State Change" on the event bus. */
  readonly publish?: (event: ServiceEvent) => void;
  /** Telemetry: every state of every job, the first included. */
  readonly onJobState?: JobListener;
  readonly onLogLost?: AttemptDependencies["onLogLost"];
}

export interface Batch {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /**
   * Tells `listener` the job's present state, soon, and then every change. Gives the function that ends it.
   * Throws a plain Error for a job that was never submitted here.
   */
  onJobState(jobId: string, listener: JobListener): () => void;
  /** What DescribeJobs shows of the job; asks nobody. */
  describe(jobId: string): JobDetail | undefined;
  stop(): Promise<void>;
}

/** Source: "AWS Batch events", AWS Batch User Guide: the detail is what DescribeJobs shows. */
const stateEvent = (detail: JobDetail): ServiceEvent => ({
  source: "aws.batch",
  detailType: "Batch Job State Change",
  resources: [detail.jobArn ?? ""],
  detail,
});

export function createBatch(environment: Environment, dependencies: BatchDependencies): Batch {
  const { gateway, roles, subnets, publish, onJobState, onLogLost } = dependencies;
  const processes = new ChildProcesses();
  const images = new ContainerImages();
  const credentials = new ContainerCredentials();
  const resources = new BatchResources(environment);
  /** Build contexts by image URI. */
  const contexts = new Map<string, string>();
  const contextOf = (imageUri: string): string | undefined => contexts.get(imageUri);
  const attempts = {
    environment,
    gateway,
    roles,
    subnets,
    processes,
    images,
    credentials,
    contextOf,
    ...(onLogLost === undefined ? {} : { onLogLost }),
  };
  const jobs = new Jobs(resources, attempts, (state) => {
    onJobState?.(state);
    const job = jobs.get(state.jobId);
    if (job !== undefined) publish?.(stateEvent(describeJob(job)));
  });
  const assertStartable = async ({ container }: Submission): Promise<void> => {
    const context = contextOf(container.image);
    if (context !== undefined) programOf(await images.stage(context), container.command);
  };
  const publishImage = async (imageUri: string, context: string): Promise<void> => {
    await images.stage(context);
    contexts.set(imageUri, context);
  };
  return {
    service: {
      signingName: "batch",
      protocol: "restJson1",
      model: () => import("@aws-sdk/client-batch"),
      operations: batchOperations({ environment, resources, jobs, assertStartable }),
    },
    resourceTypes: [...batchResourceTypes({ resources, subnets, publishImage }), ...ecsEcrResourceTypes()],
    onJobState(jobId, listener) {
      const job = jobs.get(jobId);
      if (job === undefined) throw new Error(`no job ${jobId} was submitted`);
      return job.listen(listener);
    },
    describe(jobId) {
      const job = jobs.get(jobId);
      return job && describeJob(job);
    },
    async stop() {
      await processes.stop();
      await jobs.idle();
      await credentials.stop();
      await images.stop();
    },
  };
}
