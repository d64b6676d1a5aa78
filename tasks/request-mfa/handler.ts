// Lambda request-mfa: parses, wires SNS, publishes; the task token stays unread, for the answer comes from somebody else.

import { SNSClient } from "@aws-sdk/client-sns";
import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import { assertOrderIntact } from "../../core/order.ts";
import { parseOrder } from "../../core/order-form.ts";
import { defineTask } from "../define-task.ts";
import { parseEnvironment, wholeNumber } from "../environment.ts";
import { publishTo } from "../notification.ts";
import { reasonsToAsk, requestMfa } from "./task.ts";

const Environment = z.object({ KEYTURN_TOPIC_ARN: z.string(), KEYTURN_MAX_REFUSALS: wholeNumber, KEYTURN_LOCK_SECONDS: wholeNumber });

const Input = z.object({
  order: z.optional(z.unknown()),
  because: z.enum(reasonsToAsk),
  message: z.optional(z.string()),
  execution: z.string(),
  deadline: z.iso.datetime(),
});

const environment = parseEnvironment(Environment, process.env);
const lock = { maxRefusals: environment.KEYTURN_MAX_REFUSALS, seconds: environment.KEYTURN_LOCK_SECONDS };
const publish = publishTo(new SNSClient({}), environment.KEYTURN_TOPIC_ARN);

export const handler = defineTask({
  state: stateNames.requestMfa,
  parse: (event) => {
    const input = Input.parse(event);
    const order = parseOrder(input.order);
    assertOrderIntact(order);
    return { ...input, order };
  },
  perform: (input) =>
    requestMfa(input, {
      publish,
      nowMs: () => Date.now(),
      lock,
    }),
});
