// IAM's refusals, under its own codes and in its own words.

import { AwsError } from "../../aws-error.ts";

export type Kind = "user" | "group" | "role";

const capital = (kind: string): string => kind.charAt(0).toUpperCase() + kind.slice(1);

export const noSuch = (what: string): AwsError => new AwsError("NoSuchEntity", what, { statusCode: 404 });

export const noSuchEntity = (kind: Kind, name: string): AwsError => noSuch(`The ${kind} with name ${name} cannot be found.`);

export const noSuchPolicy = (arn: string): AwsError => noSuch(`Policy ${arn} does not exist or is not attachable.`);

export const alreadyExists = (kind: string, name: string): AwsError =>
  new AwsError("EntityAlreadyExists", `${capital(kind)} with name ${name} already exists.`, { statusCode: 409 });

export const deleteConflict = (mustFirst: string): AwsError =>
  new AwsError("DeleteConflict", `Cannot delete entity, must ${mustFirst} first.`, { statusCode: 409 });

export const limitExceeded = (message: string): AwsError => new AwsError("LimitExceeded", message, { statusCode: 409 });

export const quotaExceeded = (quota: string, limit: number): AwsError => limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);

export const validationError = (message: string): AwsError => new AwsError("ValidationError", message);

/** A member that the operation cannot do without. */
export function required<T>(value: T | undefined, member: string): T {
  if (value === undefined)
    throw validationError(`1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`);
  return value;
}

const namePattern = /^[\w+=,.@-]+$/;

export function checkedName(value: string | undefined, of: { member: string; max: number }): string {
  const name = required(value, of.member);
  if (name.length > of.max)
    throw validationError(
      `1 validation error detected: Value '${name}' at '${of.member}' failed to satisfy constraint: Member must have length less than or equal to ${of.max}`,
    );
  if (!namePattern.test(name))
    throw validationError(
      `The specified value for ${of.member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  return name;
}

export function checkedPath(path: string | undefined): string {
  if (path === undefined) return "/";
  if (!/^\/(?:[\u0021-\u007F]+\/)?$/.test(path) || path.length > 512)
    throw validationError(
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    );
  return path;
}
