// Decides whether what the container was given is what a person approved, and if so what the job's program is started with.

import { type EncryptionContext, encryptionContext, open, parseEnvelope } from "../../core/envelope.ts";
import { KeyturnError } from "../../core/errors.ts";
import { launchVariables } from "../../core/naming.ts";
import { orderDigest } from "../../core/order.ts";
import { parseOrderSubject } from "../../core/order-form.ts";
import { decodeCredentials } from "../../core/short-lived-credentials.ts";
import { type ContainerEnvironment, required, type Surroundings, surroundings, withoutSharedFiles } from "./surroundings.ts";

export interface LaunchInput {
  /** The container's command, exactly as Batch gave it. */
  readonly command: readonly string[];
  readonly environment: ContainerEnvironment;
  /** The job that this image was built for. */
  readonly imageJob: string;
}

export interface LaunchDependencies {
  /** KMS Decrypt of a wrapped data key with the job's key; throws `EnvelopeUnopenable` if KMS refuses this context. */
  readonly unwrap: (wrappedKey: Uint8Array, of: Surroundings & { context: EncryptionContext }) => Promise<Uint8Array>;
  readonly nowMs: number;
}

export interface Launch {
  readonly run: string;
  readonly arguments: readonly string[];
  /** Built from scratch: of the container's environment nothing but the emulator's endpoint. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What any program gets. It has no home: no file there is one of ours, and the root file system is read-only. */
const fixed = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/nonexistent",
  LANG: "C.UTF-8",
  TZ: "UTC",
  ...withoutSharedFiles,
} as const;

/** Throws `OrderMismatch` or `EnvelopeUnopenable` where order, image, command and envelope do not belong together. */
export async function launch(input: LaunchInput, { unwrap, nowMs }: LaunchDependencies): Promise<Launch> {
  const { command, environment, imageJob } = input;
  const order = parseOrderSubject({ ...json(required(environment, launchVariables.order)), command });
  const { run, job } = order;
  if (job !== imageJob) {
    throw new KeyturnError("OrderMismatch", `Run ${run}: the order is for job ${job}, but this image runs ${imageJob}. Start a new run.`);
  }
  const digest = orderDigest(order);
  const envelope = parseEnvelope(required(environment, launchVariables.envelope));
  const place = surroundings(environment, job);
  const dataKey = await unwrap(envelope.wrappedKey, { ...place, context: encryptionContext.launch({ run, job, digest }) });
  try {
    const credentials = decodeCredentials(open(envelope, { dataKey, binding: { run, digest } }), run);
    if (Date.parse(credentials.expiration) <= nowMs) {
      throw new KeyturnError(
        "EnvelopeUnopenable",
        `Run ${run}: the job's credentials ended at ${credentials.expiration}, before the job began. Replay the run with a new code.`,
      );
    }
    return {
      run,
      arguments: command,
      environment: {
        ...fixed,
        AWS_REGION: place.region,
        ...(place.endpoint === undefined ? {} : { AWS_ENDPOINT_URL: place.endpoint }),
        KEYTURN_BUCKET: place.bucket,
        KEYTURN_RUN: run,
        KEYTURN_JOB: job,
        KEYTURN_ADMIN: order.admin,
        KEYTURN_PARAMETERS: JSON.stringify(order.parameters),
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
      },
    };
  } finally {
    dataKey.fill(0);
  }
}

function json(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through: not JSON and not an object are one fault.
  }
  throw new KeyturnError("OrderMismatch", `${launchVariables.order} is no JSON object: this container was not submitted by Keyturn.`);
}
