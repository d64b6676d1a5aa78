// What a replay would do, said beforehand: how it goes on, which states are kept, which run again, and whether somebody must give a code.

import { stateNames } from "../../core/naming.ts";
import { isReplayable, mostExecutions, type ResumableState } from "../../core/resume.ts";
import type { RunView } from "../local/follow-run.ts";
import { moment } from "../terminal.ts";
import { type CodeNeed, codeNeed } from "./code-need.ts";
import { resumedFrom } from "./order-of-run.ts";
import { outputsOf } from "./outputs-of-run.ts";
import type { RunExecution } from "./run-execution.ts";
import { startAnew } from "./start-anew.ts";

export type ReplayPlan =
  | {
      readonly possible: true;
      /** In the same execution, where it failed; or in a new one that takes over what the earlier states returned. */
      readonly way: "redrive" | "resume";
      /** Why it cannot be a redrive; absent where it is one. */
      readonly why?: string;
      readonly resumesAt: ReplayState;
      readonly states: readonly PlannedState[];
      readonly code: CodeNeed;
    }
  | { readonly possible: false; readonly why: string; readonly instead: readonly string[] };

interface PlannedState {
  readonly name: string;
  readonly does: "kept" | "runs again" | "runs";
}

/** Task states in the workflow's order. */
export const replayStates = [
  stateNames.admitRun,
  stateNames.requestMfa,
  stateNames.validateMfa,
  stateNames.retrieveCredentials,
  stateNames.authorizeSubmission,
  stateNames.runJob,
] as const;

export type ReplayState = (typeof replayStates)[number];

export interface ReplayFacts {
  readonly of: RunExecution;
  readonly view: RunView;
  /** In Step Functions' words, where it would refuse to redrive. */
  readonly refusal?: string | undefined;
  /** The state machine is not the one that the run was started with. */
  readonly hasOtherDefinition: boolean;
  /** ARN of the job's definition that a new run would use; undefined where there is none. */
  readonly jobDefinition: string | undefined;
  readonly nowMs: number;
  /** To append to command lines. */
  readonly flags: string;
  /** The state that somebody wants to go on at. */
  readonly from?: ReplayState | undefined;
  /** Also a run that succeeded. */
  readonly isForced?: boolean;
}

export function planReplay(facts: ReplayFacts): ReplayPlan {
  const impossible = (why: string, ...instead: string[]): ReplayPlan => ({ possible: false, why, instead: [...instead, startAnew(facts)] });
  const { of, view, from, flags } = facts;
  const { run } = of;
  if (view.status === "RUNNING") {
    return {
      possible: false,
      why: `Run ${run} is still going.`,
      instead: [`keyturn status ${run}${flags}`, `keyturn stop ${run}${flags}`],
    };
  }
  const hasSucceeded = view.status === "SUCCEEDED";
  if (hasSucceeded && facts.isForced !== true) {
    return impossible(`Run ${run} has succeeded; nothing of it failed.`, `keyturn replay ${run}${flags} --force --reason "Why once more"`);
  }
  const failedAt = stateWhereItEnded(view);
  const at = (state: ReplayState): number => replayStates.indexOf(state);
  if (from !== undefined && at(from) > at(failedAt)) {
    return impossible(`Run ${run} never came to ${from}: it ended in ${failedAt}.`, `keyturn replay ${run}${flags} --plan`);
  }
  if (hasSucceeded && from !== undefined && at(from) > at("ValidateMfa")) {
    return impossible(
      `Run ${run} has succeeded, so what its code opened has served; once more takes a fresh code, and so no later state than ValidateMfa.`,
      `keyturn replay ${run}${flags} --force --reason "Why once more"`,
    );
  }
  if (view.failure?.name === "InvalidRun" && from === undefined) {
    return impossible(
      `AdmitRun refused what run ${run} was started with, and would again.`,
      `keyturn replay ${run}${flags} --from AdmitRun`,
    );
  }
  const admitted = outputsOf(view).AdmitRun;
  const isRedeployed = admitted !== undefined && facts.jobDefinition !== admitted.jobDefinition;
  if (isRedeployed && from !== undefined && from !== "AdmitRun") {
    return impossible(`${redeployed(facts)}, and an approval is for one order.`, `keyturn replay ${run}${flags} --from AdmitRun`);
  }
  const wanted = from ?? (admitted === undefined || isRedeployed ? "AdmitRun" : hasSucceeded ? "RequestMfa" : failedAt);
  const code = codeNeed(wanted, facts);
  const obstacle = whyNoRedrive(facts, { wanted, failedAt, isRedeployed, code });
  if (obstacle === undefined)
    return { possible: true, way: "redrive", resumesAt: wanted, code, states: plannedStates(wanted, { view, code }) };
  if (!isReplayable(run)) return impossible(`${obstacle} And a run id of more than 76 characters leaves no room for a replay's number.`);
  if (of.number >= mostExecutions) return impossible(`Run ${run} has had ${mostExecutions} executions, and there is no name for more.`);
  const resumesAt = whereNewOneBegins(wanted, code);
  return { possible: true, way: "resume", why: obstacle, resumesAt, code, states: plannedStates(resumesAt, { view, code }) };
}

/** A replay that ended before it had come to where it was to resume, ended there for the next one. */
function stateWhereItEnded({ visits, input }: RunView): ReplayState {
  const last = visits.at(-1)?.name;
  const isBefore = last === undefined || last === stateNames.admitRun || last === stateNames.resumeAt;
  const name = isBefore ? resumedFrom(input) : last === stateNames.hasMfaCode ? stateNames.requestMfa : last;
  return replayStates.find((state) => state === name) ?? "AdmitRun";
}

/** What a new execution takes over begins with an envelope: without one that is still good it begins with the code. */
function whereNewOneBegins(wanted: ReplayState, code: CodeNeed): ResumableState {
  if (wanted === "AdmitRun") return wanted;
  if (code.needed) return "RequestMfa";
  // What RunJob submits comes from AuthorizeSubmission alone, never from an input.
  return wanted === "RunJob" ? "AuthorizeSubmission" : wanted;
}

/** Step Functions Developer Guide, "Redriving executions". */
const redrivableMs = 14 * 24 * 3600 * 1000;

/** Undefined where the state that failed can be resumed as it is. */
function whyNoRedrive(
  facts: ReplayFacts,
  of: { wanted: ReplayState; failedAt: ReplayState; isRedeployed: boolean; code: CodeNeed },
): string | undefined {
  const { of: execution, view, refusal, hasOtherDefinition, nowMs, from } = facts;
  const endedMs = view.endedAtMs ?? view.startedAtMs;
  if (view.status === "SUCCEEDED") return "It has succeeded, and is run once more because you said so.";
  if (nowMs - endedMs > redrivableMs) return `It ended on ${moment(endedMs)}, and Step Functions redrives an execution for 14 days.`;
  if (of.isRedeployed) return `${redeployed(facts)}.`;
  if (hasOtherDefinition) {
    return "The workflow has been deployed anew since: a redrive would play the old definition against today's roles and functions.";
  }
  if (from !== undefined && from !== of.failedAt) return `It ended in ${of.failedAt}, and you want it from ${from} on.`;
  if (of.code.needed) return "It cannot go on as it is, but with a fresh code, which a redrive does not take.";
  if (refusal !== undefined) return `Step Functions would refuse to redrive execution ${execution.execution}: ${refusal}.`;
  return undefined;
}

const revision = (arn: string | undefined): string => arn?.split(":").at(-1) ?? "";

function redeployed({ view, jobDefinition }: ReplayFacts): string {
  const { job, jobDefinition: before } = outputsOf(view).AdmitRun ?? {};
  if (jobDefinition === undefined) return `Job ${job} is not deployed any more`;
  return `The job has been deployed anew since: its definition was revision ${revision(before)}, and is ${revision(jobDefinition)} now`;
}

function plannedStates(resumesAt: ReplayState, { view, code }: { view: RunView; code: CodeNeed }): readonly PlannedState[] {
  const outputs = outputsOf(view);
  const takenOver = Object.entries(outputs).flatMap(([name, output]) => (output === undefined ? [] : [name]));
  const visited = new Set<string>([...view.visits.map(({ name }) => name), ...takenOver]);
  const first = replayStates.indexOf(resumesAt);
  return replayStates.flatMap((name, index): PlannedState[] => {
    const runs = index >= first && (code.needed || name !== stateNames.requestMfa);
    if (runs) return [{ name, does: visited.has(name) ? "runs again" : "runs" }];
    return visited.has(name) ? [{ name, does: "kept" }] : [];
  });
}
