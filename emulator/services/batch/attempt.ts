// One attempt of a job: everything Fargate does between "start this task" and "its container has exited", each under the right role.

import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Timer } from "../../clock.ts";
import { type Child, type ChildProcesses, type Exit, StartFailure } from "../../processes/child-processes.ts";
import type { ContainerCredentials, CredentialsEndpoint } from "../../processes/container-credentials.ts";
import type { ContainerImages, StagedImage } from "../../processes/container-image.ts";
import { LogStream } from "../../processes/log-stream.ts";
import type { NetworkInterface, Subnets } from "../../processes/network-interface.ts";
import { readLines } from "../../processes/output-lines.ts";
import type { Environment, Gateway, Origin, RoleSession, ServiceRoles } from "../../service.ts";
import type { ComputeEnvironment } from "./batch-resources.ts";
import { containerEnvironment, programOf, signalNumbers } from "./container-start.ts";
import { assertImagePull, ImagePullRefused } from "./image-pull.ts";
import type { AttemptEnd, Job } from "./job.ts";

export interface AttemptDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly subnets: Subnets;
  readonly processes: ChildProcesses;
  readonly images: ContainerImages;
  readonly credentials: ContainerCredentials;
  /** The build context behind an image URI; `undefined` where no such image was published. */
  contextOf(imageUri: string): string | undefined;
  /** Told of log events that the execution role could not deliver once the container ran. */
  readonly onLogLost?: (lost: { jobId: string; events: number; error: Error }) => void;
}

/** The task could not be started; `statusReason` says why in Fargate's words. */
class NotStarted extends Error {
  readonly containerReason: string | undefined;

  constructor(statusReason: string, of: { containerReason?: string; cause?: unknown } = {}) {
    super(statusReason, { cause: of.cause });
    this.containerReason = of.containerReason;
  }
}

/** ECS gives a container half a minute between the request to end and the end. */
const stopTimeoutMs = 30_000;
/** A job role's session is renewed this long before its end. */
const renewalMs = 5 * 60_000;
const longestOverrides = 8192;

export class Attempt {
  readonly #job: Job;
  readonly #on: ComputeEnvironment;
  readonly #dependencies: AttemptDependencies;
  readonly #taskId: string;
  readonly #taskArn: string;
  readonly #undo: (() => void | Promise<void>)[] = [];
  #ending: AttemptEnd | undefined;
  #child: Child | undefined;
  #kill: Timer | undefined;

  constructor(job: Job, on: ComputeEnvironment, dependencies: AttemptDependencies) {
    const { environment } = dependencies;
    this.#job = job;
    this.#on = on;
    this.#dependencies = dependencies;
    this.#taskId = environment.uuid().replaceAll("-", "");
    this.#taskArn = `arn:aws:ecs:${environment.region}:${environment.account}:task/AWSBatch-${on.name}/${this.#taskId}`;
  }

  /** Runs the container to its end. Never rejects for what a job may do; what AWS reports is in the answer. */
  async run(): Promise<AttemptEnd> {
    const job = this.#job;
    job.attempt = { taskArn: this.#taskArn, networkInterfaces: [] };
    job.terminate = (reason) => this.#end({ statusReason: reason, isFinal: true });
    try {
      const { child, log } = await this.#start();
      const exit = await child.ended;
      await log.flushed();
      return this.#outcome(exit);
    } catch (error) {
      if (error instanceof NotStarted) {
        const reason = error.containerReason;
        return { ...(this.#ending ?? { statusReason: error.message }), ...(reason === undefined ? {} : { reason }) };
      }
      throw error;
    } finally {
      this.#kill?.cancel();
      job.terminate = undefined;
      for (const undo of this.#undo.reverse()) await undo();
    }
  }

  async #start(): Promise<{ child: Child; log: LogStream }> {
    const { submission } = this.#job;
    const { environment, gateway, subnets, processes } = this.#dependencies;
    const { container } = submission;
    if (submission.overridesLength > longestOverrides)
      throw new NotStarted(`Container Overrides length must be at most ${longestOverrides}`);
    const execution = await this.#assume(container.executionRoleArn);
    const roleVariables = await this.#roleCredentials(container.jobRoleArn);
    const networkInterface = this.#attach(subnets);
    const origin = { vpc: networkInterface, sourceIp: networkInterface.ip };
    const image = await this.#pull(execution, origin);
    const { log, name } = await this.#log(execution, origin);
    const endpoint = await gateway.endpointFor(networkInterface);
    this.#undo.push(() => endpoint.close());
    if (this.#ending !== undefined) throw new NotStarted(this.#ending.statusReason);
    const variables = containerEnvironment(this.#job, { image, on: this.#on, endpointUrl: endpoint.url, roleVariables });
    const program = programOf(image, container.command);
    const child = await processes
      .start({ ...program, environment: variables, folder: image.workingFolder })
      .catch((cause) => this.#notStarted(cause));
    this.#child = child;
    const startedAtMs = environment.clock.now();
    this.#job.attempt = { ...(this.#job.attempt ?? { taskArn: this.#taskArn, networkInterfaces: [] }), logStreamName: name, startedAtMs };
    this.#job.startedAtMs = startedAtMs;
    for (const stream of [child.stdout, child.stderr]) readLines(stream, (line) => log.write(environment.clock.now(), line));
    this.#limit(startedAtMs);
    this.#job.moveTo("RUNNING");
    return { child, log };
  }

  #notStarted(cause: unknown): never {
    if (!(cause instanceof StartFailure)) throw cause;
    throw new NotStarted("Task failed to start", { containerReason: `CannotStartContainerError: ${cause.message}`, cause });
  }

  async #assume(roleArn: string): Promise<RoleSession> {
    try {
      return await this.#dependencies.roles.assumeAsService({
        service: "ecs-tasks.amazonaws.com",
        roleArn,
        sessionName: this.#taskId,
        sourceArn: this.#taskArn,
      });
    } catch (cause) {
      throw new NotStarted(
        `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
        { cause },
      );
    }
  }

  async #roleCredentials(roleArn: string | undefined): Promise<Partial<CredentialsEndpoint["variables"]>> {
    if (roleArn === undefined) return {};
    const { clock } = this.#dependencies.environment;
    let session = await this.#assume(roleArn);
    const endpoint = await this.#dependencies.credentials.open({
      roleArn,
      session: async () => {
        if (session.expiresAtMs - clock.now() < renewalMs) session = await this.#assume(roleArn);
        return session;
      },
    });
    this.#undo.push(() => endpoint.close());
    return endpoint.variables;
  }

  #attach(subnets: Subnets): NetworkInterface {
    const [subnetId = ""] = this.#on.subnetIds;
    let networkInterface: NetworkInterface;
    try {
      networkInterface = subnets.attach(subnetId, this.#on.securityGroupIds);
    } catch (cause) {
      throw new NotStarted(`ResourceInitializationError: failed to configure ENI: ${(cause as Error).message}`, { cause });
    }
    this.#undo.push(() => networkInterface.release());
    const attachmentId = this.#dependencies.environment.uuid();
    this.#job.attempt = { taskArn: this.#taskArn, networkInterfaces: [{ attachmentId, privateIpv4Address: networkInterface.ip }] };
    return networkInterface;
  }

  async #pull(execution: RoleSession, origin: Origin): Promise<StagedImage> {
    const { environment, gateway, images, contextOf } = this.#dependencies;
    const { image } = this.#job.submission.container;
    try {
      await assertImagePull(image, { environment, gateway, session: execution, origin });
    } catch (cause) {
      if (!(cause instanceof ImagePullRefused)) throw cause;
      throw new NotStarted(cause.message, { cause, ...(cause.isContainers ? { containerReason: cause.message } : {}) });
    }
    const context = contextOf(image);
    if (context === undefined) {
      const containerReason = `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`;
      throw new NotStarted("Task failed to start", { containerReason });
    }
    return images.stage(context);
  }

  /** The log driver opens its stream before the container starts; without it the container does not start. */
  async #log(execution: RoleSession, origin: Origin): Promise<{ log: LogStream; name: string }> {
    const { submission } = this.#job;
    const options = submission.container.logOptions;
    const client = new CloudWatchLogsClient(this.#dependencies.gateway.clientOptions(execution, origin));
    const logGroupName = options["awslogs-group"] ?? "/aws/batch/job";
    const name = `${options["awslogs-stream-prefix"] ?? submission.definition.name.slice(0, 200)}/default/${this.#taskId}`;
    try {
      if (options["awslogs-create-group"] === "true") {
        await client.send(new CreateLogGroupCommand({ logGroupName })).catch((error: Error) => {
          if (error.name !== "ResourceAlreadyExistsException") throw error;
        });
      }
      await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName: name }));
    } catch (cause) {
      const { name: error, message } = cause as Error;
      throw new NotStarted(
        `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${error}: ${message} : exit status 1`,
        { cause },
      );
    }
    const log = new LogStream({
      client: () => client,
      group: logGroupName,
      stream: name,
      createsGroup: false,
      onLost: (error, events) => this.#dependencies.onLogLost?.({ jobId: submission.jobId, events, error }),
    });
    return { log, name };
  }

  #limit(startedAtMs: number): void {
    const { timeoutSeconds } = this.#job.submission;
    if (timeoutSeconds === undefined) return;
    const limit = this.#dependencies.environment.clock.at(startedAtMs + timeoutSeconds * 1000, () =>
      this.#end({ statusReason: "Job attempt duration exceeded timeout", isFinal: true }),
    );
    this.#undo.push(() => limit.cancel());
  }

  /** Asks the container to end, and ends it half a minute later. */
  #end(end: AttemptEnd): void {
    if (this.#ending !== undefined) return;
    this.#ending = end;
    const { clock } = this.#dependencies.environment;
    this.#child?.kill("SIGTERM");
    this.#kill = clock.at(clock.now() + stopTimeoutMs, () => this.#child?.kill("SIGKILL"));
  }

  #outcome({ code, signal }: Exit): AttemptEnd {
    const exitCode = code ?? 128 + signalNumbers[signal ?? "SIGKILL"];
    return { statusReason: "Essential container in task exited", ...this.#ending, exitCode };
  }
}
