// The MFA step of GetSessionToken and AssumeRole: the device must be the caller's own, the code current and unspent.

import { AwsError } from "../../aws-error.ts";
import type { Caller } from "../../service.ts";
import type { IamStore, MfaDevice } from "../iam/store.ts";
import { acceptableStep } from "../iam/totp.ts";
import { checkText, codePattern, serialPattern } from "./validation.ts";

const denied = (message: string): AwsError => new AwsError("AccessDenied", message, { statusCode: 403 });

interface MfaInput {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}

/** Refuses malformed input, foreign devices and wrong codes; returns nothing where no MFA was offered. Changes nothing. */
export function checkMfa(
  input: MfaInput,
  of: { store: IamStore; caller: Caller; nowMs: number },
): { device: MfaDevice; step: number } | undefined {
  const { SerialNumber: serial, TokenCode: code } = input;
  checkText(serial, { member: "serialNumber", min: 9, max: 256, pattern: serialPattern });
  checkText(code, { member: "tokenCode", min: 6, max: 6, pattern: codePattern });
  if (serial === undefined && code === undefined) return undefined;
  if (serial === undefined || code === undefined)
    throw denied("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code. ");
  const device = of.store.mfaDevices.get(serial);
  if (device?.enabled === undefined || device.enabled.userName !== of.caller.userName)
    throw denied(
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    );
  const step = acceptableStep(device, code, of.nowMs);
  if (step === undefined) throw denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ");
  return { device, step };
}

/** The code is spent: neither it nor an older one is accepted again. */
export const spend = (accepted: { device: MfaDevice; step: number } | undefined): void => {
  if (accepted !== undefined) accepted.device.lastStep = accepted.step;
};
