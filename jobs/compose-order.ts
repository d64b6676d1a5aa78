// The one way from a job, its parameters and what is deployed to an order; admission composes it, authorisation composes it again and compares.

import { credentialSecondsFor, type Order, type OrderSubject, orderDigest, type ParameterValue } from "../core/order.ts";
import type { JobDefinition } from "./definition.ts";

/** What the stacks made of a job; read by admission and authorisation from `KEYTURN_PLAN`. */
export interface DeployedJob {
  /** ARN, revision included. */
  readonly jobDefinition: string;
  readonly jobRole: string;
  readonly jobQueue: string;
  readonly queueSeconds: number;
}

/** `parameters` are complete: the job's schema has resolved the defaults. Times in milliseconds since the epoch. */
export function composeOrder(
  job: JobDefinition,
  of: {
    run: string;
    admin: string;
    parameters: Readonly<Record<string, ParameterValue>>;
    reason?: string | undefined;
    startedAtMs: number;
    deployed: DeployedJob;
  },
): Order {
  const { run, admin, parameters, deployed } = of;
  const { queueSeconds } = deployed;
  const { attempts, timeoutSeconds } = job;
  const credentialSeconds = credentialSecondsFor({ queueSeconds, attempts, timeoutSeconds });
  const subject: OrderSubject = {
    run,
    job: job.name,
    admin,
    parameters,
    command: job.command(parameters),
    jobDefinition: deployed.jobDefinition,
  };
  return {
    ...subject,
    ...(of.reason === undefined ? {} : { reason: of.reason }),
    jobRole: deployed.jobRole,
    jobQueue: deployed.jobQueue,
    timeoutSeconds,
    attempts,
    queueSeconds,
    credentialSeconds,
    credentialsWouldEndAt: new Date(of.startedAtMs + credentialSeconds * 1000).toISOString(),
    digest: orderDigest(subject),
  };
}
