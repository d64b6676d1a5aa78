// Enrols an admin: an access key, a virtual MFA device and the secret that the workflow reads; all of it or nothing.

import {
  CreateAccessKeyCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";
import { PutSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { adminSecretLabel, adminSecretName, iamPath } from "../core/naming.ts";

/** What an authenticator app needs. */
export interface NewDevice {
  readonly serialNumber: string;
  /** Base 32. */
  readonly seed: string;
  /** `otpauth://totp/…`, the content of the QR code. */
  readonly uri: string;
}

export interface EnrollmentClients {
  /** Signed as an IAM admin. */
  readonly iam: IAMClient;
  readonly secrets: SecretsManagerClient;
}

/**
 * Gives the device that was enabled. If a step fails, those before it are undone and the failure is thrown.
 * @param activate - shows the device to its owner and gives two consecutive codes of it
 */
export async function enrollAdmin(
  admin: string,
  { iam, secrets }: EnrollmentClients,
  activate: (device: NewDevice) => readonly [string, string] | Promise<readonly [string, string]>,
): Promise<NewDevice> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const { VirtualMFADevice } = await iam.send(new CreateVirtualMFADeviceCommand({ Path: iamPath, VirtualMFADeviceName: admin }));
    const SerialNumber = answered(VirtualMFADevice?.SerialNumber, "CreateVirtualMFADevice");
    undo.unshift(() => iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber })));
    const seed = Buffer.from(answered(VirtualMFADevice?.Base32StringSeed, "CreateVirtualMFADevice")).toString("ascii");
    const device = { serialNumber: SerialNumber, seed, uri: authenticatorUri(admin, { seed, account: SerialNumber.split(":")[4] ?? "" }) };

    const [AuthenticationCode1, AuthenticationCode2] = await activate(device);
    await iam.send(new EnableMFADeviceCommand({ UserName: admin, SerialNumber, AuthenticationCode1, AuthenticationCode2 }));
    undo.unshift(() => iam.send(new DeactivateMFADeviceCommand({ UserName: admin, SerialNumber })));

    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: admin }));
    const accessKeyId = answered(AccessKey?.AccessKeyId, "CreateAccessKey");
    undo.unshift(() => iam.send(new DeleteAccessKeyCommand({ UserName: admin, AccessKeyId: accessKeyId })));
    const secretAccessKey = answered(AccessKey?.SecretAccessKey, "CreateAccessKey");

    await writeSecret(secrets, { admin, value: { accessKeyId, secretAccessKey, mfaSerial: SerialNumber } });
    return device;
  } catch (error) {
    const left: unknown[] = [];
    // One after the other, newest first: a device that is still enabled cannot be deleted.
    for (const step of undo) await step().catch((fault: unknown) => left.push(fault));
    if (left.length === 0) throw error;
    throw new AggregateError([error, ...left], `Enrolling ${admin} failed, and not all of it could be undone.`);
  }
}

/** Writes the version that validate-mfa reads from then on; its label says which key it holds. One call: it happens as a whole or not at all. */
export const writeSecret = (
  secrets: SecretsManagerClient,
  { admin, value }: { admin: string; value: { accessKeyId: string; secretAccessKey: string; mfaSerial: string } },
): Promise<unknown> =>
  secrets.send(
    new PutSecretValueCommand({
      SecretId: adminSecretName(admin),
      SecretString: JSON.stringify(value),
      VersionStages: ["AWSCURRENT", adminSecretLabel.key(value.accessKeyId)],
    }),
  );

/** The key URI format that authenticator apps read (https://github.com/google/google-authenticator/wiki/Key-Uri-Format). */
const authenticatorUri = (admin: string, { seed, account }: { seed: string; account: string }): string =>
  `otpauth://totp/${encodeURIComponent(`Keyturn ${account}`)}:${encodeURIComponent(admin)}?secret=${seed}&issuer=${encodeURIComponent(`Keyturn ${account}`)}`;

function answered<Value>(value: Value | undefined, operation: string): Value {
  if (value === undefined) throw new Error(`${operation} answered without what it always answers`);
  return value;
}
