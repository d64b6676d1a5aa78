// Lambda announce-end: takes an execution's end, reads its history, publishes.

import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import * as z from "zod/mini";
import { defineTask } from "../define-task.ts";
import { parseEnvironment } from "../environment.ts";
import { publishTo } from "../notification.ts";
import { historyReader } from "../read-history.ts";
import { announceEnd } from "./task.ts";

const Environment = z.object({ KEYTURN_TOPIC_ARN: z.string() });

const Input = z.strictObject({ execution: z.string(), status: z.enum(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]) });

const environment = parseEnvironment(Environment, process.env);
const publish = publishTo(new SNSClient({}), environment.KEYTURN_TOPIC_ARN);
const readHistory = historyReader(new SFNClient({}));

export const handler = defineTask({
  state: "AnnounceEnd",
  parse: (event) => Input.parse(event),
  perform: (end) => announceEnd(end, { readHistory, publish }),
});
