// Checks an order against the catalogue once more, re-addresses the sealed credentials to the job's own key, and writes the SubmitJob request.

import { encryptionContext, formatEnvelope, parseEnvelope, rewrap } from "../../core/envelope.ts";
import { KeyturnError } from "../../core/errors.ts";
import { batchJobName, launchVariables, refusedExitCode } from "../../core/naming.ts";
import { assertOrderIntact, type Order } from "../../core/order.ts";
import { composeOrder, type DeployedJob } from "../../jobs/compose-order.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import type { Rewrap } from "../relay.ts";

/** A deployed job with the key that only its launcher can use. */
export interface SubmittableJob extends DeployedJob {
  readonly jobKey: string;
}

/** Batch's SubmitJob request, in the spelling that Step Functions' integration takes. */
export interface Submission {
  readonly JobName: string;
  readonly JobDefinition: string;
  readonly JobQueue: string;
  readonly ContainerOverrides: {
    readonly Command: readonly string[];
    readonly Environment: readonly { readonly Name: string; readonly Value: string }[];
  };
  readonly Timeout: { readonly AttemptDurationSeconds: number };
  readonly RetryStrategy: {
    readonly Attempts: number;
    readonly EvaluateOnExit: readonly { readonly OnExitCode: string; readonly Action: "EXIT" | "RETRY" }[];
  };
  readonly Tags: Readonly<Record<string, string>>;
}

export interface AuthorizeSubmissionInput {
  readonly order: Order;
  /** The envelope that `RetrieveCredentials` sealed. */
  readonly credentials: unknown;
  /** When they end, as `RetrieveCredentials` said; KMS does not open them for any other time. */
  readonly expiresAt: unknown;
}

export interface AuthorizeSubmissionDependencies {
  readonly catalogue: readonly JobDefinition[];
  readonly plan: Readonly<Record<string, SubmittableJob>>;
  readonly rewrap: Rewrap;
  readonly credentialsKey: string;
}

/** Throws `OrderMismatch`, `EnvelopeUnopenable`, `SubmissionTooLarge`. */
export async function authorizeSubmission(
  { order, credentials, expiresAt }: AuthorizeSubmissionInput,
  dependencies: AuthorizeSubmissionDependencies,
): Promise<{ readonly submission: Submission }> {
  assertOrderIntact(order);
  const { jobKey } = checkAgainstCatalogue(order, dependencies);
  const { run, job, digest } = order;
  const until = typeof expiresAt === "string" && expiresAt !== "" ? expiresAt : "not said";
  const envelope = parseEnvelope(typeof credentials === "string" ? credentials : "");
  const wrappedKey = await dependencies.rewrap(
    envelope.wrappedKey,
    { keyArn: dependencies.credentialsKey, context: encryptionContext.jobCredentials({ run, digest, until }) },
    { keyArn: jobKey, context: encryptionContext.launch({ run, job, digest }) },
  );
  const submission = composeSubmission(order, formatEnvelope(rewrap(envelope, wrappedKey)));
  assertFits(submission, order);
  return { submission };
}

/** Composes the order anew from the catalogue and what is deployed; every member that differs is named. */
function checkAgainstCatalogue(order: Order, { catalogue, plan }: AuthorizeSubmissionDependencies): SubmittableJob {
  const job = catalogue.find(({ name }) => name === order.job);
  const deployed = Object.hasOwn(plan, order.job) ? plan[order.job] : undefined;
  if (job === undefined || deployed === undefined) throw mismatch(order, [`job ${order.job} is not in the catalogue that is deployed`]);
  if (!job.admins.includes(order.admin)) throw mismatch(order, [`${order.admin} may not launch ${job.name}`]);
  const parsed = job.parameters.safeParse(order.parameters);
  if (!parsed.success) throw mismatch(order, [`the parameters are not ones that ${job.name} takes`]);

  const { run, admin, parameters, reason } = order;
  const expected = composeOrder(job, { run, admin, parameters, reason, startedAtMs: 0, deployed });
  // When credentials would have ended was a statement about admission, and the digest is that of the order's own contents.
  const compared = { ...order, credentialsWouldEndAt: expected.credentialsWouldEndAt, digest: expected.digest };
  const differing = (Object.keys(expected) as (keyof Order)[]).filter(
    (member) => JSON.stringify(expected[member]) !== JSON.stringify(compared[member]),
  );
  if (differing.length > 0) throw mismatch(order, [`${differing.join(", ")} differ from what the catalogue gives for ${job.name}`]);
  return deployed;
}

const mismatch = ({ run }: Order, faults: readonly string[]): KeyturnError =>
  new KeyturnError("OrderMismatch", `Run ${run}: the order is not what would be admitted now: ${faults.join("; ")}. Start a new run.`, {
    facts: { faults },
  });

function composeSubmission(order: Order, envelope: string): Submission {
  const { command, run, job, admin, parameters, jobDefinition } = order;
  return {
    JobName: batchJobName({ job, run }),
    JobDefinition: jobDefinition,
    JobQueue: order.jobQueue,
    ContainerOverrides: {
      Command: command,
      Environment: [
        { Name: launchVariables.order, Value: JSON.stringify({ run, job, admin, parameters, jobDefinition }) },
        { Name: launchVariables.envelope, Value: envelope },
      ],
    },
    Timeout: { AttemptDurationSeconds: order.timeoutSeconds },
    RetryStrategy: {
      Attempts: order.attempts,
      // What matches nothing is tried again: a failed program as well as a host or Spot capacity that was lost. A launcher that refuses would
      // refuse again, and whoever watches should hear of it at once.
      EvaluateOnExit: [{ OnExitCode: String(refusedExitCode), Action: "EXIT" }],
    },
    Tags: { "keyturn:run": run, "keyturn:job": job, "keyturn:admin": admin },
  };
}

/** Of ECS, which runs the job: the overrides as JSON text. */
const overridesMaxLength = 8_192;
/** Of Batch: the whole request. */
const requestMaxBytes = 30 * 1024;

function assertFits(submission: Submission, { run }: Order): void {
  const overrides = JSON.stringify(submission.ContainerOverrides).length;
  const bytes = Buffer.byteLength(JSON.stringify(submission), "utf8");
  const over =
    overrides > overridesMaxLength
      ? `the container overrides have ${overrides} characters, and ECS takes ${overridesMaxLength}`
      : bytes > requestMaxBytes
        ? `the request has ${bytes} bytes, and AWS Batch takes ${requestMaxBytes}`
        : undefined;
  if (over === undefined) return;
  throw new KeyturnError("SubmissionTooLarge", `Run ${run}: nothing was submitted: ${over}. Start a new run with shorter parameters.`, {
    facts: { overrides, bytes },
  });
}
