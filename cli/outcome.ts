// How a command ends when it does not succeed; only cli/main.ts turns these into exit codes.

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Expected and explained: the message says what happened and what to do; no stack is shown. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** AWS refused the caller. */
export class Denied extends Error {
  override readonly name = "Denied";
}

export const exitCodes = { done: 0, failed: 1, usage: 2, denied: 3, waitingForMfa: 4 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const isExitCode = (value: unknown): value is ExitCode => Object.values(exitCodes).some((code) => code === value);
