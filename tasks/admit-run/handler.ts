// Lambda admit-run: parses and wires; it has no AWS client, because it may call nothing.

import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import { defineTask } from "../define-task.ts";
import { deployedJob, jsonText, parseEnvironment } from "../environment.ts";
import { admitRun } from "./task.ts";

const Environment = z.object({
  KEYTURN_PLAN: jsonText(z.record(z.string(), deployedJob)),
  KEYTURN_ADMINS: jsonText(z.array(z.string())),
});

// `run` and `input` are checked by the task, which names every fault; what the workflow itself adds is checked here.
const Input = z.object({ run: z.unknown(), startedAt: z.iso.datetime(), input: z.unknown() });

const environment = parseEnvironment(Environment, process.env);
const dependencies = { catalogue, admins: environment.KEYTURN_ADMINS, plan: environment.KEYTURN_PLAN };

export const handler = defineTask({
  state: stateNames.admitRun,
  parse: (event) => Input.parse(event),
  perform: async (input) => admitRun(input, dependencies),
  describe: ({ job, admin, digest, credentialSeconds }) => ({ job, admin, digest, credentialSeconds }),
});
