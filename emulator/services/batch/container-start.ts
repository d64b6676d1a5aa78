// What a container sees and what it runs: the image's recipe with the job's command and variables over it.

import { constants } from "node:os";
import { dirname } from "node:path";
import { notImplemented } from "../../aws-error.ts";
import type { StagedImage } from "../../processes/container-image.ts";
import { type ContainerProgram, containerProgram } from "../../processes/container-program.ts";
import type { ComputeEnvironment } from "./batch-resources.ts";
import type { Job } from "./job.ts";

/** The number that a shell adds to 128 when a process ends by a signal. */
export const signalNumbers: Readonly<Record<NodeJS.Signals, number>> = constants.signals;

/** The container's whole environment: image, definition, overrides, then what Batch sets. */
export function containerEnvironment(
  { submission, attempts }: Job,
  of: { image: StagedImage; on: ComputeEnvironment; endpointUrl: string; roleVariables: Readonly<Record<string, string>> },
): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: of.image.homeFolder,
    ...of.image.recipe.environment,
    ...submission.container.environment,
    AWS_BATCH_CE_NAME: of.on.name,
    AWS_BATCH_JOB_ATTEMPT: String(attempts.length + 1),
    AWS_BATCH_JOB_ID: submission.jobId,
    AWS_BATCH_JQ_NAME: submission.queue.name,
    AWS_ENDPOINT_URL: of.endpointUrl,
    ...of.roleVariables,
  };
}

/** The image's entry point with the job's command as its arguments. */
export function programOf({ recipe }: StagedImage, command: readonly string[]): ContainerProgram {
  const words = [...recipe.entryPoint, ...(command.length > 0 ? command : recipe.command)];
  const program = containerProgram(words);
  if (program === undefined) throw notImplemented(`A container that starts ${words[0] ?? "nothing"}, without a container engine,`);
  return program;
}
