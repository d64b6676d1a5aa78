// An admin's keys, devices and secret, as the rotation sees and changes them: it writes the secret, and may not read it.

import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  type IAMClient,
  ListAccessKeysCommand,
  ListMFADevicesCommand,
} from "@aws-sdk/client-iam";
import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { readLabels, type SecretLabels, stage } from "../../core/admin-secret.ts";
import type { AccessKey, AdminCredentials, MfaDevice } from "../../core/key-rotation.ts";
import { adminSecretLabel } from "../../core/naming.ts";

export interface NewKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type AdminState = AdminCredentials & SecretLabels;

/** Whose key is rotated, and by which version of the secret. */
export interface Rotated {
  readonly admin: string;
  readonly secretArn: string;
  /** The id of the new version: Secrets Manager's request token. */
  readonly token: string;
}

export interface AdminAccount {
  read(of: Rotated): Promise<AdminState>;
  createKey(admin: string): Promise<NewKey>;
  /** Does nothing where it is gone already. */
  deleteKey(admin: string, id: string): Promise<void>;
  /** Asks STS, signed with the key itself, as whom it signs; undefined where STS does not know it (yet). */
  identify(key: NewKey): Promise<string | undefined>;
  /** Stores the key in the new version, with the labels that say so; not in force yet. */
  store(of: Rotated, key: NewKey, mfaSerial: string): Promise<void>;
  putInForce(of: Rotated, insteadOf: string): Promise<void>;
  removeLabel(of: Rotated, from: { readonly label: string; readonly versionId: string }): Promise<void>;
}

export function adminAccount({ iam, secrets }: { iam: IAMClient; secrets: SecretsManagerClient }): AdminAccount {
  return {
    async read({ admin, secretArn }) {
      const [labels, owned] = await Promise.all([readSecret(secretArn, secrets), readUser(admin, iam)]);
      return { admin, ...owned, ...labels };
    },
    async createKey(UserName) {
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {};
      if (!accessKeyId || !secretAccessKey) throw new Error("IAM CreateAccessKey answered without a key.");
      return { accessKeyId, secretAccessKey };
    },
    async deleteKey(UserName, AccessKeyId) {
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })).catch(unless(/^NoSuchEntity/));
    },
    async identify(credentials) {
      const sts = new STSClient({ credentials });
      try {
        const reply = await sts.send(new GetCallerIdentityCommand({})).catch(unless(/^InvalidClientTokenId$/));
        return reply?.Arn;
      } finally {
        sts.destroy();
      }
    },
    async store({ secretArn, token }, key, mfaSerial) {
      await secrets.send(
        new PutSecretValueCommand({
          SecretId: secretArn,
          ClientRequestToken: token,
          SecretString: JSON.stringify({ ...key, mfaSerial }),
          VersionStages: [stage.pending, adminSecretLabel.key(key.accessKeyId)],
        }),
      );
    },
    async putInForce({ secretArn, token }, insteadOf) {
      await secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretArn,
          VersionStage: stage.current,
          MoveToVersionId: token,
          RemoveFromVersionId: insteadOf,
        }),
      );
    },
    async removeLabel({ secretArn }, { label, versionId }) {
      await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: secretArn, VersionStage: label, RemoveFromVersionId: versionId }));
    },
  };
}

async function readSecret(SecretId: string, secrets: SecretsManagerClient): Promise<SecretLabels> {
  const described = await secrets.send(new DescribeSecretCommand({ SecretId })).catch(unless(/^ResourceNotFoundException$/));
  if (described === undefined) return { secret: { kind: "no-secret" }, staleLabels: [] };
  if (described.DeletedDate !== undefined) return { secret: { kind: "being-deleted" }, staleLabels: [] };
  return readLabels(Object.entries(described.VersionIdsToStages ?? {}).map(([id, labels]) => ({ id, labels })));
}

/** IAM gives a user two keys and eight devices: one page of each. */
async function readUser(UserName: string, iam: IAMClient): Promise<Pick<AdminState, "hasUser" | "keys" | "devices">> {
  const [keys, devices] = await Promise.all([
    iam.send(new ListAccessKeysCommand({ UserName })).catch(unless(/^NoSuchEntity/)),
    iam.send(new ListMFADevicesCommand({ UserName })).catch(unless(/^NoSuchEntity/)),
  ]);
  return {
    hasUser: keys !== undefined && devices !== undefined,
    keys: (keys?.AccessKeyMetadata ?? [])
      .map(
        ({ AccessKeyId: id = "", Status, CreateDate }): AccessKey => ({
          id,
          isActive: Status === "Active",
          createdAtMs: CreateDate?.getTime() ?? 0,
        }),
      )
      .sort((a, b) => a.createdAtMs - b.createdAtMs),
    devices: (devices?.MFADevices ?? []).map(
      ({ SerialNumber: serialNumber = "", EnableDate }): MfaDevice => ({ serialNumber, enabledAtMs: EnableDate?.getTime() ?? 0 }),
    ),
  };
}

/** Turns the answer of that name into undefined. */
const unless =
  (name: RegExp) =>
  (error: unknown): undefined => {
    if (!(error instanceof Error && name.test(error.name))) throw error;
  };
