import {
  CreateUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListMFADevicesCommand,
  ListVirtualMFADevicesCommand,
} from "@aws-sdk/client-iam";
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type EnrollmentClients, enrollAdmin, type NewDevice } from "../../cli/enrollment.ts";
import { createKms } from "../../emulator/services/kms.ts";
import { createLambda } from "../../emulator/services/lambda.ts";
import { createSecretsManager } from "../../emulator/services/secrets-manager.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";

let emulator: TestEmulator;
let clients: EnrollmentClients;

beforeEach(async () => {
  emulator = await startTestEmulator({
    services: ({ environment, gateway, roles, network }) => {
      const kms = createKms(environment);
      const { forServices: functions } = createLambda(environment, { gateway, roles, keys: kms, subnets: network });
      return [kms, createSecretsManager(environment, { kms, functions })];
    },
  });
  clients = { iam: emulator.client(IAMClient), secrets: emulator.client(SecretsManagerClient) };
  await clients.iam.send(new CreateUserCommand({ UserName: "alice", Path: "/keyturn/" }));
});
afterEach(() => emulator.stop());

const authenticator = ({ seed }: NewDevice) => new VirtualAuthenticator(seed, () => emulator.clock.now());
const createSecret = () => clients.secrets.send(new CreateSecretCommand({ Name: "keyturn/admins/alice" }));

it("an enrolled admin has a key, a device and a secret, and together they open an MFA session", async () => {
  await createSecret();
  const device = await enrollAdmin("alice", clients, (made) => authenticator(made).activationCodes());
  expect(device.serialNumber).toBe("arn:aws:iam::111122223333:mfa/keyturn/alice");
  expect(device.uri).toBe(`otpauth://totp/Keyturn%20111122223333:alice?secret=${device.seed}&issuer=Keyturn%20111122223333`);

  const { SecretString = "" } = await clients.secrets.send(new GetSecretValueCommand({ SecretId: "keyturn/admins/alice" }));
  const { mfaSerial, ...credentials } = JSON.parse(SecretString) as { accessKeyId: string; secretAccessKey: string; mfaSerial: string };
  expect(mfaSerial).toBe(device.serialNumber);
  const sts = emulator.client(STSClient, credentials);
  const { Credentials } = await sts.send(new GetSessionTokenCommand({ SerialNumber: mfaSerial, TokenCode: authenticator(device).code() }));
  expect(Credentials?.SessionToken).toBeDefined();
});

it.each<[string, (made: NewDevice) => Promise<readonly [string, string]>]>([
  ["the codes are wrong", async (made) => [authenticator(made).wrongCode(), authenticator(made).wrongCode()]],
  ["nobody gives any", async () => Promise.reject(new Error("interrupted"))],
])("nothing is left behind when %s", async (_, activate) => {
  await createSecret();
  await expect(enrollAdmin("alice", clients, activate)).rejects.toThrow();
  const keys = await clients.iam.send(new ListAccessKeysCommand({ UserName: "alice" }));
  const devices = await clients.iam.send(new ListVirtualMFADevicesCommand({}));
  expect([keys.AccessKeyMetadata, devices.VirtualMFADevices]).toEqual([[], []]);
});

it("nothing is left behind when there is no secret to write to", async () => {
  const enrolling = enrollAdmin("alice", clients, (made) => authenticator(made).activationCodes());
  await expect(enrolling).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  const keys = await clients.iam.send(new ListAccessKeysCommand({ UserName: "alice" }));
  const enabled = await clients.iam.send(new ListMFADevicesCommand({ UserName: "alice" }));
  const devices = await clients.iam.send(new ListVirtualMFADevicesCommand({}));
  expect([keys.AccessKeyMetadata, enabled.MFADevices, devices.VirtualMFADevices]).toEqual([[], [], []]);
});
