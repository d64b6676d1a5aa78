// Decides whether what the container was given is what a person approved, and if so what the job's program is started with.

import { type EncryptionContext, encryptionContext, open, parseEnvelope } from "../../core/envelope.ts";
import { KeyturnError } from "../../core/errors.ts";
import { launchVariables } from "../../core/naming.ts";
import { orderDigest } from "../../core/order.ts";
import { parseOrderSubject } from "../../core/order-form.ts";
import { decodeCredentials } from "../../core/short-lived-credentials.ts";

export interface LaunchInput {
  /** The container's command, exactly as Batch gave it. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The job that this image was built for. */
  readonly imageJob: string;
}

export interface LaunchDependencies {
  /** KMS Decrypt of a wrapped data key with the job's key; throws `EnvelopeUnopenable` if KMS refuses this context. */
  readonly unwrap: (wrappedKey: Uint8Array, of: { keyArn: string; context: EncryptionContext }) => Promise<Uint8Array>;
  readonly nowMs: number;
}

export interface Launch {
  readonly run: string;
  readonly arguments: readonly string[];
  /** Built from scratch: nothing of the launcher's environment but what is named here. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Of the container's own environment the program gets these and no others; above all not where the launcher's credentials come from. */
const passedOn = ["PATH", "HOME", "TZ", "LANG", "AWS_REGION", "AWS_ENDPOINT_URL", "KEYTURN_BUCKET"];

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
  const keyArn = required(environment, "KEYTURN_JOB_KEY");
  const dataKey = await unwrap(envelope.wrappedKey, { keyArn, context: encryptionContext.launch({ run, job, digest }) });
  try {
    const credentials = decodeCredentials(open(envelope, { dataKey, binding: { run, digest } }), run);
    if (Date.parse(credentials.expiration) <= nowMs) {
      throw new KeyturnError(
        "EnvelopeUnopenable",
        `Run ${run}: the job's credentials ended at ${credentials.expiration}, before the job began. Replay the run with a new code.`,
      );
    }
    const kept = passedOn.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]] as const]));
    return {
      run,
      arguments: command,
      environment: {
        ...Object.fromEntries(kept),
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

function required(environment: LaunchInput["environment"], name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new KeyturnError("OrderMismatch", `${name} is not set: this container was not submitted by Keyturn. Start a run with keyturn run.`);
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
