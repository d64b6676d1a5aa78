// Operations on secret values: each encrypts or decrypts through KMS with the caller's permissions.

import type {
  CreateSecretCommandInput,
  CreateSecretCommandOutput,
  GetSecretValueCommandInput,
  GetSecretValueCommandOutput,
  PutSecretValueCommandInput,
  PutSecretValueCommandOutput,
  UpdateSecretCommandInput,
  UpdateSecretCommandOutput,
  UpdateSecretVersionStageCommandInput,
  UpdateSecretVersionStageCommandOutput,
} from "@aws-sdk/client-secrets-manager";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Call, Environment, Operation } from "../../service.ts";
import { openValue, sealValue, validateKeyAccess } from "./secret-key.ts";
import { secretPermission } from "./secret-permission.ts";
import { invalidParameter, moveStage, type SealedValue, type Secret, type Secrets, type SecretVersion, versionOf } from "./secrets.ts";

interface Value {
  readonly bytes: Uint8Array;
  readonly kind: "binary" | "string";
}

interface ValueInput {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

function secretValue(input: ValueInput): Value | undefined {
  const { SecretString: text, SecretBinary: bytes } = input;
  if (text !== undefined && bytes !== undefined) throw invalidParameter("You can't specify both SecretString and SecretBinary.");
  const value: Value | undefined =
    text !== undefined ? { bytes: Buffer.from(text, "utf8"), kind: "string" } : bytes !== undefined ? { bytes, kind: "binary" } : undefined;
  if (value !== undefined && value.bytes.length > 65_536) throw invalidParameter("A secret value has at most 65536 bytes.");
  return value;
}

/** @param of.onWritten - told of every secret that somebody has given a new current value */
export function valueOperations(
  secrets: Secrets,
  environment: Environment,
  { onWritten }: { onWritten: (secret: Secret) => void },
): Record<string, Operation> {
  const randomBytes = (size: number): Uint8Array => environment.randomBytes(size);

  /** Writes a version, or, where the token names one that exists, makes sure that it holds this very value. */
  async function writeVersion(
    secret: Secret,
    of: { value: Value; token: string | undefined; stages: readonly string[] | undefined; call: Call },
  ): Promise<SecretVersion> {
    const id = of.token ?? environment.uuid();
    const existing = secret.versions.get(id);
    if (existing?.value !== undefined) return unchanged(existing, { value: existing.value, asked: of.value, call: of.call });
    const sealed = await sealValue(of.value.bytes, { secret, versionId: id, call: of.call, randomBytes });
    // KMS was asked meanwhile: another request with this token may have come first.
    const version = secret.versions.get(id) ?? { id, createdAtMs: environment.clock.now(), stages: new Set<string>() };
    if (version.value !== undefined) return unchanged(version, { value: version.value, asked: of.value, call: of.call });
    const isFirst = ![...secret.versions.values()].some(({ value }) => value !== undefined);
    version.value = { kind: of.value.kind, sealed };
    version.createdAtMs = environment.clock.now();
    secret.versions.set(id, version);
    const stages = new Set([...(of.stages ?? ["AWSCURRENT"]), ...(isFirst ? ["AWSCURRENT"] : [])]);
    for (const stage of stages) moveStage(secret, stage, version);
    secret.changedAtMs = environment.clock.now();
    if (stages.has("AWSCURRENT")) onWritten(secret);
    return version;
  }

  /** A version takes a value once; asking again for the very same one is no change, and takes `kms:Decrypt` to compare. */
  async function unchanged(version: SecretVersion, of: { value: SealedValue; asked: Value; call: Call }): Promise<SecretVersion> {
    const held = await openValue(of.value, of.call);
    if (of.value.kind === of.asked.kind && Buffer.from(held).equals(of.asked.bytes)) return version;
    throw new AwsError("ResourceExistsException", `You can't modify the secret value of the existing version ${version.id}.`);
  }

  const createSecret: Operation<CreateSecretCommandInput, Partial<CreateSecretCommandOutput>> = {
    permissions(input) {
      const name = required(input.Name, "name");
      const context = {
        "secretsmanager:Name": name,
        ...(input.Description === undefined ? {} : { "secretsmanager:Description": input.Description }),
        ...(input.KmsKeyId === undefined ? {} : { "secretsmanager:KmsKeyId": input.KmsKeyId }),
      };
      const create = { action: "secretsmanager:CreateSecret", resource: secrets.unknownArn(name), context };
      return input.Tags?.length ? [create, { action: "secretsmanager:TagResource", resource: secrets.unknownArn(name) }] : [create];
    },
    async run(input, call) {
      if (input.AddReplicaRegions?.length) throw notImplemented("Secrets Manager replication (AddReplicaRegions)");
      const secret = secrets.draft({
        name: required(input.Name, "name"),
        description: input.Description,
        kmsKeyId: input.KmsKeyId,
        tags: (input.Tags ?? []).map((tag) => [required(tag.Key, "key"), tag.Value ?? ""] as const),
      });
      await validateKeyAccess(secret, call);
      const value = secretValue(input);
      const version = value && (await writeVersion(secret, { value, token: input.ClientRequestToken, stages: undefined, call }));
      secrets.add(secret);
      return { ARN: secret.arn, Name: secret.name, ...(version ? { VersionId: version.id } : {}) };
    },
  };

  const putSecretValue: Operation<PutSecretValueCommandInput, Partial<PutSecretValueCommandOutput>> = {
    permissions: (input) => [secretPermission(secrets, input.SecretId, { action: "secretsmanager:PutSecretValue" })],
    async run(input, call) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const value = secretValue(input);
      if (value === undefined) throw invalidParameter("You must provide either SecretString or SecretBinary.");
      const version = await writeVersion(secret, { value, token: input.ClientRequestToken, stages: input.VersionStages, call });
      return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: [...version.stages] };
    },
  };

  const getSecretValue: Operation<GetSecretValueCommandInput, Partial<GetSecretValueCommandOutput>> = {
    permissions: (input) => [
      secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:GetSecretValue",
        context: {
          ...(input.VersionId === undefined ? {} : { "secretsmanager:VersionId": input.VersionId }),
          "secretsmanager:VersionStage": input.VersionStage ?? "AWSCURRENT",
        },
      }),
    ],
    async run(input, call) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const { version, value } = versionOf(secret, { id: input.VersionId, stage: input.VersionStage });
      const bytes = await openValue(value, call);
      secret.accessedAtMs = environment.clock.now();
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        VersionStages: [...version.stages],
        CreatedDate: new Date(version.createdAtMs),
        ...(value.kind === "string" ? { SecretString: Buffer.from(bytes).toString("utf8") } : { SecretBinary: bytes }),
      };
    },
  };

  /** Versions in use move to the new key where the caller can open them; the others stay under the old one, as AWS documents. */
  async function reseal(secret: Secret, call: Call): Promise<void> {
    const inUse = ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"];
    for (const version of secret.versions.values()) {
      const { value } = version;
      if (value === undefined || !inUse.some((stage) => version.stages.has(stage))) continue;
      try {
        const sealed = await sealValue(await openValue(value, call), { secret, versionId: version.id, call, randomBytes });
        version.value = { kind: value.kind, sealed };
      } catch (error) {
        if (!(error instanceof AwsError && error.code === "AccessDeniedException")) throw error;
      }
    }
  }

  const updateSecret: Operation<UpdateSecretCommandInput, Partial<UpdateSecretCommandOutput>> = {
    permissions: (input) => [
      secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:UpdateSecret",
        context: {
          ...(input.Description === undefined ? {} : { "secretsmanager:Description": input.Description }),
          ...(input.KmsKeyId === undefined ? {} : { "secretsmanager:KmsKeyId": input.KmsKeyId }),
        },
      }),
    ],
    async run(input, call) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      if (input.KmsKeyId !== undefined && input.KmsKeyId !== secret.kmsKeyId) {
        await validateKeyAccess({ ...secret, kmsKeyId: input.KmsKeyId }, call);
        secret.kmsKeyId = input.KmsKeyId;
        await reseal(secret, call);
      }
      if (input.Description !== undefined) secret.description = input.Description;
      const value = secretValue(input);
      const version = value && (await writeVersion(secret, { value, token: input.ClientRequestToken, stages: undefined, call }));
      secret.changedAtMs = environment.clock.now();
      return { ARN: secret.arn, Name: secret.name, ...(version ? { VersionId: version.id } : {}) };
    },
  };

  const updateSecretVersionStage: Operation<UpdateSecretVersionStageCommandInput, Partial<UpdateSecretVersionStageCommandOutput>> = {
    permissions: (input) => [
      secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:UpdateSecretVersionStage",
        context: input.VersionStage === undefined ? {} : { "secretsmanager:VersionStage": input.VersionStage },
      }),
    ],
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const stage = required(input.VersionStage, "versionStage");
      const holder = [...secret.versions.values()].find(({ stages }) => stages.has(stage));
      if (holder !== undefined && input.RemoveFromVersionId !== holder.id && input.MoveToVersionId !== holder.id) {
        throw invalidParameter(
          `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
        );
      }
      if (input.MoveToVersionId !== undefined) moveStage(secret, stage, versionOf(secret, { id: input.MoveToVersionId }).version);
      else if (stage === "AWSCURRENT") throw invalidParameter("You can only move staging label AWSCURRENT to a different secret version.");
      else holder?.stages.delete(stage);
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  return {
    CreateSecret: createSecret,
    PutSecretValue: putSecretValue,
    GetSecretValue: getSecretValue,
    UpdateSecret: updateSecret,
    UpdateSecretVersionStage: updateSecretVersionStage,
  };
}
