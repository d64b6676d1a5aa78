// Secrets, their versions and the staging labels that say which version is meant.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import type { SealedData } from "../../sealed-storage.ts";
import type { Environment } from "../../service.ts";

export interface SealedValue {
  readonly kind: "binary" | "string";
  readonly sealed: SealedData;
}

export interface SecretVersion {
  readonly id: string;
  /** When it got its value. */
  createdAtMs: number;
  /** Absent in a version that a rotation has begun and nobody has filled yet. */
  value?: SealedValue;
  readonly stages: Set<string>;
}

/** When a secret is rotated, as RotateSecret was told. */
export interface RotationRules {
  readonly automaticallyAfterDays?: number;
  readonly scheduleExpression?: string;
  /** `3h`. */
  readonly duration?: string;
}

/** How a secret is rotated; it stays when rotation is turned off. */
export interface SecretRotation {
  isEnabled: boolean;
  functionArn: string;
  rules: RotationRules;
  /** From where the interval counts: the last rotation, the last value that somebody wrote, or when the rules were set. */
  countsFromMs: number;
  lastRotatedAtMs?: number;
  /** The end of the window of the next rotation; in the past where that one has failed. */
  dueAtMs?: number;
}

export interface Secret {
  readonly name: string;
  /** Ends with a hyphen and six random characters. */
  readonly arn: string;
  readonly createdAtMs: number;
  readonly versions: Map<string, SecretVersion>;
  readonly tags: Map<string, string>;
  description: string;
  /** What the secret was given; absent for the AWS managed key. */
  kmsKeyId?: string;
  policy?: PolicyDocument;
  rotation?: SecretRotation;
  changedAtMs: number;
  accessedAtMs?: number;
  deletedAtMs?: number;
  /** When a deleted secret is gone for good. */
  goneAtMs?: number;
}

export const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);
export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);

const suffixAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export class Secrets {
  readonly #environment: Environment;
  readonly #secrets = new Map<string, Secret>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A secret that `add` has not yet made known. */
  draft(of: {
    name: string;
    description?: string | undefined;
    kmsKeyId?: string | undefined;
    tags: Iterable<readonly [string, string]>;
  }): Secret {
    if (!/^[\w/+=.@-]{1,512}$/.test(of.name)) {
      throw invalidParameter(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!. Don't use blanks.",
      );
    }
    if (this.find(of.name) !== undefined) {
      throw new AwsError("ResourceExistsException", `The operation failed because the secret ${of.name} already exists.`);
    }
    const now = this.#environment.clock.now();
    const suffix = [...this.#environment.randomBytes(6)].map((byte) => suffixAlphabet[byte % suffixAlphabet.length]).join("");
    return {
      name: of.name,
      arn: `${this.#arnPrefix()}${of.name}-${suffix}`,
      createdAtMs: now,
      versions: new Map(),
      tags: new Map(of.tags),
      description: of.description ?? "",
      changedAtMs: now,
      ...(of.kmsKeyId === undefined ? {} : { kmsKeyId: of.kmsKeyId }),
    };
  }

  add(secret: Secret): void {
    this.#secrets.set(secret.name, secret);
  }

  remove(secret: Secret): void {
    this.#secrets.delete(secret.name);
  }

  /** By name, ARN, or ARN without the six random characters. */
  find(id: string): Secret | undefined {
    const prefix = this.#arnPrefix();
    const local = id.startsWith(prefix) ? id.slice(prefix.length) : id;
    const secret = this.#secrets.get(local) ?? (id === local ? undefined : this.#secrets.get(local.replace(/-[A-Za-z0-9]{6}$/, "")));
    if (secret === undefined || (id !== local && local !== secret.name && id !== secret.arn)) return undefined;
    if (secret.goneAtMs === undefined || this.#environment.clock.now() < secret.goneAtMs) return secret;
    this.#secrets.delete(secret.name);
    return undefined;
  }

  get(id: string): Secret {
    const secret = this.find(id);
    if (secret === undefined) throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
  }

  /** A secret that was not deleted. */
  live(id: string): Secret {
    const secret = this.get(id);
    if (secret.deletedAtMs !== undefined) {
      throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
    }
    return secret;
  }

  list(): readonly Secret[] {
    return [...this.#secrets.keys()].flatMap((name) => this.find(name) ?? []);
  }

  /** The ARN that a policy sees for a secret which does not exist (yet): what the six characters will be, nobody knows. */
  unknownArn(id: string): string {
    return id.startsWith("arn:") ? id : `${this.#arnPrefix()}${id}-??????`;
  }

  #arnPrefix(): string {
    return `arn:aws:secretsmanager:${this.#environment.region}:${this.#environment.account}:secret:`;
  }
}

/** Moves the label; a version that loses AWSCURRENT becomes AWSPREVIOUS. */
export function moveStage(secret: Secret, stage: string, to: SecretVersion): void {
  const from = [...secret.versions.values()].find((version) => version.stages.has(stage));
  if (from === to) return;
  from?.stages.delete(stage);
  to.stages.add(stage);
  if (stage === "AWSCURRENT" && from !== undefined) {
    to.stages.delete("AWSPREVIOUS");
    moveStage(secret, "AWSPREVIOUS", from);
  }
}

/** The version that a request means, and its value; AWS's own words when there is none. */
export function versionOf(
  secret: Secret,
  wanted: { id?: string | undefined; stage?: string | undefined },
): { readonly version: SecretVersion; readonly value: SealedValue } {
  const { id, stage = id === undefined ? "AWSCURRENT" : undefined } = wanted;
  const version = id === undefined ? [...secret.versions.values()].find(({ stages }) => stages.has(stage ?? "")) : secret.versions.get(id);
  if (version?.value === undefined) {
    const what = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`;
    throw new AwsError("ResourceNotFoundException", `Secrets Manager can't find the specified secret value for ${what}`);
  }
  if (stage !== undefined && !version.stages.has(stage)) {
    throw invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.");
  }
  return { version, value: version.value };
}

/** The version whose rotation has begun and has not come to its end. */
export const pendingVersion = (secret: Secret): SecretVersion | undefined =>
  [...secret.versions.values()].find(({ stages }) => stages.has("AWSPENDING") && !stages.has("AWSCURRENT"));
