// A function goes by a name, a partial ARN or an ARN, each with or without a version or alias: parsed here, once.

import { AwsError } from "../../aws-error.ts";

export interface FunctionReference {
  readonly name: string;
  /** A version or an alias; absent means `$LATEST`. */
  readonly qualifier?: string;
}

const form =
  /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9_-]+)(?::(?<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$/;

/** Throws AWS's ValidationException for what is none of the forms, or names two qualifiers. */
export function parseFunctionName(text: string | undefined, qualifier?: string): FunctionReference {
  const groups = form.exec(text ?? "")?.groups;
  const name = groups?.["name"];
  if (name === undefined || name.length > 64) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:aws[a-zA-Z-]*:lambda:[a-z]{2}(-gov)?-[a-z]+-\\d{1}:\\d{12}:function:)?[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?`,
    );
  }
  const inName = groups?.["qualifier"];
  if (inName !== undefined && qualifier !== undefined && inName !== qualifier) {
    throw new AwsError(
      "InvalidParameterValueException",
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  const chosen = qualifier ?? inName;
  return chosen === undefined ? { name } : { name, qualifier: chosen };
}

export const functionArn = (of: { region: string; account: string }, { name, qualifier }: FunctionReference): string =>
  `arn:aws:lambda:${of.region}:${of.account}:function:${name}${qualifier === undefined ? "" : `:${qualifier}`}`;
