// Where jobs run and what each has to itself. Owner: the people who write jobs; they cannot start one by it.

import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import {
  FargateComputeEnvironment,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
} from "aws-cdk-lib/aws-batch";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { jobQueueName, spotJobQueueName } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import type { Bundles } from "../bundles.ts";
import type { KeyturnConfig } from "../config.ts";
import { JobPlaceResources } from "../constructs/job-place.ts";
import { removalPolicyFor } from "../constructs/key.ts";
import { isWatched } from "../start-rules.ts";
import type { KeysStack } from "./keys.ts";
import type { NetworkStack } from "./network.ts";

export interface JobsStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
  readonly network: NetworkStack;
  readonly keys: KeysStack;
  readonly bundles: Bundles;
}

export class JobsStack extends Stack {
  constructor(scope: Construct, id: string, props: JobsStackProps) {
    super(scope, id, props);
    const { config, jobs, network, keys } = props;
    this.#queue(jobQueueName, [this.#computeEnvironment("Fargate", { spot: false, network, config })], config);
    if (jobs.some(({ spot }) => spot === true)) {
      this.#queue(spotJobQueueName, [this.#computeEnvironment("FargateSpot", { spot: true, network, config })], config);
    }
    const logsKey = Key.fromKeyArn(this, "LogsKey", keys.services.logs);
    for (const job of jobs) {
      const jobKeys = keys.relay.jobs.get(job.name);
      if (!jobKeys) throw new Error(`The keys stack has no keys for the job ${job.name}.`);
      new JobPlaceResources(this, {
        job,
        image: props.bundles.image(job.name),
        keys: jobKeys,
        logsKey,
        logDays: config.retention.logDays,
        oldReportDays: config.retention.oldReportDays,
        isWatched: isWatched(job.name, jobs),
        removal: removalPolicyFor(config.retention.onDelete),
      });
    }
  }

  #computeEnvironment(id: string, of: { spot: boolean; network: NetworkStack; config: KeyturnConfig }): FargateComputeEnvironment {
    const { subnets, securityGroup } = of.network.tenants.jobs;
    return new FargateComputeEnvironment(this, id, {
      vpc: of.network.vpc,
      vpcSubnets: { subnets: [...subnets] },
      securityGroups: [securityGroup],
      spot: of.spot,
      maxvCpus: of.config.limits.vcpus,
      replaceComputeEnvironment: false,
    });
  }

  #queue(name: string, environments: readonly FargateComputeEnvironment[], config: KeyturnConfig): void {
    // A job that cannot start must end while its credentials still live, and not wait for ever.
    const stuck = [
      JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
      JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
      JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT,
    ];
    new JobQueue(this, `${name}-queue`, {
      jobQueueName: name,
      priority: 1,
      computeEnvironments: environments.map((computeEnvironment, order) => ({ computeEnvironment, order: order + 1 })),
      jobStateTimeLimitActions: stuck.map((reason) => ({
        reason,
        maxTime: Duration.seconds(config.limits.queueSeconds),
        state: JobStateTimeLimitActionsState.RUNNABLE,
        action: JobStateTimeLimitActionsAction.CANCEL,
      })),
    });
  }
}
