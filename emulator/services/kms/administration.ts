// KMS's administrative operations: making, describing, disabling and deleting keys, their aliases and their policies.

import type {
  CancelKeyDeletionCommandInput,
  CancelKeyDeletionCommandOutput,
  CreateAliasCommandInput,
  CreateKeyCommandInput,
  CreateKeyCommandOutput,
  DeleteAliasCommandInput,
  DescribeKeyCommandInput,
  DescribeKeyCommandOutput,
  DisableKeyCommandInput,
  DisableKeyRotationCommandInput,
  EnableKeyCommandInput,
  EnableKeyRotationCommandInput,
  GetKeyPolicyCommandInput,
  GetKeyPolicyCommandOutput,
  GetKeyRotationStatusCommandInput,
  GetKeyRotationStatusCommandOutput,
  KeyMetadata,
  ListAliasesCommandInput,
  ListAliasesCommandOutput,
  ListKeysCommandInput,
  ListKeysCommandOutput,
  PutKeyPolicyCommandInput,
  ScheduleKeyDeletionCommandInput,
  ScheduleKeyDeletionCommandOutput,
} from "@aws-sdk/client-kms";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import { parseResourcePolicy } from "../../resource-policy.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import { keyPermission } from "./key-permission.ts";
import type { Key, Keys } from "./keys.ts";

const dayMs = 86_400_000;
const malformedPolicy = (why: string): AwsError => new AwsError("MalformedPolicyDocumentException", `The policy is malformed: ${why}`);

const keyState = (key: Key): "Disabled" | "Enabled" | "PendingDeletion" =>
  key.deletionAtMs !== undefined ? "PendingDeletion" : key.enabled ? "Enabled" : "Disabled";

export function administrativeOperations(keys: Keys, environment: Environment): Record<string, Operation> {
  const onKey = (keyId: string | undefined, of: { action: string; call: Call; context?: Permission["context"] }): readonly Permission[] => [
    keyPermission(keys, keys.resolve(required(keyId, "keyId")), {
      action: of.action,
      callerAccount: of.call.caller.accountId,
      context: of.context,
    }),
  ];
  const keyOf = (keyId: string | undefined): Key => keys.resolve(required(keyId, "keyId")).key;

  /** Operations that change a key: AWS managed keys are AWS's to change, and a key on its way out changes no more. */
  const changeableKey = (keyId: string | undefined): Key => {
    const key = keyOf(keyId);
    if (key.manager === "AWS") throw new AwsError("AccessDeniedException", `${key.arn} is managed by AWS and cannot be changed.`);
    if (key.deletionAtMs !== undefined) throw new AwsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
    return key;
  };

  const metadata = (key: Key): KeyMetadata => ({
    AWSAccountId: environment.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAtMs),
    Enabled: keyState(key) === "Enabled",
    Description: key.description,
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: keyState(key),
    Origin: "AWS_KMS",
    KeyManager: key.manager,
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
    ...(key.deletionAtMs === undefined ? {} : { DeletionDate: new Date(key.deletionAtMs) }),
  });

  const createKey: Operation<CreateKeyCommandInput, Partial<CreateKeyCommandOutput>> = {
    permissions: (input) => [
      {
        action: "kms:CreateKey",
        resource: "*",
        context: {
          "kms:KeySpec": input.KeySpec ?? "SYMMETRIC_DEFAULT",
          "kms:KeyUsage": input.KeyUsage ?? "ENCRYPT_DECRYPT",
          "kms:KeyOrigin": input.Origin ?? "AWS_KMS",
          "kms:MultiRegion": String(input.MultiRegion ?? false),
        },
      },
      ...(input.Tags?.length ? [{ action: "kms:TagResource", resource: "*" }] : []),
    ],
    run(input) {
      if ((input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT") !== "SYMMETRIC_DEFAULT") {
        throw notImplemented(`KMS key spec ${input.KeySpec ?? input.CustomerMasterKeySpec}`);
      }
      if ((input.Origin ?? "AWS_KMS") !== "AWS_KMS") throw notImplemented(`KMS key origin ${input.Origin}`);
      if (input.MultiRegion) throw notImplemented("KMS multi-Region keys");
      const policy = input.Policy === undefined ? undefined : parseResourcePolicy(input.Policy, malformedPolicy);
      const tags = new Map((input.Tags ?? []).map((tag) => [required(tag.TagKey, "tagKey"), required(tag.TagValue, "tagValue")]));
      return { KeyMetadata: metadata(keys.create({ description: input.Description, policy, tags })) };
    },
  };

  const describeKey: Operation<DescribeKeyCommandInput, Partial<DescribeKeyCommandOutput>> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:DescribeKey", call }),
    run: (input) => ({ KeyMetadata: metadata(keyOf(input.KeyId)) }),
  };

  const listKeys: Operation<ListKeysCommandInput, Partial<ListKeysCommandOutput>> = {
    permissions: () => [{ action: "kms:ListKeys", resource: "*" }],
    run: () => ({ Keys: keys.list().map((key) => ({ KeyId: key.id, KeyArn: key.arn })), Truncated: false }),
  };

  const listAliases: Operation<ListAliasesCommandInput, Partial<ListAliasesCommandOutput>> = {
    permissions: () => [{ action: "kms:ListAliases", resource: "*" }],
    run(input) {
      const listed = input.KeyId === undefined ? keys.aliases() : keys.aliasesOf(keyOf(input.KeyId).id);
      return {
        Aliases: listed.map((alias) => ({
          AliasName: alias.name,
          AliasArn: alias.arn,
          TargetKeyId: alias.keyId,
          CreationDate: new Date(alias.createdAtMs),
          LastUpdatedDate: new Date(alias.createdAtMs),
        })),
        Truncated: false,
      };
    },
  };

  const createAlias: Operation<CreateAliasCommandInput> = {
    // On both: the alias, which only IAM policies speak about, and the key.
    permissions: (input, call) => [
      { action: "kms:CreateAlias", resource: keys.aliasArn(required(input.AliasName, "aliasName")) },
      ...onKey(input.TargetKeyId, { action: "kms:CreateAlias", call }),
    ],
    run(input) {
      const name = required(input.AliasName, "aliasName");
      if (name.startsWith("alias/aws/"))
        throw new AwsError("NotAuthorizedException", "Alias names that begin with alias/aws/ belong to AWS.");
      keys.addAlias(name, keyOf(input.TargetKeyId).id);
      return {};
    },
  };

  const deleteAlias: Operation<DeleteAliasCommandInput> = {
    permissions: (input, call) => [
      { action: "kms:DeleteAlias", resource: keys.aliasArn(required(input.AliasName, "aliasName")) },
      ...onKey(input.AliasName, { action: "kms:DeleteAlias", call }),
    ],
    run(input) {
      keys.deleteAlias(required(input.AliasName, "aliasName"));
      return {};
    },
  };

  const getKeyPolicy: Operation<GetKeyPolicyCommandInput, Partial<GetKeyPolicyCommandOutput>> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:GetKeyPolicy", call }),
    run: (input) => ({ Policy: JSON.stringify(keyOf(input.KeyId).policy, null, 2), PolicyName: "default" }),
  };

  const putKeyPolicy: Operation<PutKeyPolicyCommandInput> = {
    permissions: (input, call) =>
      onKey(input.KeyId, {
        action: "kms:PutKeyPolicy",
        call,
        context: { "kms:BypassPolicyLockoutSafetyCheck": String(input.BypassPolicyLockoutSafetyCheck ?? false) },
      }),
    // AWS also refuses a policy that would lock its author out; that safety check is not modelled: the policy is taken as it is.
    run(input) {
      changeableKey(input.KeyId).policy = parseResourcePolicy(required(input.Policy, "policy"), malformedPolicy);
      return {};
    },
  };

  const setEnabled = (
    action: "kms:DisableKey" | "kms:EnableKey",
    enabled: boolean,
  ): Operation<EnableKeyCommandInput | DisableKeyCommandInput> => ({
    permissions: (input, call) => onKey(input.KeyId, { action, call }),
    run(input) {
      changeableKey(input.KeyId).enabled = enabled;
      return {};
    },
  });

  const enableKeyRotation: Operation<EnableKeyRotationCommandInput> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:EnableKeyRotation", call }),
    run(input) {
      const key = changeableKey(input.KeyId);
      key.rotating = true;
      key.rotationDays = input.RotationPeriodInDays ?? key.rotationDays;
      return {};
    },
  };

  const disableKeyRotation: Operation<DisableKeyRotationCommandInput> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:DisableKeyRotation", call }),
    run(input) {
      changeableKey(input.KeyId).rotating = false;
      return {};
    },
  };

  const getKeyRotationStatus: Operation<GetKeyRotationStatusCommandInput, Partial<GetKeyRotationStatusCommandOutput>> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:GetKeyRotationStatus", call }),
    run(input) {
      const key = keyOf(input.KeyId);
      return { KeyId: key.arn, KeyRotationEnabled: key.rotating, ...(key.rotating ? { RotationPeriodInDays: key.rotationDays } : {}) };
    },
  };

  const scheduleKeyDeletion: Operation<ScheduleKeyDeletionCommandInput, Partial<ScheduleKeyDeletionCommandOutput>> = {
    permissions: (input, call) =>
      onKey(input.KeyId, {
        action: "kms:ScheduleKeyDeletion",
        call,
        context: { "kms:ScheduleKeyDeletionPendingWindowInDays": String(input.PendingWindowInDays ?? 30) },
      }),
    run(input) {
      const days = input.PendingWindowInDays ?? 30;
      if (days < 7 || days > 30) throw new AwsError("ValidationException", `PendingWindowInDays must be from 7 to 30, not ${days}.`);
      const key = changeableKey(input.KeyId);
      const deletionAtMs = environment.clock.now() + days * dayMs;
      key.deletionAtMs = deletionAtMs;
      return { KeyId: key.arn, DeletionDate: new Date(deletionAtMs), KeyState: "PendingDeletion", PendingWindowInDays: days };
    },
  };

  const cancelKeyDeletion: Operation<CancelKeyDeletionCommandInput, Partial<CancelKeyDeletionCommandOutput>> = {
    permissions: (input, call) => onKey(input.KeyId, { action: "kms:CancelKeyDeletion", call }),
    run(input) {
      const key = keyOf(input.KeyId);
      if (key.deletionAtMs === undefined) throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
      delete key.deletionAtMs;
      key.enabled = false;
      return { KeyId: key.arn };
    },
  };

  return {
    CreateKey: createKey,
    DescribeKey: describeKey,
    ListKeys: listKeys,
    ListAliases: listAliases,
    CreateAlias: createAlias,
    DeleteAlias: deleteAlias,
    GetKeyPolicy: getKeyPolicy,
    PutKeyPolicy: putKeyPolicy,
    EnableKey: setEnabled("kms:EnableKey", true),
    DisableKey: setEnabled("kms:DisableKey", false),
    EnableKeyRotation: enableKeyRotation,
    DisableKeyRotation: disableKeyRotation,
    GetKeyRotationStatus: getKeyRotationStatus,
    ScheduleKeyDeletion: scheduleKeyDeletion,
    CancelKeyDeletion: cancelKeyDeletion,
  };
}
