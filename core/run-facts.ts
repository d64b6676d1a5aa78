// What an execution was started for, whichever form its input has and however far it came.

import * as z from "zod/mini";
import { reduced } from "./foreign-text.ts";
import { stateNames } from "./naming.ts";
import type { Order } from "./order.ts";
import { parseOrder } from "./order-form.ts";
import type { StateVisit } from "./run-history.ts";

export interface RunFacts {
  /** Absent where it was not admitted. */
  readonly order?: Order;
  /** As somebody asked for it; foreign text, made fit to be shown. */
  readonly asked: { readonly job?: string; readonly admin?: string; readonly reason?: string };
  /** Of a replay in a new execution. */
  readonly resumed?: { readonly run: string; readonly from: string };
}

const Answered = z.object({ Payload: z.unknown() });
const Resumed = z.object({ resume: z.object({ run: z.string(), from: z.string(), outputs: z.optional(z.unknown()) }) });

const nameMaxLength = 80;
const reasonMaxLength = 256;

/** `visits` up to the moment that is asked about; `input` is the execution's. */
export function runFacts({ input, visits }: { input: unknown; visits: readonly StateVisit[] }): RunFacts {
  const admitted = visits.findLast(({ name, taskOutput }) => name === stateNames.admitRun && taskOutput !== undefined);
  const resume = Resumed.safeParse(input).data?.resume;
  // A replay that takes its order over says nothing of it beside.
  const takenOver = member(resume?.outputs, stateNames.admitRun);
  const asked = {
    job: text(member(input, "job") ?? member(takenOver, "job"), nameMaxLength),
    admin: text(member(input, "admin") ?? member(takenOver, "admin"), nameMaxLength),
    reason: text(member(input, "reason"), reasonMaxLength),
  };
  return {
    ...(admitted === undefined ? {} : { order: parseOrder(Answered.parse(admitted.taskOutput).Payload) }),
    // Absent members, not undefined ones: these go into canonical JSON.
    asked: Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
    ...(resume === undefined ? {} : { resumed: { run: reduced(resume.run, nameMaxLength), from: reduced(resume.from, nameMaxLength) } }),
  };
}

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const text = (value: unknown, length: number): string | undefined => (typeof value === "string" ? reduced(value, length) : undefined);
