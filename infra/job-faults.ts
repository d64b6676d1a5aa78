// What a job of the catalogue demands of the installation that is to run it, checked before anything is built.

import { jobBucketName, jobDefinitionName, jobQueueName, jobRoleName, spotJobQueueName } from "../core/naming.ts";
import { credentialSecondsFor } from "../core/order.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import type { WellFormed } from "./config.ts";
import { privateService } from "./network/private-services.ts";
import { ruleFaults, startFaults } from "./start-faults.ts";

/** vCPU → the memory sizes that Fargate offers with it, MiB: from, to, step. */
const fargateSizes: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
  0.25: [512, 2048, 512],
  0.5: [1024, 4096, 1024],
  1: [2048, 8192, 1024],
  2: [4096, 16_384, 1024],
  4: [8192, 30_720, 1024],
  8: [16_384, 61_440, 4096],
  16: [32_768, 122_880, 8192],
};

/** Of a bucket's name, in characters; CloudFormation finds out only when it makes the bucket. */
const longestBucketName = 63;
const anyAccount = "111122223333";

/** One sentence per fault: names the job, the fault and the way out. */
export const jobFaults = (config: WellFormed, jobs: readonly JobDefinition[]): string[] => [
  ...jobs.flatMap((job) => [...faultsOf(job, config), ...startFaults(job, jobs)].map((fault) => `job ${job.name}: ${fault}`)),
  ...catalogueFaults(config, jobs),
  ...ruleFaults(jobs),
];

/** Of a Lambda's environment, names and values together; Lambda finds out only when it makes the function, in the last stack. */
export const longestEnvironment = 4096;

/**
 * Bytes that the environment of authorize-submission will have at most: it holds the most per job, and only AWS knows its ids.
 * A test compares this with what is synthesised.
 */
export function environmentBytes(region: string, jobs: readonly JobDefinition[]): number {
  const at = (service: string, rest: string) => `arn:aws:${service}:${region}:${anyAccount}:${rest}`;
  const key = at("kms", "key/01234567-89ab-cdef-0123-456789abcdef");
  const plan = Object.fromEntries(
    jobs.map(({ name, spot }) => [
      name,
      {
        jobDefinition: at("batch", `job-definition/${jobDefinitionName(name)}:99999`),
        jobRole: `arn:aws:iam::${anyAccount}:role/${jobRoleName(name)}`,
        jobQueue: at("batch", `job-queue/${spot === true ? spotJobQueueName : jobQueueName}`),
        queueSeconds: 36_000,
        jobKey: key,
      },
    ]),
  );
  return "KEYTURN_CREDENTIALS_KEY".length + key.length + "KEYTURN_PLAN".length + JSON.stringify(plan).length;
}

function* catalogueFaults({ region }: WellFormed, jobs: readonly JobDefinition[]): Generator<string> {
  if (region === undefined) return;
  const bytes = environmentBytes(region, jobs);
  if (bytes > longestEnvironment) {
    yield `jobs/catalogue.ts: ${jobs.length} jobs need ${bytes} bytes of a Lambda's environment, and Lambda allows ${longestEnvironment}: shorten names, or move jobs to another installation`;
  }
}

function* faultsOf(job: JobDefinition, config: WellFormed): Generator<string> {
  for (const admin of job.admins) {
    if (config.admins && !Object.hasOwn(config.admins, admin))
      yield `its admin ${admin} is not in admins: add ${admin} there, or take ${admin} off the job`;
  }
  const actions = [...new Set(job.permissions.flatMap((permission) => permission.actions))];
  const beyond = config.boundary ? actions.filter((action) => !config.boundary?.actions.includes(action)) : [];
  if (beyond.length > 0) yield `${beyond.join(", ")} lies beyond boundary.actions: add it there if jobs may do that at all`;
  for (const service of new Set(actions.map((action) => action.split(":")[0] ?? action))) {
    const known = privateService(service);
    if (!known) {
      yield `it calls ${service}, which the isolated subnets have no endpoint for: add the service to infra/network/private-services.ts`;
    } else if (known.onlyIn !== undefined && config.region !== undefined && known.onlyIn !== config.region) {
      yield `it calls ${service}, and AWS offers that service's private endpoint only in ${known.onlyIn}: set region to ${known.onlyIn}, or drop the job`;
    }
  }
  const bucket = jobBucketName(job.name, { account: config.account ?? anyAccount, region: config.region ?? "" });
  if (bucket.length > longestBucketName) {
    const over = bucket.length - longestBucketName;
    yield `its bucket's name would have ${bucket.length} characters, and S3 allows ${longestBucketName}: shorten the job's name by ${over}`;
  }
  const memory = fargateSizes[job.vcpu];
  if (memory) {
    const [least, most, step] = memory;
    if (job.memoryMiB < least || job.memoryMiB > most || job.memoryMiB % step !== 0) {
      yield `Fargate has no ${job.memoryMiB} MiB with ${job.vcpu} vCPU: choose ${least} to ${most} in steps of ${step}`;
    }
  }
  if (!config.limits) return;
  try {
    credentialSecondsFor({ queueSeconds: config.limits.queueSeconds, attempts: job.attempts, timeoutSeconds: job.timeoutSeconds });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    yield error.message;
  }
}
