// Lambda start-event-run: invoked by the EventBridge rules that jobs declare, with what was declared and the event as it came.

import { SFNClient } from "@aws-sdk/client-sfn";
import * as z from "zod/mini";
import { defineTask } from "../define-task.ts";
import { parseEnvironment } from "../environment.ts";
import { startRun } from "../start-run.ts";
import { startEventRun } from "./task.ts";

const Environment = z.object({ KEYTURN_STATE_MACHINE: z.string() });

const Input = z.pipe(
  z.strictObject({
    job: z.string(),
    name: z.string(),
    admin: z.string(),
    reason: z.string(),
    perHour: z.int().check(z.minimum(1)),
    parameters: z.record(z.string(), z.string()),
    ingestedAt: z.iso.datetime(),
    event: z.unknown(),
  }),
  z.transform(({ ingestedAt, ...rest }) => ({ ...rest, ingestedAtMs: Date.parse(ingestedAt) })),
);

const stateMachineArn = parseEnvironment(Environment, process.env).KEYTURN_STATE_MACHINE;
const sfn = new SFNClient({});

export const handler = defineTask({
  state: "StartEventRun",
  parse: (event) => Input.parse(event),
  perform: (input) => startEventRun(input, { start: (run, of) => startRun(run, { input: of, stateMachineArn, sfn }) }),
  describe: ({ run }) => ({ startedRun: run }),
});
