// A person's authenticator app for tests: its codes come from the emulator's clock.

import { CreateVirtualMFADeviceCommand, EnableMFADeviceCommand, type IAMClient } from "@aws-sdk/client-iam";
import { Secret, TOTP } from "otpauth";
import type { MovableClock } from "../../emulator/clock.ts";

const stepMs = 30_000;

export interface Authenticator {
  readonly serialNumber: string;
  /** Base 32. */
  readonly seed: string;
  code(atMs: number): string;
}

export const authenticatorOf = (serialNumber: string, seed: string): Authenticator => {
  const totp = new TOTP({ secret: Secret.fromBase32(seed) });
  return { serialNumber, seed, code: (atMs) => totp.generate({ timestamp: atMs }) };
};

/** Gives the user a virtual device and enables it; the clock has then moved past the two codes that this took. */
export async function enableAuthenticator(iam: IAMClient, of: { userName: string; clock: MovableClock }): Promise<Authenticator> {
  const { VirtualMFADevice: device } = await iam.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: of.userName }));
  const authenticator = authenticatorOf(device?.SerialNumber ?? "", new TextDecoder().decode(device?.Base32StringSeed));
  const nowMs = of.clock.now();
  await iam.send(
    new EnableMFADeviceCommand({
      UserName: of.userName,
      SerialNumber: authenticator.serialNumber,
      AuthenticationCode1: authenticator.code(nowMs),
      AuthenticationCode2: authenticator.code(nowMs + stepMs),
    }),
  );
  await of.clock.advance(2 * stepMs);
  return authenticator;
}
