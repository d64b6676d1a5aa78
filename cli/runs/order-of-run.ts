// What a run was started for, out of its history: the order once it is admitted, before that what somebody asked for.

import * as z from "zod";
import { stateNames } from "../../core/naming.ts";
import type { Order } from "../../core/order.ts";
import { parseOrder } from "../../core/order-form.ts";
import type { RunView } from "../local/follow-run.ts";

const Answered = z.object({ Payload: z.unknown() });

/** Of the latest admission; undefined before it, and where it was refused. */
export function orderOf({ visits }: Pick<RunView, "visits">): Order | undefined {
  const admitted = visits.findLast(({ name, taskOutput }) => name === stateNames.admitRun && taskOutput !== undefined);
  return admitted === undefined ? undefined : parseOrder(Answered.parse(admitted.taskOutput).Payload);
}

/** Somebody's input: anything may stand in it, so only these are read, and only as text. */
const Asked = z.object({
  job: z.string().optional().catch(undefined),
  admin: z.string().optional().catch(undefined),
  reason: z.string().optional().catch(undefined),
});

const Resumed = z.object({
  resume: z.object({ from: z.string(), outputs: z.object({ AdmitRun: Asked }).optional().catch(undefined) }),
});

/** Job, admin and reason as they were asked for; those of a replay may stand in the order that it takes over. */
export function askedFor(input: unknown): z.output<typeof Asked> {
  const parsed = Asked.safeParse(input);
  const asked = parsed.success ? parsed.data : {};
  const resumed = Resumed.safeParse(input);
  const order = resumed.success ? resumed.data.resume.outputs?.AdmitRun : undefined;
  return { ...order, ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) };
}

/** The state that a replay resumed at; null for any other execution. */
export function resumedFrom(input: unknown): string | null {
  const resumed = Resumed.safeParse(input);
  return resumed.success ? resumed.data.resume.from : null;
}
