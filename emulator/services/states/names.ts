// Names and ARNs of Step Functions, and the answers to those that are none.

import { AwsError, notImplemented } from "../../aws-error.ts";

/** Characters that AWS takes in no name: white space, brackets, wildcards, special and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const refusedCharacters = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/;

/** State machines, executions and activities alike: 1 to 80 characters. */
export function assertName(name: string): void {
  if (name.length > 0 && name.length <= 80 && !refusedCharacters.test(name)) return;
  throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
}

const machineArn = /^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:(?<name>[^:]+)(?<qualifier>:.+)?$/;

/** Throws InvalidArn; versions and aliases are not modelled. */
export function assertStateMachineArn(arn: string | undefined): string {
  const groups = machineArn.exec(arn ?? "")?.groups;
  if (groups === undefined) throw invalidArn(arn);
  if (groups["qualifier"] !== undefined) throw notImplemented("A state machine's versions and aliases");
  return arn as string;
}

export const invalidArn = (arn: string | undefined): AwsError => new AwsError("InvalidArn", `Invalid Arn: '${arn ?? ""}'`);

export const invalidToken = (): AwsError => new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");

/** How many items a page has: 100 unless said otherwise, at most 1,000. */
export const pageLimit = (maxResults: number | undefined): number =>
  maxResults === undefined || maxResults === 0 ? 100 : Math.min(maxResults, 1000);
