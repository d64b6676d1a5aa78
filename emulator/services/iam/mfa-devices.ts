// Virtual MFA devices: a seed that only the person's authenticator and this service know, and codes that work once.

import type {
  CreateVirtualMFADeviceCommandInput,
  DeactivateMFADeviceCommandInput,
  DeleteVirtualMFADeviceCommandInput,
  EnableMFADeviceCommandInput,
  ListMFADevicesCommandInput,
  ListVirtualMFADevicesCommandInput,
  ResyncMFADeviceCommandInput,
} from "@aws-sdk/client-iam";
import { AwsError } from "../../aws-error.ts";
import { arnOf, ask, type IamAccount, operation, tagContext, tagList, tagMap, targetArn, userOf } from "./account.ts";
import { checkedName, checkedPath, noSuch, quotaExceeded, required } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { qrPng } from "./qr-png.ts";
import { devicesOf, type MfaDevice } from "./store.ts";
import { base32, consecutiveStep } from "./totp.ts";
import { namedOrCaller, userView } from "./users.ts";

const seedBytes = 40;
const devicesPerUser = 8;

function createDevice(iam: IamAccount, input: CreateVirtualMFADeviceCommandInput): MfaDevice {
  const name = checkedName(input.VirtualMFADeviceName, { member: "virtualMFADeviceName", max: 226 });
  const serialNumber = arnOf(iam, "mfa", checkedPath(input.Path), name);
  if (iam.store.mfaDevices.has(serialNumber))
    throw new AwsError("EntityAlreadyExists", "MFADevice entity at the same path and name already exists.", { statusCode: 409 });
  const device: MfaDevice = {
    serialNumber,
    name,
    seed: Uint8Array.from(iam.environment.randomBytes(seedBytes)),
    tags: tagMap(input.Tags),
    lastStep: -1,
  };
  iam.store.mfaDevices.set(serialNumber, device);
  return device;
}

function deviceOf(iam: IamAccount, serialNumber: string | undefined): MfaDevice {
  const device = iam.store.mfaDevices.get(required(serialNumber, "serialNumber"));
  if (device === undefined) throw noSuch(`VirtualMFADevice with serial number ${serialNumber} doesn't exist.`);
  return device;
}

/** The device, as long as it is this user's. */
function deviceOfUser(iam: IamAccount, userName: string | undefined, serialNumber: string | undefined): MfaDevice {
  const user = userOf(iam, userName);
  const device = deviceOf(iam, serialNumber);
  if (device.enabled?.userName !== user.name) throw noSuch("MFA Device invalid for user.");
  return device;
}

function acceptPair(
  device: MfaDevice,
  input: { AuthenticationCode1?: string | undefined; AuthenticationCode2?: string | undefined },
  nowMs: number,
): void {
  const codes = [
    required(input.AuthenticationCode1, "authenticationCode1"),
    required(input.AuthenticationCode2, "authenticationCode2"),
  ] as const;
  const step = consecutiveStep(device, codes, nowMs);
  if (step === undefined)
    throw new AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", { statusCode: 403 });
  device.lastStep = step;
}

export const mfaDeviceOperations = (iam: IamAccount) => {
  const onUser = (action: string, name: string | undefined) => [ask(action, targetArn(iam, "user", name))];
  return {
    CreateVirtualMFADevice: operation<CreateVirtualMFADeviceCommandInput>({
      permissions: (input) => [
        ask("CreateVirtualMFADevice", arnOf(iam, "mfa", input.Path ?? "/", input.VirtualMFADeviceName ?? ""), tagContext(input.Tags)),
      ],
      run(input) {
        const device = createDevice(iam, input);
        const seed = base32(device.seed);
        const uri = `otpauth://totp/Amazon%20Web%20Services:${device.name}@${iam.environment.account}?secret=${seed}&issuer=Amazon%20Web%20Services`;
        return {
          VirtualMFADevice: {
            SerialNumber: device.serialNumber,
            Base32StringSeed: new TextEncoder().encode(seed),
            QRCodePNG: qrPng(uri),
            ...(device.tags.size > 0 && { Tags: tagList(device.tags) }),
          },
        };
      },
    }),
    EnableMFADevice: operation<EnableMFADeviceCommandInput>({
      permissions: (input) => onUser("EnableMFADevice", input.UserName),
      run(input) {
        const user = userOf(iam, input.UserName);
        const device = deviceOf(iam, input.SerialNumber);
        if (device.enabled !== undefined) throw new AwsError("EntityAlreadyExists", "MFA Device is already in use.", { statusCode: 409 });
        if (devicesOf(iam.store, user.name).length >= devicesPerUser) throw quotaExceeded("MFADevicesPerUser", devicesPerUser);
        const nowMs = iam.environment.clock.now();
        acceptPair(device, input, nowMs);
        device.enabled = { userName: user.name, atMs: nowMs };
        return {};
      },
    }),
    ResyncMFADevice: operation<ResyncMFADeviceCommandInput>({
      permissions: (input) => onUser("ResyncMFADevice", input.UserName),
      run(input) {
        acceptPair(deviceOfUser(iam, input.UserName, input.SerialNumber), input, iam.environment.clock.now());
        return {};
      },
    }),
    DeactivateMFADevice: operation<DeactivateMFADeviceCommandInput>({
      permissions: (input, call) => onUser("DeactivateMFADevice", namedOrCaller(input.UserName, call)),
      run(input, call) {
        delete deviceOfUser(iam, namedOrCaller(input.UserName, call), input.SerialNumber).enabled;
        return {};
      },
    }),
    DeleteVirtualMFADevice: operation<DeleteVirtualMFADeviceCommandInput>({
      permissions: (input) => [ask("DeleteVirtualMFADevice", input.SerialNumber ?? "*")],
      run(input) {
        const device = deviceOf(iam, input.SerialNumber);
        if (device.enabled !== undefined)
          throw new AwsError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", { statusCode: 409 });
        iam.store.mfaDevices.delete(device.serialNumber);
        return {};
      },
    }),
    ListMFADevices: operation<ListMFADevicesCommandInput>({
      permissions: (input, call) => onUser("ListMFADevices", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        const { items, end } = pageOf(devicesOf(iam.store, user.name), input, ({ serialNumber }) => serialNumber);
        return {
          MFADevices: items.map(({ serialNumber, enabled }) => ({
            UserName: user.name,
            SerialNumber: serialNumber,
            EnableDate: new Date(enabled?.atMs ?? 0),
          })),
          ...end,
        };
      },
    }),
    ListVirtualMFADevices: operation<ListVirtualMFADevicesCommandInput>({
      permissions: () => [ask("ListVirtualMFADevices", arnOf(iam, "mfa", "/", ""))],
      run(input) {
        const wanted = [...iam.store.mfaDevices.values()].filter(
          ({ enabled }) =>
            input.AssignmentStatus === undefined ||
            input.AssignmentStatus === "Any" ||
            (input.AssignmentStatus === "Assigned") === (enabled !== undefined),
        );
        const { items, end } = pageOf(wanted, input, ({ serialNumber }) => serialNumber);
        return {
          VirtualMFADevices: items.map(({ serialNumber, enabled }) => ({
            SerialNumber: serialNumber,
            ...(enabled && { EnableDate: new Date(enabled.atMs), User: userView(userOf(iam, enabled.userName)) }),
          })),
          ...end,
        };
      },
    }),
  };
};
