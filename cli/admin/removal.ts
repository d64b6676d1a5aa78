// Takes an admin's credentials away: the secret first, so that runs are told at once, then keys and devices; nothing that is gone already.

import { DeactivateMFADeviceCommand, DeleteVirtualMFADeviceCommand } from "@aws-sdk/client-iam";
import { PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { adminSecretLabel, adminSecretName, iamPath } from "../../core/naming.ts";
import type { CredentialState, IamAdminClients } from "./credential-state.ts";
import { deleteKey, tidyVersions, unlessGone } from "./credential-steps.ts";
import { describeKey } from "./rotation-plan.ts";

export interface RemovalStep {
  /** As a plan says it. */
  readonly will: string;
  readonly done: string;
  readonly act: (clients: IamAdminClients) => Promise<unknown>;
}

/** What is left to do; nothing where the admin has nothing any more. */
export function planRemoval({ admin, keys, devices, looseDevice, secret, staleLabels, pending }: CredentialState): readonly RemovalStep[] {
  const name = adminSecretName(admin);
  const holdsSomething = secret.kind === "key" || secret.kind === "unlabelled";
  return [
    ...(holdsSomething
      ? [
          {
            will: `overwrite ${name} with a marker: runs then fail with CredentialMissing`,
            done: `${name} holds no key`,
            act: markRemoved(admin),
          },
        ]
      : []),
    ...keys.map((key) => ({
      will: `delete ${describeKey(key)}`,
      done: `deleted ${key.id}`,
      act: ({ iam }: IamAdminClients) => deleteKey(iam, { admin, id: key.id }),
    })),
    ...devices.flatMap(({ serialNumber }) => [
      {
        will: `deactivate the MFA device ${serialNumber}`,
        done: `deactivated ${serialNumber}`,
        act: ({ iam }: IamAdminClients) =>
          unlessGone(iam.send(new DeactivateMFADeviceCommand({ UserName: admin, SerialNumber: serialNumber }))),
      },
      // A device elsewhere is not keyturn's to delete, nor may the IAM admin; deactivated it opens nothing.
      ...(serialNumber.includes(`:mfa${iamPath}`) ? [deletion(serialNumber)] : []),
    ]),
    ...(looseDevice === undefined ? [] : [deletion(looseDevice)]),
    ...(holdsSomething || staleLabels.length > 0 || pending !== undefined
      ? [
          {
            will: `let go of the other versions of ${name}`,
            done: `let go of the other versions of ${name}`,
            act: (clients: IamAdminClients) => tidyVersions(admin, clients, { overtakes: () => true }),
          },
        ]
      : []),
  ];
}

const markRemoved =
  (admin: string) =>
  ({ secrets }: IamAdminClients): Promise<unknown> =>
    secrets.send(
      new PutSecretValueCommand({
        SecretId: adminSecretName(admin),
        SecretString: JSON.stringify({ removed: true }),
        VersionStages: ["AWSCURRENT", adminSecretLabel.removed],
      }),
    );

/** Of a virtual device that is nobody's. */
const deletion = (SerialNumber: string): RemovalStep => ({
  will: `delete the MFA device ${SerialNumber}`,
  done: `deleted ${SerialNumber}`,
  act: ({ iam }) => unlessGone(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }))),
});
