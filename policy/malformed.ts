// The one error for a policy that AWS would not have stored: evaluation refuses it, because skipping a statement could drop a Deny.

/**
 * A policy document, or one statement of it, that cannot be understood.
 *
 * `fault` is AWS's own wording where AWS has one (IAM answers it under the code `MalformedPolicyDocument`);
 * `where` names the statement: `statement 2 "AllowRead"`.
 */
export class MalformedPolicy extends Error {
  override readonly name = "MalformedPolicy";
  readonly fault: string;
  readonly where: string;

  constructor(fault: string, where: string, options?: { cause: unknown }) {
    super(`${fault} (in ${where}). Correct the policy; nothing was decided with it.`, options);
    this.fault = fault;
    this.where = where;
  }
}

/** `statement 2 "AllowRead"`: counted from 1, as people count. */
export const statementLabel = (index: number, sid?: string): string =>
  sid === undefined ? `statement ${index + 1}` : `statement ${index + 1} ${JSON.stringify(sid)}`;
