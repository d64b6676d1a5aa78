// What a person sees of a run while it goes on: one line per state as it is left, and what the run waits for.

import { stateNames } from "../../core/naming.ts";
import { errorMessage, type StateVisit } from "../../core/run-history.ts";
import type { RunView } from "../local/follow-run.ts";
import { type Colours, duration, moment, table, wrap } from "../terminal.ts";
import { type CodeRequest, whyItWaits } from "./code-request.ts";
import { jobIdsOf } from "./job-of-run.ts";
import { orderOf } from "./order-of-run.ts";

export interface Progress {
  note(text: string): void;
  /** Called with every look at the run; says each thing once. */
  seen(view: RunView): void;
  left(visit: StateVisit): void;
  request(request: CodeRequest): void;
}

const nameWidth = 21;
const roleWidth = 27;
const durationWidth = 9;

/** Columns that fit every state's name and role, and what went wrong below. */
export function stateLines(
  { name, role, durationMs, error }: { name: string; role: string; durationMs: number | null; error: string | null },
  { paint }: Colours,
): string {
  const took = durationMs === null ? "…" : duration(durationMs);
  const row = `  ${name.padEnd(nameWidth)}${role.padEnd(roleWidth)}${took.padStart(durationWidth)}`;
  return error === null ? row : `${row}\n    ${paint("yellow", wrap(error, { indent: 4 }))}`;
}

export const stateHeading = ({ paint }: Colours): string =>
  paint("dim", `  ${"STATE".padEnd(nameWidth)}${"INVOKED UNDER".padEnd(roleWidth)}${"TOOK".padStart(durationWidth)}`);

/** @param nowMs - AWS's clock */
export function humanProgress(nowMs: () => number, colours: Colours): Progress {
  const print = (text: string): void => console.log(text);
  const { paint } = colours;
  const said = new Set<string>();
  let hasHeading = false;
  const once = (text: string): void => {
    if (said.has(text)) return;
    said.add(text);
    print(`  ${paint("dim", wrap(text, { indent: 2 }))}`);
  };
  return {
    note: (text) => print(wrap(text)),
    seen: (view) => {
      for (const id of jobIdsOf(view)) once(`Batch job ${id}`);
    },
    left: (visit) => {
      const { name, role, enteredAtMs, leftAtMs = enteredAtMs, error } = visit;
      if (role === undefined) return;
      if (!hasHeading) print(stateHeading(colours));
      hasHeading = true;
      // A failed job's description is long, and what matters of it comes at the end.
      const told = error === undefined ? null : name === stateNames.runJob ? error.name : errorMessage(error);
      print(stateLines({ name, role, durationMs: leftAtMs - enteredAtMs, error: told }, colours));
      const order = name === stateNames.admitRun ? orderOf({ visits: [visit] }) : undefined;
      if (order !== undefined) once(`Admitted with job definition ${order.jobDefinition.split("/").at(-1)}.`);
    },
    request: (request) => print(requestText(request, colours, nowMs())),
  };
}

/** Who asked for what, why it waits, and until when. */
export function requestText(request: CodeRequest, { paint }: Colours, nowMs: number): string {
  const { order, deadlineMs } = request;
  const parameters = Object.entries(order.parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const rows = [
    ["job", order.job],
    ["parameters", parameters.length === 0 ? "none" : parameters.join(", ")],
    ["reason", order.reason ?? "none was given"],
    ["role", `${order.jobRole.split("/").at(-1)}, for at most ${duration(order.credentialSeconds * 1000)}`],
    ["revision", order.jobDefinition.split("/").at(-1) ?? ""],
    ["order", `digest ${order.digest.slice(0, 16)}…`],
    ["answer by", `${moment(deadlineMs)} (in ${duration(Math.max(0, deadlineMs - nowMs))})`],
    ["why", whyItWaits(request)],
  ];
  return `${paint("bold", `Run ${order.run} waits for a one-time code of ${order.admin}`)}\n${table(rows)}`;
}

const nothing = (): void => undefined;

/** For `--json`. */
export const silentProgress: Progress = { note: nothing, seen: nothing, left: nothing, request: nothing };
