// What a redrive would do, said beforehand: which states are kept, which run again, and whether somebody must give a code.

import { stateNames } from "../../core/naming.ts";
import type { RunView } from "../local/follow-run.ts";
import { duration, moment } from "../terminal.ts";
import { askedFor, issuedUntilMs, orderOf } from "./order-of-run.ts";

export type RedrivePlan =
  | {
      readonly possible: true;
      /** The state that failed, or was stopped in. */
      readonly resumesAt: string;
      readonly states: readonly PlannedState[];
      readonly code: { readonly needed: boolean; readonly why: string };
    }
  | { readonly possible: false; readonly why: string; readonly instead: readonly string[] };

interface PlannedState {
  readonly name: string;
  readonly does: "kept" | "runs again" | "runs";
}

export interface RedriveFacts {
  readonly run: string;
  readonly view: RunView;
  /** In Step Functions' words, where it would refuse. */
  readonly refusal?: string | undefined;
  /** The state machine is not the one that the run was started with. */
  readonly hasOtherDefinition: boolean;
  readonly nowMs: number;
  /** To append to command lines. */
  readonly flags: string;
}

/** Task states in the workflow's order. */
const inOrder: readonly string[] = [
  stateNames.admitRun,
  stateNames.requestMfa,
  stateNames.validateMfa,
  stateNames.retrieveCredentials,
  stateNames.authorizeSubmission,
  stateNames.runJob,
];

export function planRedrive(facts: RedriveFacts): RedrivePlan {
  const { view, refusal, hasOtherDefinition } = facts;
  const impossible = whyNot(facts);
  if (impossible !== undefined) return impossible;
  if (refusal !== undefined) return { possible: false, why: `Step Functions would refuse: ${refusal}.`, instead: [startAnew(facts)] };
  if (hasOtherDefinition) {
    return {
      possible: false,
      why: "The workflow has been deployed anew since: a redrive would play the old definition against today's roles and functions.",
      instead: [startAnew(facts)],
    };
  }
  const resumesAt = view.visits.at(-1)?.name ?? stateNames.admitRun;
  const code = codeNeed(resumesAt, facts);
  const first = code.needed && resumesAt !== stateNames.admitRun ? stateNames.requestMfa : resumesAt;
  const visited = new Set(view.visits.map(({ name }) => name));
  const states = inOrder.flatMap((name): PlannedState[] => {
    const runs = inOrder.indexOf(name) >= inOrder.indexOf(first) && (code.needed || name !== stateNames.requestMfa);
    if (runs) return [{ name, does: visited.has(name) ? "runs again" : "runs" }];
    return visited.has(name) ? [{ name, does: "kept" }] : [];
  });
  return { possible: true, resumesAt, states, code };
}

function whyNot({ run, view, nowMs, flags }: RedriveFacts): Extract<RedrivePlan, { possible: false }> | undefined {
  if (view.status === "RUNNING") {
    return {
      possible: false,
      why: `Run ${run} is still going.`,
      instead: [`keyturn status ${run}${flags}`, `keyturn stop ${run}${flags}`],
    };
  }
  const anew = startAnew({ view, flags });
  if (view.status === "SUCCEEDED") return { possible: false, why: `Run ${run} has succeeded; nothing of it failed.`, instead: [anew] };
  const endedMs = view.endedAtMs ?? view.startedAtMs;
  if (nowMs - endedMs > redrivableMs) {
    return {
      possible: false,
      why: `Run ${run} ended on ${moment(endedMs)}, and Step Functions redrives a run for 14 days.`,
      instead: [anew],
    };
  }
  return undefined;
}

/** Step Functions Developer Guide, "Redriving executions". */
const redrivableMs = 14 * 24 * 3600 * 1000;

/** The same once more, as a command line. */
function startAnew({ view, flags }: Pick<RedriveFacts, "view" | "flags">): string {
  const admitted = orderOf(view);
  const { job = "JOB", admin, reason } = admitted ?? askedFor(view.input);
  const parameters = Object.entries(admitted?.parameters ?? {}).map(([name, value]) => ` --param ${quoted(`${name}=${value}`)}`);
  return [
    `keyturn run ${job}`,
    ...(admin === undefined ? [] : [` --admin ${quoted(admin)}`]),
    ...parameters,
    ...(reason === undefined ? [] : [` --reason ${quoted(reason)}`]),
    flags,
  ].join("");
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function codeNeed(resumesAt: string, { view, nowMs }: RedriveFacts): { needed: boolean; why: string } {
  const yes = (why: string) => ({ needed: true, why });
  const no = (why: string) => ({ needed: false, why });
  switch (resumesAt) {
    case stateNames.admitRun:
      return yes("Nothing was admitted, so no code has opened anything; one in the run's input is too old by now.");
    case stateNames.hasMfaCode:
    case stateNames.requestMfa:
      return yes("The run asks for a code anew.");
    case stateNames.validateMfa:
      return yes("The code that was given is spent, or too old by now.");
    case stateNames.retrieveCredentials: {
      const untilMs = issuedUntilMs(view, "ValidateMfa");
      return untilMs !== undefined && untilMs > nowMs
        ? no(`The MFA session is good for ${duration(untilMs - nowMs)} more.`)
        : yes("The MFA session has ended.");
    }
    case stateNames.authorizeSubmission:
    case stateNames.runJob:
      return jobCredentials(view, nowMs);
    default:
      return yes(`${resumesAt} is a state that this keyturn does not know.`);
  }
}

/** RunJob submits only what the credentials outlive: the longest wait in the queue and every attempt. */
function jobCredentials(view: RunView, nowMs: number): { needed: boolean; why: string } {
  const untilMs = issuedUntilMs(view, "RetrieveCredentials");
  const admitted = orderOf(view);
  if (untilMs === undefined || admitted === undefined) return { needed: true, why: "No credentials were issued." };
  if (untilMs <= nowMs) return { needed: true, why: `The job's credentials ended on ${moment(untilMs)}.` };
  const neededMs = (admitted.queueSeconds + admitted.attempts * admitted.timeoutSeconds) * 1000;
  return untilMs >= nowMs + neededMs
    ? {
        needed: false,
        why: `The job's credentials are good for ${duration(untilMs - nowMs)} more, and it takes at most ${duration(neededMs)}.`,
      }
    : {
        needed: true,
        why: `The job's credentials are good for ${duration(untilMs - nowMs)} more, and the job may take ${duration(neededMs)}.`,
      };
}
