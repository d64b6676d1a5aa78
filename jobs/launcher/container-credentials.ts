// The launcher's own credentials, from the container's credentials endpoint and nowhere else: not from an environment that a submission may set.

import * as z from "zod/mini";
import { type ContainerEnvironment, isLoopback } from "./surroundings.ts";

/** Where ECS answers `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`. */
const ecsEndpoint = "http://169.254.170.2";

const Reply = z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), Token: z.string() });

export interface ContainerCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Source: "Container credential provider", AWS SDKs and Tools Reference Guide. Throws a plain Error, after which Batch may try again.
 */
export async function containerCredentials(environment: ContainerEnvironment): Promise<ContainerCredentials> {
  const url = credentialsUrl(environment);
  const token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const reply = await fetch(url, { headers: token === undefined ? {} : { authorization: token }, signal: AbortSignal.timeout(5_000) });
  if (!reply.ok)
    throw new Error(`The container's credentials endpoint answered ${reply.status}; its job role may lack a trust for ECS tasks.`);
  const parsed = Reply.safeParse(await reply.json());
  if (!parsed.success) throw new Error("The container's credentials endpoint answered without credentials.");
  const { AccessKeyId, SecretAccessKey, Token } = parsed.data;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}

/** Beside loopback: the addresses at which ECS and EKS answer. */
const ownHosts = ["169.254.170.2", "169.254.170.23"];

function credentialsUrl(environment: ContainerEnvironment): URL {
  const relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const given = relative || environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (!given) throw new Error("This container has no credentials endpoint: its job definition lacks a job role.");
  const url = new URL(given, relative ? ecsEndpoint : undefined);
  if (url.protocol === "http:" && (isLoopback(url.hostname) || ownHosts.includes(url.hostname))) return url;
  throw new Error("The credentials endpoint leads out of this container; only its own is asked.");
}
