// Goes on with a run in a new execution, which takes over what the earlier states returned.

import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { executionName, outputsNeeded, type ResumableState } from "../../core/resume.ts";
import type { RunView } from "../local/follow-run.ts";
import { sealCode } from "../one-time-code.ts";
import { CommandFailed } from "../outcome.ts";
import type { Operator } from "./operator-session.ts";
import { askedFor } from "./order-of-run.ts";
import { outputsOf } from "./outputs-of-run.ts";
import { executionNamed, type RunExecution } from "./run-execution.ts";

export interface Resuming {
  readonly of: RunExecution;
  /** Of the execution that is replayed. */
  readonly view: RunView;
  readonly from: ResumableState;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
}

/** Throws CommandFailed where somebody else has just done the same. */
export async function resumeRun(resuming: Resuming, operator: Operator): Promise<RunExecution> {
  const { run, number } = resuming.of;
  const name = executionName(run, number + 1);
  const { stateMachineArn, sfn, session } = operator;
  try {
    await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(await inputOf(resuming, operator)) }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "ExecutionAlreadyExists")) throw error;
    throw new CommandFailed(`Somebody else has just replayed run ${run}. See keyturn status ${run}${session.flags}`, { cause: error });
  }
  return executionNamed(name);
}

async function inputOf({ of, view, from, code, reason }: Resuming, { kms }: Operator): Promise<object> {
  const { run } = of;
  const admin = outputsOf(view).AdmitRun?.admin ?? askedFor(view.input).admin;
  return {
    ...(from === "AdmitRun" ? { ...askedAnew(view), resume: { run, from } } : { resume: { run, from, outputs: takenOver(view, from) } }),
    ...(reason === undefined ? {} : { reason }),
    ...(code === undefined || admin === undefined ? {} : { mfaCode: await sealCode(code, { kms, run, admin }) }),
  };
}

function takenOver(view: RunView, from: ResumableState): object {
  const outputs = outputsOf(view);
  const needed = outputsNeeded[from].map((state) => [state, state in outputs ? outputs[state] : undefined] as const);
  return Object.fromEntries(needed);
}

/** The order's words where the run was admitted before; else what somebody asked for, whatever it is: AdmitRun judges it. */
function askedAnew(view: RunView): object {
  const { AdmitRun: order } = outputsOf(view);
  const asked = order ?? view.input;
  if (typeof asked !== "object" || asked === null) return {};
  const taken = ["job", "admin", "parameters", "reason"];
  return Object.fromEntries(Object.entries(asked).filter(([name]) => taken.includes(name)));
}
