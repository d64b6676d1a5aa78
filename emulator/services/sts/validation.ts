// The limits that STS puts on its parameters, refused in the words of AWS's validation.

import { AwsError } from "../../aws-error.ts";

export const validationError = (message: string): AwsError => new AwsError("ValidationError", message);

const constraint = (value: string, member: string, rule: string): AwsError =>
  validationError(`1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must ${rule}`);

export function checkText(value: string | undefined, of: { member: string; min: number; max: number; pattern: RegExp }): void {
  if (value === undefined) return;
  if (value.length < of.min) throw constraint(value, of.member, `have length greater than or equal to ${of.min}`);
  if (value.length > of.max) throw constraint(value, of.member, `have length less than or equal to ${of.max}`);
  if (!of.pattern.test(value))
    throw constraint(value, of.member, `satisfy regular expression pattern: ${of.pattern.source.replace(/^\^|\$$/g, "")}`);
}

export function checkSeconds(value: number, of: { member: string; min: number; max: number }): void {
  if (value < of.min) throw constraint(String(value), of.member, `have value greater than or equal to ${of.min}`);
  if (value > of.max) throw constraint(String(value), of.member, `have value less than or equal to ${of.max}`);
}

export const namePattern = /^[\w+=,.@-]*$/;
export const externalIdPattern = /^[\w+=,.@:/-]*$/;
export const codePattern = /^[\d]*$/;
export const serialPattern = /^[\w+=/:,.@-]*$/;
