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

/** Job, admin and reason as they were asked for. */
export function askedFor(input: unknown): z.output<typeof Asked> {
  const parsed = Asked.safeParse(input);
  return parsed.success ? parsed.data : {};
}

const Envelope = z.object({ Payload: z.object({ expiresAt: z.iso.datetime() }) });

/** When what the state's latest success issued ends, in milliseconds since the epoch; undefined where it issued nothing. */
export function issuedUntilMs({ visits }: Pick<RunView, "visits">, state: "ValidateMfa" | "RetrieveCredentials"): number | undefined {
  const issued = visits.findLast(({ name, taskOutput }) => name === state && taskOutput !== undefined);
  return issued === undefined ? undefined : Date.parse(Envelope.parse(issued.taskOutput).Payload.expiresAt);
}
