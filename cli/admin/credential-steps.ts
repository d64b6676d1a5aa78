// Steps that rotation and removal share; each may have been done already, by an interrupted run or by somebody else.

import { DeleteAccessKeyCommand, type IAMClient } from "@aws-sdk/client-iam";
import { UpdateSecretVersionStageCommand } from "@aws-sdk/client-secrets-manager";
import { adminSecretName } from "../../core/naming.ts";
import { type IamAdminClients, readCredentialState } from "./credential-state.ts";

/** Does nothing where the thing is gone already. */
export const unlessGone = (act: Promise<unknown>): Promise<unknown> =>
  act.catch((error: unknown) => {
    if (error instanceof Error && /^NoSuchEntity/.test(error.name)) return undefined;
    throw error;
  });

export const deleteKey = (iam: IAMClient, { admin, id }: { admin: string; id: string }): Promise<unknown> =>
  unlessGone(iam.send(new DeleteAccessKeyCommand({ UserName: admin, AccessKeyId: id })));

/** Without a label Secrets Manager drops an old version when it likes; with one it would keep it for ever. */
export async function dropStaleLabels(admin: string, clients: IamAdminClients): Promise<void> {
  const { staleLabels } = await readCredentialState(admin, clients);
  for (const { label, versionId } of staleLabels) {
    await clients.secrets.send(
      new UpdateSecretVersionStageCommand({ SecretId: adminSecretName(admin), VersionStage: label, RemoveFromVersionId: versionId }),
    );
  }
}
