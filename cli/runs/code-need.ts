// Whether a replay that goes on at a state needs a fresh code, and why.

import { stateNames } from "../../core/naming.ts";
import type { RunView } from "../local/follow-run.ts";
import { duration, moment } from "../terminal.ts";
import { issuedUntilMs, outputsOf } from "./outputs-of-run.ts";

export interface CodeNeed {
  readonly needed: boolean;
  readonly why: string;
}

const yes = (why: string): CodeNeed => ({ needed: true, why });
const no = (why: string): CodeNeed => ({ needed: false, why });

export function codeNeed(state: string, { view, nowMs }: { view: RunView; nowMs: number }): CodeNeed {
  switch (state) {
    case stateNames.admitRun:
      return yes("A code is for one order, and the run is admitted anew.");
    case stateNames.requestMfa:
      return yes("The run asks for a code anew.");
    case stateNames.validateMfa:
      return yes("The code that was given is spent, or too old by now.");
    case stateNames.retrieveCredentials: {
      const untilMs = issuedUntilMs(view, "ValidateMfa");
      if (untilMs === undefined) return yes("No MFA session was opened.");
      return untilMs > nowMs ? no(`The MFA session is good for ${duration(untilMs - nowMs)} more.`) : yes("The MFA session has ended.");
    }
    case stateNames.authorizeSubmission:
    case stateNames.runJob:
      return jobCredentials(view, nowMs);
    default:
      return yes(`${state} is a state that this keyturn does not know.`);
  }
}

/** RunJob submits only what the credentials outlive: the longest wait in the queue and every attempt. */
function jobCredentials(view: RunView, nowMs: number): CodeNeed {
  const untilMs = issuedUntilMs(view, "RetrieveCredentials");
  const admitted = outputsOf(view).AdmitRun;
  if (untilMs === undefined || admitted === undefined) return yes("No credentials were issued.");
  if (untilMs <= nowMs) return yes(`The job's credentials ended on ${moment(untilMs)}.`);
  const neededMs = (admitted.queueSeconds + admitted.attempts * admitted.timeoutSeconds) * 1000;
  const good = `The job's credentials are good for ${duration(untilMs - nowMs)} more`;
  return untilMs >= nowMs + neededMs
    ? no(`${good}, and it takes at most ${duration(neededMs)}.`)
    : yes(`${good}, and the job may take ${duration(neededMs)}.`);
}
