// Steps that rotation and removal share; each may have been done already, by an interrupted run or by somebody else.

import { DeleteAccessKeyCommand, type IAMClient } from "@aws-sdk/client-iam";
import { UpdateSecretVersionStageCommand } from "@aws-sdk/client-secrets-manager";
import { stage } from "../../core/admin-secret.ts";
import { adminSecretLabel, adminSecretName } from "../../core/naming.ts";
import { type IamAdminClients, readCredentialState } from "./credential-state.ts";

/** Does nothing where the thing is gone already. */
export const unlessGone = (act: Promise<unknown>): Promise<unknown> =>
  act.catch((error: unknown) => {
    if (error instanceof Error && /^NoSuchEntity/.test(error.name)) return undefined;
    throw error;
  });

export const deleteKey = (iam: IAMClient, { admin, id }: { admin: string; id: string }): Promise<unknown> =>
  unlessGone(iam.send(new DeleteAccessKeyCommand({ UserName: admin, AccessKeyId: id })));

/**
 * Lets go of every version but the one in force: without a label Secrets Manager drops an old version when it likes; with one it would keep it
 * for ever.
 * @param of.overtakes - whether a rotation by schedule that has begun this version, and not put it in force, is to end here
 */
export async function tidyVersions(
  admin: string,
  clients: IamAdminClients,
  { overtakes }: { overtakes: (versionId: string) => boolean },
): Promise<void> {
  const { staleLabels, pending } = await readCredentialState(admin, clients);
  const removals = [...staleLabels];
  if (pending !== undefined && overtakes(pending.versionId)) {
    const { versionId, accessKeyId } = pending;
    // In this order: a version that is pending and has no key's label counts as empty, and the rotation would try to fill it.
    removals.push({ label: stage.pending, versionId });
    if (accessKeyId !== undefined) removals.push({ label: adminSecretLabel.key(accessKeyId), versionId });
  }
  for (const { label, versionId } of removals) {
    await clients.secrets.send(
      new UpdateSecretVersionStageCommand({ SecretId: adminSecretName(admin), VersionStage: label, RemoveFromVersionId: versionId }),
    );
  }
}
