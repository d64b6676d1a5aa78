// Gives a test's user an enabled virtual MFA device.

import { CreateVirtualMFADeviceCommand, EnableMFADeviceCommand, type IAMClient } from "@aws-sdk/client-iam";
import type { MovableClock } from "../../emulator/clock.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";

export interface EnabledDevice {
  readonly serialNumber: string;
  readonly authenticator: VirtualAuthenticator;
}

/** No code of the present or the future is spent by it. */
export async function enableDevice(iam: IAMClient, of: { userName: string; clock: MovableClock }): Promise<EnabledDevice> {
  const { VirtualMFADevice: device } = await iam.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: of.userName }));
  const serialNumber = device?.SerialNumber ?? "";
  const authenticator = new VirtualAuthenticator(new TextDecoder().decode(device?.Base32StringSeed), () => of.clock.now());
  const [AuthenticationCode1, AuthenticationCode2] = authenticator.activationCodes();
  await iam.send(
    new EnableMFADeviceCommand({ UserName: of.userName, SerialNumber: serialNumber, AuthenticationCode1, AuthenticationCode2 }),
  );
  return { serialNumber, authenticator };
}
