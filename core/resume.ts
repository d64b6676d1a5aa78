// A replay in a new execution: what it is called, and where in the workflow it can begin.

import { stateNames } from "./naming.ts";
import { runIdMaxLength } from "./run-id.ts";

/** The first execution of a run has its id for a name; its replays are numbered from 2. */
const name = /^(?<run>.+)-r(?<number>[2-9]|[1-9][0-9])$/;

export const mostExecutions = 99;

/** Of a run that is to be replayed, so that every replay's name fits. */
const longestReplayable = runIdMaxLength - `-r${mostExecutions}`.length;

export const isReplayable = (run: string): boolean => run.length <= longestReplayable && !name.test(run);

/** `<run>-r2` for the second execution of a run. */
export const executionName = (run: string, number: number): string => (number === 1 ? run : `${run}-r${number}`);

/** The run that an execution of this name belongs to, and which of its executions it is. */
export function executionOf(executionName: string): { readonly run: string; readonly number: number } {
  const { run, number } = name.exec(executionName)?.groups ?? {};
  return run === undefined ? { run: executionName, number: 1 } : { run, number: Number(number) };
}

/**
 * Where a new execution can begin, in the workflow's order. RunJob is not among them: what is submitted comes from AuthorizeSubmission alone,
 * never from an input.
 */
export const resumableStates = [
  stateNames.admitRun,
  stateNames.requestMfa,
  stateNames.validateMfa,
  stateNames.retrieveCredentials,
  stateNames.authorizeSubmission,
] as const;

export type ResumableState = (typeof resumableStates)[number];

/** Outputs of the earlier execution that a new one takes over, by the state that it resumes at; no others are looked at. */
export const outputsNeeded = {
  AdmitRun: [],
  RequestMfa: ["AdmitRun"],
  ValidateMfa: ["AdmitRun"],
  RetrieveCredentials: ["AdmitRun", "ValidateMfa"],
  AuthorizeSubmission: ["AdmitRun", "RetrieveCredentials"],
} as const satisfies Record<ResumableState, readonly ResumableState[]>;
