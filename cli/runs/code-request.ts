// A run that waits for a one-time code: what it says about that, and how it is answered.

import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { stateNames } from "../../core/naming.ts";
import type { Order } from "../../core/order.ts";
import { parseOrder } from "../../core/order-form.ts";
import { type Because, reasonsToAsk } from "../../tasks/request-mfa/task.ts";
import type { RunView } from "../local/follow-run.ts";
import { sealCode } from "../one-time-code.ts";
import type { Operator } from "./operator-session.ts";

const Payload = z.object({
  Payload: z.object({
    order: z.unknown().transform(parseOrder),
    because: z.enum(reasonsToAsk),
    message: z.string().optional(),
    deadline: z.iso.datetime(),
    taskToken: z.string(),
  }),
});

export interface CodeRequest {
  readonly order: Order;
  readonly because: Because;
  /** Text of the error that led here. */
  readonly message?: string | undefined;
  readonly deadlineMs: number;
  /** Never shown: whoever has it may answer. */
  readonly taskToken: string;
}

/** What the run waits for now; undefined where it does not. */
export function codeRequestOf({ visits }: Pick<RunView, "visits">): CodeRequest | undefined {
  const visit = visits.at(-1);
  if (visit?.name !== stateNames.requestMfa || !visit.isWaiting) return undefined;
  const { deadline, ...request } = Payload.parse(visit.taskInput).Payload;
  // A redrive gives the wait its whole time again; what the request says of it counts from the state's first entry.
  return { ...request, deadlineMs: visit.taskTimesOutAtMs ?? Date.parse(deadline) };
}

/** Why the run waits, as one sentence. */
export function whyItWaits({ because, message, order }: CodeRequest): string {
  // Whoever reads it knows which run it is.
  if (message !== undefined) return message.replace(`Run ${order.run}: `, "").replace(/^./, (letter) => letter.toUpperCase());
  switch (because) {
    case "no-code":
      return "The run was started without a code.";
    case "replayed":
      return "The run is replayed, and what its last code opened is of no use any more.";
    case "refused":
      return "The code that was given was not accepted.";
    case "session-expired":
      return `What the last code opened has ended; ${order.job} needs a fresh one.`;
    default:
      return because satisfies never;
  }
}

/** Whether this answer came first; another one, a stop and the deadline close the question. */
export async function answerWith(code: string, { order, taskToken }: CodeRequest, { sfn, kms }: Operator): Promise<boolean> {
  const mfaCode = await sealCode(code, { kms, run: order.run, admin: order.admin });
  try {
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify({ mfaCode }) }));
    return true;
  } catch (error) {
    if (error instanceof Error && (error.name === "TaskTimedOut" || error.name === "TaskDoesNotExist")) return false;
    throw error;
  }
}
