// An answer of AWS's that is an error: a code, a message, an HTTP status. The gateway writes it in the protocol of the call.

export class AwsError extends Error {
  readonly code: string;
  readonly statusCode: number;
  /** Further members of the modelled error shape, where it has any. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: { statusCode?: number; fields?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.statusCode = options.statusCode ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** The operation, parameter or feature is AWS's but is not modelled here; the message names it. */
export const notImplemented = (what: string): AwsError =>
  new AwsError("NotImplemented", `${what} is not modelled by this emulator (docs/emulator.md lists what is).`, { statusCode: 501 });

/** A member that AWS requires; refuses a call without it in the words of AWS's own validation. */
export function required<T>(value: T | null | undefined, member: string): T {
  if (value !== undefined && value !== null) return value;
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}
