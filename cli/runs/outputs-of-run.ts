// What the states of a run returned, in its newest execution or, where that took it over, in the one before: what a replay can go on with.

import * as z from "zod";
import { stateNames } from "../../core/naming.ts";
import type { Order } from "../../core/order.ts";
import { parseOrder } from "../../core/order-form.ts";
import type { RunView } from "../local/follow-run.ts";

const ended = z.iso.datetime();
const Answered = z.object({ Payload: z.unknown() });
const Session = z.object({ session: z.string(), expiresAt: ended });
const Credentials = z.object({ credentials: z.string(), expiresAt: ended });

const TakenOver = z.object({
  resume: z.object({
    outputs: z
      .object({ AdmitRun: z.unknown().transform(parseOrder), ValidateMfa: Session.optional(), RetrieveCredentials: Credentials.optional() })
      .optional(),
  }),
});

export interface RunOutputs {
  /** Of the latest admission; absent before it, and where it was refused. */
  readonly AdmitRun?: Order | undefined;
  /** Envelopes that open for this run and order alone. */
  readonly ValidateMfa?: z.output<typeof Session> | undefined;
  readonly RetrieveCredentials?: z.output<typeof Credentials> | undefined;
}

export function outputsOf({ visits, input }: Pick<RunView, "visits" | "input">): RunOutputs {
  const answered = (state: string): unknown => {
    const visit = visits.findLast(({ name, taskOutput }) => name === state && taskOutput !== undefined);
    return visit === undefined ? undefined : Answered.parse(visit.taskOutput).Payload;
  };
  const own = {
    order: answered(stateNames.admitRun),
    session: answered(stateNames.validateMfa),
    credentials: answered(stateNames.retrieveCredentials),
  };
  const before = TakenOver.safeParse(input).data?.resume.outputs;
  return {
    AdmitRun: own.order === undefined ? before?.AdmitRun : parseOrder(own.order),
    ValidateMfa: own.session === undefined ? before?.ValidateMfa : Session.parse(own.session),
    RetrieveCredentials: own.credentials === undefined ? before?.RetrieveCredentials : Credentials.parse(own.credentials),
  };
}

/** When what the state issued last ends, in milliseconds since the epoch; undefined where it issued nothing. */
export function issuedUntilMs(view: Pick<RunView, "visits" | "input">, state: "ValidateMfa" | "RetrieveCredentials"): number | undefined {
  const issued = outputsOf(view)[state];
  return issued === undefined ? undefined : Date.parse(issued.expiresAt);
}
