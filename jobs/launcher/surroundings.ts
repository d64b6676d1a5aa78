// Where the job is, read off the one thing that KMS confirms: whatever else a submission may have put into the environment decides nothing.

import { KeyturnError } from "../../core/errors.ts";
import { jobBucketName } from "../../core/naming.ts";

export type ContainerEnvironment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  /** The job's key. A wrong one opens nothing, so what is read off it is right once KMS has opened the envelope. */
  readonly keyArn: string;
  readonly region: string;
  /** The job's own bucket. */
  readonly bucket: string;
  /** The local emulator; AWS sets none. */
  readonly endpoint?: string;
}

const keyArnForm = /^arn:aws[a-z-]*:kms:(?<region>[a-z0-9-]+):(?<account>\d{12}):key\/[A-Za-z0-9-]+$/;

/** Throws `OrderMismatch` where the environment lacks the job's key, or would send calls to somebody else. */
export function surroundings(environment: ContainerEnvironment, job: string): Surroundings {
  const keyArn = required(environment, "KEYTURN_JOB_KEY");
  const { region, account } = keyArnForm.exec(keyArn)?.groups ?? {};
  if (region === undefined || account === undefined) {
    throw new KeyturnError("OrderMismatch", "KEYTURN_JOB_KEY is no key's ARN: this container was not submitted by Keyturn.");
  }
  const endpoint = ownEndpoint(environment);
  return { keyArn, region, bucket: jobBucketName(job, { account, region }), ...(endpoint === undefined ? {} : { endpoint }) };
}

/** Throws `OrderMismatch`, naming the variable. */
export function required(environment: ContainerEnvironment, name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new KeyturnError("OrderMismatch", `${name} is not set: this container was not submitted by Keyturn. Start a run with keyturn run.`);
}

/** Whether a host is this machine by its very name, so that no resolver is asked. */
export const isLoopback = (hostname: string): boolean => /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname);

/** An endpoint's name does not say whose it is, and signed calls would go to it: so only this machine's own, where nobody but the emulator listens. */
function ownEndpoint(environment: ContainerEnvironment): string | undefined {
  for (const [name, value] of Object.entries(environment)) {
    if (!value || !/^AWS_ENDPOINT_URL(_|$)/i.test(name)) continue;
    const url = URL.parse(value);
    if (name === "AWS_ENDPOINT_URL" && url?.protocol === "http:" && isLoopback(url.hostname)) continue;
    throw new KeyturnError(
      "OrderMismatch",
      `${name} would send this job's signed calls out of the container: only the local emulator sets AWS_ENDPOINT_URL, to an address of its own machine. Submit the job without it.`,
    );
  }
  return environment["AWS_ENDPOINT_URL"] || undefined;
}

/**
 * What the AWS SDK would else look for in files; a file that a submission can write is its own environment, `/proc/self/environ`.
 * Source: "Shared config and credentials files", AWS SDKs and Tools Reference Guide.
 */
export const withoutSharedFiles = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" } as const;

/** Takes every variable out of `processEnvironment`, also for the C library, and gives what it held. */
export function takeEnvironment(processEnvironment: NodeJS.ProcessEnv): ContainerEnvironment {
  const taken = { ...processEnvironment };
  for (const name of Object.keys(taken)) delete processEnvironment[name];
  Object.assign(processEnvironment, withoutSharedFiles);
  return taken;
}
