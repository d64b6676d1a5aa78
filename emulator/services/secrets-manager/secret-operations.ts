// Operations on secrets themselves: describing, listing, tagging, deleting, and their resource policies.

import type {
  DeleteResourcePolicyCommandInput,
  DeleteResourcePolicyCommandOutput,
  DeleteSecretCommandInput,
  DeleteSecretCommandOutput,
  DescribeSecretCommandInput,
  DescribeSecretCommandOutput,
  Filter,
  GetRandomPasswordCommandInput,
  GetRandomPasswordCommandOutput,
  GetResourcePolicyCommandInput,
  GetResourcePolicyCommandOutput,
  ListSecretsCommandInput,
  ListSecretsCommandOutput,
  ListSecretVersionIdsCommandInput,
  ListSecretVersionIdsCommandOutput,
  PutResourcePolicyCommandInput,
  PutResourcePolicyCommandOutput,
  RestoreSecretCommandInput,
  RestoreSecretCommandOutput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
  ValidateResourcePolicyCommandInput,
  ValidateResourcePolicyCommandOutput,
} from "@aws-sdk/client-secrets-manager";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { ownMember } from "../../own-member.ts";
import { page } from "../../page.ts";
import { isPublicPolicy, parseResourcePolicy } from "../../resource-policy.ts";
import type { Environment, Operation } from "../../service.ts";
import { passwordRules, randomPassword } from "./random-password.ts";
import { daysOf } from "./rotation-schedule.ts";
import { secretPermission } from "./secret-permission.ts";
import { invalidParameter, type Secret, type Secrets } from "./secrets.ts";

const dayMs = 86_400_000;
const malformedPolicy = (why: string): AwsError =>
  new AwsError("MalformedPolicyDocumentException", `This resource policy is malformed: ${why}`);
const invalidToken = (): AwsError => new AwsError("InvalidNextTokenException", "The NextToken value is invalid.");
const date = (atMs: number | undefined): Date | undefined => (atMs === undefined ? undefined : new Date(atMs));

/** Dates are of rotations that are turned on; rules and function stay when they are turned off. */
function describeRotation({ rotation }: Secret): Partial<DescribeSecretCommandOutput> {
  if (rotation === undefined) return {};
  const { isEnabled, functionArn, rules, lastRotatedAtMs, dueAtMs } = rotation;
  return {
    RotationEnabled: isEnabled,
    RotationLambdaARN: functionArn,
    RotationRules: {
      AutomaticallyAfterDays: rules.automaticallyAfterDays ?? daysOf(rules),
      Duration: rules.duration,
      ScheduleExpression: rules.scheduleExpression,
    },
    ...(isEnabled ? { LastRotatedDate: date(lastRotatedAtMs), NextRotationDate: date(dueAtMs) } : {}),
  };
}

function describe(secret: Secret): Partial<DescribeSecretCommandOutput> {
  const stages = [...secret.versions.values()].filter((version) => version.stages.size > 0);
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    ...describeRotation(secret),
    CreatedDate: new Date(secret.createdAtMs),
    LastChangedDate: new Date(secret.changedAtMs),
    LastAccessedDate: date(secret.accessedAtMs),
    DeletedDate: date(secret.deletedAtMs),
    Tags: [...secret.tags].map(([Key, Value]) => ({ Key, Value })),
    VersionIdsToStages: Object.fromEntries(stages.map((version) => [version.id, [...version.stages]])),
  };
}

/** AWS's filters match prefixes, case-insensitively but for the name; `!` negates. */
function matches(secret: Secret, filter: Filter): boolean {
  const fields: Record<string, readonly string[]> = {
    name: [secret.name],
    description: [secret.description],
    "tag-key": [...secret.tags.keys()],
    "tag-value": [...secret.tags.values()],
  };
  const key = required(filter.Key, "filters.key");
  const texts = ownMember(fields, key);
  if (texts === undefined) throw notImplemented(`Secrets Manager filter ${key}`);
  const fold = (text: string): string => (key === "name" ? text : text.toLowerCase());
  return (filter.Values ?? []).some((value) => {
    const isNegated = value.startsWith("!");
    const prefix = fold(isNegated ? value.slice(1) : value);
    return texts.some((text) => fold(text).startsWith(prefix)) !== isNegated;
  });
}

export function secretOperations(secrets: Secrets, environment: Environment): Record<string, Operation> {
  const on = (action: string) => ({
    permissions: (input: { SecretId?: string | undefined }) => [
      secretPermission(secrets, input.SecretId, { action: `secretsmanager:${action}` }),
    ],
  });

  const describeSecret: Operation<DescribeSecretCommandInput, Partial<DescribeSecretCommandOutput>> = {
    ...on("DescribeSecret"),
    run: (input) => describe(secrets.get(required(input.SecretId, "secretId"))),
  };

  const listSecrets: Operation<ListSecretsCommandInput, Partial<ListSecretsCommandOutput>> = {
    permissions: () => [{ action: "secretsmanager:ListSecrets", resource: "*" }],
    run(input) {
      const listed = secrets
        .list()
        .filter(
          (secret) =>
            (input.IncludePlannedDeletion || secret.deletedAtMs === undefined) && (input.Filters ?? []).every((by) => matches(secret, by)),
        )
        .sort((a, b) => (a.createdAtMs - b.createdAtMs) * (input.SortOrder === "asc" ? 1 : -1));
      const { items, nextToken } = page(listed, { limit: input.MaxResults ?? 100, token: input.NextToken, invalid: invalidToken });
      return {
        SecretList: items.map((secret) => {
          const { VersionIdsToStages, ...entry } = describe(secret);
          return { ...entry, SecretVersionsToStages: VersionIdsToStages };
        }),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },
  };

  const listSecretVersionIds: Operation<ListSecretVersionIdsCommandInput, Partial<ListSecretVersionIdsCommandOutput>> = {
    ...on("ListSecretVersionIds"),
    run(input) {
      const secret = secrets.get(required(input.SecretId, "secretId"));
      const versions = [...secret.versions.values()].flatMap(({ value, ...version }) =>
        value !== undefined && (input.IncludeDeprecated || version.stages.size > 0) ? [{ ...version, value }] : [],
      );
      const { items, nextToken } = page(versions, { limit: input.MaxResults ?? 100, token: input.NextToken, invalid: invalidToken });
      return {
        ARN: secret.arn,
        Name: secret.name,
        Versions: items.map((version) => ({
          VersionId: version.id,
          VersionStages: [...version.stages],
          CreatedDate: new Date(version.createdAtMs),
          KmsKeyIds: [version.value.sealed.keyArn],
        })),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },
  };

  const deleteSecret: Operation<DeleteSecretCommandInput, Partial<DeleteSecretCommandOutput>> = {
    permissions: (input) => [
      secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:DeleteSecret",
        context: {
          "secretsmanager:ForceDeleteWithoutRecovery": String(input.ForceDeleteWithoutRecovery ?? false),
          ...(input.RecoveryWindowInDays === undefined
            ? {}
            : { "secretsmanager:RecoveryWindowInDays": String(input.RecoveryWindowInDays) }),
        },
      }),
    ],
    run(input) {
      const now = environment.clock.now();
      if (input.ForceDeleteWithoutRecovery) {
        if (input.RecoveryWindowInDays !== undefined) {
          throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
        }
        const secret = secrets.get(required(input.SecretId, "secretId"));
        secrets.remove(secret);
        return { ARN: secret.arn, Name: secret.name, DeletionDate: new Date(now) };
      }
      const days = input.RecoveryWindowInDays ?? 30;
      if (days < 7 || days > 30) throw invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
      const secret = secrets.live(required(input.SecretId, "secretId"));
      secret.deletedAtMs = now;
      secret.goneAtMs = now + days * dayMs;
      return { ARN: secret.arn, Name: secret.name, DeletionDate: new Date(secret.goneAtMs) };
    },
  };

  const restoreSecret: Operation<RestoreSecretCommandInput, Partial<RestoreSecretCommandOutput>> = {
    ...on("RestoreSecret"),
    run(input) {
      const secret = secrets.get(required(input.SecretId, "secretId"));
      delete secret.deletedAtMs;
      delete secret.goneAtMs;
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  const putResourcePolicy: Operation<PutResourcePolicyCommandInput, Partial<PutResourcePolicyCommandOutput>> = {
    permissions: (input) => [
      secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:PutResourcePolicy",
        context: { "secretsmanager:BlockPublicPolicy": String(input.BlockPublicPolicy ?? false) },
      }),
    ],
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const policy = parseResourcePolicy(required(input.ResourcePolicy, "resourcePolicy"), malformedPolicy);
      if (input.BlockPublicPolicy && isPublicPolicy(policy)) {
        throw new AwsError("PublicPolicyException", "You can't attach a resource policy that gives broad access to the secret.");
      }
      secret.policy = policy;
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  const getResourcePolicy: Operation<GetResourcePolicyCommandInput, Partial<GetResourcePolicyCommandOutput>> = {
    ...on("GetResourcePolicy"),
    run(input) {
      const { arn, name, policy } = secrets.get(required(input.SecretId, "secretId"));
      return { ARN: arn, Name: name, ...(policy === undefined ? {} : { ResourcePolicy: JSON.stringify(policy) }) };
    },
  };

  const deleteResourcePolicy: Operation<DeleteResourcePolicyCommandInput, Partial<DeleteResourcePolicyCommandOutput>> = {
    ...on("DeleteResourcePolicy"),
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      delete secret.policy;
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  const validateResourcePolicy: Operation<ValidateResourcePolicyCommandInput, Partial<ValidateResourcePolicyCommandOutput>> = {
    permissions: (input) => [
      input.SecretId === undefined
        ? { action: "secretsmanager:ValidateResourcePolicy", resource: "*" }
        : secretPermission(secrets, input.SecretId, { action: "secretsmanager:ValidateResourcePolicy" }),
    ],
    run(input) {
      const policy = parseResourcePolicy(required(input.ResourcePolicy, "resourcePolicy"), malformedPolicy);
      const errors = isPublicPolicy(policy)
        ? [{ CheckName: "PUBLIC_ACCESS", ErrorMessage: "The resource policy gives broad access to the secret." }]
        : [];
      return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors };
    },
  };

  const tagResource: Operation<TagResourceCommandInput> = {
    ...on("TagResource"),
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      for (const tag of required(input.Tags, "tags")) secret.tags.set(required(tag.Key, "key"), tag.Value ?? "");
      return {};
    },
  };

  const untagResource: Operation<UntagResourceCommandInput> = {
    ...on("UntagResource"),
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      for (const key of required(input.TagKeys, "tagKeys")) secret.tags.delete(key);
      return {};
    },
  };

  const getRandomPassword: Operation<GetRandomPasswordCommandInput, Partial<GetRandomPasswordCommandOutput>> = {
    permissions: () => [{ action: "secretsmanager:GetRandomPassword", resource: "*" }],
    run(input) {
      const rules = passwordRules.safeParse(input);
      if (!rules.success) throw invalidParameter(rules.error.message);
      return { RandomPassword: randomPassword(rules.data, (size) => environment.randomBytes(size)) };
    },
  };

  return {
    DescribeSecret: describeSecret,
    ListSecrets: listSecrets,
    ListSecretVersionIds: listSecretVersionIds,
    DeleteSecret: deleteSecret,
    RestoreSecret: restoreSecret,
    PutResourcePolicy: putResourcePolicy,
    GetResourcePolicy: getResourcePolicy,
    DeleteResourcePolicy: deleteResourcePolicy,
    ValidateResourcePolicy: validateResourcePolicy,
    TagResource: tagResource,
    UntagResource: untagResource,
    GetRandomPassword: getRandomPassword,
  };
}
