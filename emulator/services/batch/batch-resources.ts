// The account's compute environments, job queues and job definitions.

import type { RetryStrategy } from "@aws-sdk/client-batch";
import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";

export interface ComputeEnvironment {
  readonly name: string;
  readonly arn: string;
  readonly type: "FARGATE" | "FARGATE_SPOT";
  readonly isEnabled: boolean;
  readonly maxvCpus: number;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Ends jobs that stand at the head of the queue and cannot start. */
interface TimeLimitAction {
  /** `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`, `MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE`, … */
  readonly reason: string;
  readonly maxTimeSeconds: number;
}

export interface JobQueue {
  readonly name: string;
  readonly arn: string;
  readonly isEnabled: boolean;
  readonly priority: number;
  /** ARNs, in the order in which they are tried. */
  readonly computeEnvironments: readonly string[];
  readonly timeLimitActions: readonly TimeLimitAction[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface ContainerProperties {
  readonly image: string;
  readonly command: readonly string[];
  readonly jobRoleArn?: string;
  readonly executionRoleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly logOptions: Readonly<Record<string, string>>;
  /** Members that change nothing here and are shown as they were given. */
  readonly shown: Readonly<Record<string, unknown>>;
}

export interface JobDefinition {
  readonly name: string;
  readonly revision: number;
  /** Revision included. */
  readonly arn: string;
  readonly container: ContainerProperties;
  readonly timeoutSeconds?: number;
  readonly retryStrategy: RetryStrategy;
  readonly propagateTags: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** The words Batch puts before every message of its own. */
export const clientException = (message: string): AwsError =>
  new AwsError("ClientException", `Error executing request, Exception : ${message}`);

const lastSegment = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.indexOf("/") + 1);

export class BatchResources {
  readonly computeEnvironments = new Map<string, ComputeEnvironment>();
  readonly jobQueues = new Map<string, JobQueue>();
  readonly #definitions = new Map<string, JobDefinition[]>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  arn(resource: string): string {
    return `arn:aws:batch:${this.#environment.region}:${this.#environment.account}:${resource}`;
  }

  addComputeEnvironment(of: Omit<ComputeEnvironment, "arn">): ComputeEnvironment {
    if (this.computeEnvironments.has(of.name)) throw clientException("Object already exists");
    const added = { ...of, arn: this.arn(`compute-environment/${of.name}`) };
    this.computeEnvironments.set(of.name, added);
    return added;
  }

  addJobQueue(of: Omit<JobQueue, "arn">): JobQueue {
    if (this.jobQueues.has(of.name)) throw clientException("Object already exists");
    for (const name of of.computeEnvironments) this.computeEnvironment(name);
    const added = { ...of, arn: this.arn(`job-queue/${of.name}`) };
    this.jobQueues.set(of.name, added);
    return added;
  }

  /** Adds the next revision of the definition's name. */
  registerJobDefinition(of: Omit<JobDefinition, "arn" | "revision">): JobDefinition {
    const revisions = this.#definitions.get(of.name) ?? [];
    const revision = revisions.length + 1;
    const added = { ...of, revision, arn: this.arn(`job-definition/${of.name}:${revision}`) };
    this.#definitions.set(of.name, [...revisions, added]);
    return added;
  }

  computeEnvironment(nameOrArn: string): ComputeEnvironment {
    const found = this.computeEnvironments.get(lastSegment(nameOrArn));
    if (found === undefined) throw clientException(`${nameOrArn} does not exist`);
    return found;
  }

  jobQueue(nameOrArn: string): JobQueue {
    const found = this.jobQueues.get(lastSegment(nameOrArn));
    if (found === undefined) throw clientException(`JobQueue ${nameOrArn} does not exist`);
    return found;
  }

  /** By name, name and revision, or ARN; the newest where no revision is given. */
  jobDefinition(nameOrArn: string): JobDefinition {
    const [name = "", revision] = lastSegment(nameOrArn).split(":");
    const revisions = this.#definitions.get(name) ?? [];
    const found = revision === undefined ? revisions.at(-1) : revisions[Number(revision) - 1];
    if (found === undefined) throw clientException(`JobDefinition ${nameOrArn} does not exist`);
    return found;
  }

  /** The ARN that a request for the definition is authorised against: with a revision only where the request names one. */
  jobDefinitionRequestArn(nameOrArn: string): string {
    return nameOrArn.startsWith("arn:") ? nameOrArn : this.arn(`job-definition/${nameOrArn}`);
  }

  jobQueueRequestArn(nameOrArn: string): string {
    return nameOrArn.startsWith("arn:") ? nameOrArn : this.arn(`job-queue/${nameOrArn}`);
  }

  jobDefinitions(): readonly JobDefinition[] {
    return [...this.#definitions.values()].flat();
  }
}
