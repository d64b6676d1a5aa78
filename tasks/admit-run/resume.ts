// Reads what a replay brings along from the execution that it replays. None of it is trusted: the order is composed anew and compared, and the
// envelopes open for that very order only.

import * as z from "zod/mini";
import { isKeyturnError } from "../../core/errors.ts";
import type { Order } from "../../core/order.ts";
import { parseOrder } from "../../core/order-form.ts";
import { executionName, executionOf, isReplayable, outputsNeeded, type ResumableState, resumableStates } from "../../core/resume.ts";
import { isRunId } from "../../core/run-id.ts";
import { isRecord, kindOf, quoted } from "./foreign-value.ts";

export interface Resume {
  /** The run that is replayed. */
  readonly run: string;
  readonly from: ResumableState;
  /** What the run was admitted with before; absent where it is admitted anew. */
  readonly order?: Order;
}

/** An envelope is some 2 kB, of which the most is STS's session token. */
const envelope = z.string().check(z.regex(/^kt1(\.[A-Za-z0-9_-]+){3}$/), z.maxLength(16_384));
const outputForms = {
  ValidateMfa: z.strictObject({ session: envelope, expiresAt: z.iso.datetime() }),
  RetrieveCredentials: z.strictObject({ credentials: envelope, expiresAt: z.iso.datetime() }),
};

const members = ["run", "from", "outputs"];

/** Undefined where there is a fault, which is then among `faults`. */
export function readResume(value: unknown, { execution, faults }: { execution: unknown; faults: string[] }): Resume | undefined {
  const before = faults.length;
  if (!isRecord(value)) {
    faults.push(`resume: must be a JSON object with ${members.join(", ")}, not ${kindOf(value)}`);
    return undefined;
  }
  faults.push(...unknownMembers(value, { of: "resume", takes: members }));
  const run = readRun(value["run"], { execution, faults });
  const from = readState(value["from"], faults);
  const order = from === undefined ? undefined : readOutputs(value["outputs"], { from, faults });
  if (order !== undefined && run !== undefined && order.run !== run) {
    faults.push(`resume.outputs.AdmitRun: is the order of run ${quoted(order.run)}, not of ${run}`);
  }
  if (run === undefined || from === undefined || faults.length > before) return undefined;
  return { run, from, ...(order === undefined ? {} : { order }) };
}

function readRun(value: unknown, { execution, faults }: { execution: unknown; faults: string[] }): string | undefined {
  if (!isRunId(value) || !isReplayable(value)) {
    faults.push("resume.run: must be the id of the run that is replayed, without the -r2 of a replay, and at most 76 characters long");
    return undefined;
  }
  const named = typeof execution === "string" ? executionOf(execution) : undefined;
  if (named?.run === value && named.number > 1) return value;
  faults.push(
    `resume.run: the execution that replays run ${value} must be named ${executionName(value, 2)}, or with the next number that is free`,
  );
  return undefined;
}

function readState(value: unknown, faults: string[]): ResumableState | undefined {
  const state = resumableStates.find((one) => one === value);
  if (state !== undefined) return state;
  const named = typeof value === "string" ? quoted(value) : value === undefined ? "nothing" : kindOf(value);
  const why = value === "RunJob" ? ": what it submits comes from AuthorizeSubmission alone, so resume there" : "";
  faults.push(`resume.from: ${named} is no state to resume at${why}; those are ${resumableStates.join(", ")}`);
  return undefined;
}

function readOutputs(value: unknown, { from, faults }: { from: ResumableState; faults: string[] }): Order | undefined {
  const needed: readonly ResumableState[] = outputsNeeded[from];
  if (needed.length === 0) {
    if (value !== undefined) faults.push(`resume.outputs: ${from} needs none; leave them out`);
    return undefined;
  }
  const takes = `${from} needs those of ${needed.join(" and ")}`;
  if (!isRecord(value)) {
    faults.push(`resume.outputs: ${value === undefined ? "missing" : `must be a JSON object, not ${kindOf(value)}`}; ${takes}`);
    return undefined;
  }
  faults.push(...unknownMembers(value, { of: "resume.outputs", takes: needed }));
  let order: Order | undefined;
  for (const state of needed) {
    const output = Object.hasOwn(value, state) ? value[state] : undefined;
    if (output === undefined) faults.push(`resume.outputs.${state}: missing; ${takes}`);
    else if (state === "AdmitRun") order = readOrder(output, faults);
    else if ((state === "ValidateMfa" || state === "RetrieveCredentials") && !outputForms[state].safeParse(output).success) {
      faults.push(`resume.outputs.${state}: is not what ${state} returned; take it from the history of the execution that is replayed`);
    }
  }
  return order;
}

function readOrder(value: unknown, faults: string[]): Order | undefined {
  try {
    return parseOrder(value);
  } catch (error) {
    if (!isKeyturnError(error, "OrderMismatch")) throw error;
    faults.push("resume.outputs.AdmitRun: is not what AdmitRun returned; take it from the history of the execution that is replayed");
    return undefined;
  }
}

export const unknownMembers = (value: object, { of, takes }: { of?: string; takes: readonly string[] }): string[] =>
  Object.keys(value)
    .filter((name) => !takes.includes(name))
    .map((name) => `${of === undefined ? "" : `${of}.`}${quoted(name)}: unknown field; ${of ?? "a run"} takes ${takes.join(", ")}`);

/** Every member in which the order that would be admitted now differs from the one that was; undefined where the digests are the same. */
export function orderChanges(before: Order, now: Order): string | undefined {
  if (before.digest === now.digest) return undefined;
  const subject = ["job", "admin", "parameters", "command", "jobDefinition"] as const;
  const differing = subject.filter((member) => JSON.stringify(before[member]) !== JSON.stringify(now[member]));
  const what = differing.length > 1 ? `${differing.join(", ")} differ` : `${differing[0] ?? "its digest"} differs`;
  return `resume.outputs.AdmitRun: ${what} from what would be admitted now, and an approval is for one order; resume at AdmitRun, with a new code`;
}
