// The processes of one finished job, started again as Batch started them but without Batch, workflow and functions around them.

import { BatchClient, DescribeComputeEnvironmentsCommand } from "@aws-sdk/client-batch";
import { launcherRoleName } from "../core/naming.ts";
import { ChildProcesses } from "../emulator/processes/child-processes.ts";
import { ContainerCredentials } from "../emulator/processes/container-credentials.ts";
import { ContainerImages } from "../emulator/processes/container-image.ts";
import { programOf } from "../emulator/services/batch/container-start.ts";
import type { Emulator } from "../emulator/start.ts";
import { bundle } from "../infra/bundles.ts";
import config from "../keyturn.config.ts";
import { account, job } from "./watched-account.ts";

export interface JobProcess {
  /** Launcher and program, from start to end; their output is read and dropped. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/** @param jobId - of a job that has succeeded */
export async function jobProcessOf(jobId: string, emulator: Emulator): Promise<JobProcess> {
  const container = emulator.batch.describe(jobId)?.container;
  if (container === undefined) throw new Error(`Batch knows no job ${jobId}`);
  const [processes, images, credentials] = [new ChildProcesses(), new ContainerImages(), new ContainerCredentials()];
  const image = await images.stage((await bundle([job])).image(job));
  const program = programOf(image, container.command ?? []);
  const networkInterface = await attach(emulator);
  const endpoint = await emulator.gateway.endpointFor(networkInterface);
  const roleArn = `arn:aws:iam::${account}:role/${launcherRoleName(job)}`;
  const sourceArn = `arn:aws:ecs:${config.region}:${account}:task/bench/0123456789abcdef`;
  const session = await emulator.roles.assumeAsService({ service: "ecs-tasks.amazonaws.com", roleArn, sessionName: "bench", sourceArn });
  const { variables } = await credentials.open({ roleArn, session: async () => session });
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: image.homeFolder,
    ...image.recipe.environment,
    ...Object.fromEntries((container.environment ?? []).map(({ name = "", value = "" }) => [name, value])),
    AWS_ENDPOINT_URL: endpoint.url,
    ...variables,
  };
  return {
    async run() {
      const child = await processes.start({ ...program, environment, folder: image.workingFolder });
      const errors: Buffer[] = [];
      child.stdout.resume();
      child.stderr.on("data", (piece: Buffer) => errors.push(piece));
      const { code } = await child.ended;
      if (code !== 0) throw new Error(`the job's process ended with ${code}: ${Buffer.concat(errors).toString("utf8")}`);
    },
    async stop() {
      await processes.stop();
      await credentials.stop();
      await endpoint.close();
      await images.stop();
    },
  };
}

/** Where Batch would place it. */
async function attach({ gateway, administrator, network }: Emulator) {
  const batch = new BatchClient(gateway.clientOptions(administrator));
  const { computeEnvironments = [] } = await batch.send(new DescribeComputeEnvironmentsCommand());
  const [resources] = computeEnvironments.flatMap(({ computeResources }) => computeResources ?? []);
  const [subnetId = ""] = resources?.subnets ?? [];
  return network.attach(subnetId, resources?.securityGroupIds ?? []);
}
