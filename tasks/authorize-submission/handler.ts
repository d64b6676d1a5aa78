// Lambda authorize-submission: parses and wires KMS, of which it may use ReEncrypt alone.

import { KMSClient } from "@aws-sdk/client-kms";
import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import { parseOrder } from "../../core/order-form.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import { defineTask } from "../define-task.ts";
import { deployedJob, jsonText, parseEnvironment } from "../environment.ts";
import { rewrapWith } from "../relay.ts";
import { authorizeSubmission } from "./task.ts";

const Environment = z.object({
  KEYTURN_CREDENTIALS_KEY: z.string(),
  KEYTURN_PLAN: jsonText(z.record(z.string(), z.extend(deployedJob, { jobKey: z.string() }))),
});

const Input = z.object({ order: z.optional(z.unknown()), credentials: z.optional(z.unknown()), expiresAt: z.optional(z.unknown()) });

const environment = parseEnvironment(Environment, process.env);

const dependencies = {
  catalogue,
  plan: environment.KEYTURN_PLAN,
  rewrap: rewrapWith(new KMSClient({})),
  credentialsKey: environment.KEYTURN_CREDENTIALS_KEY,
};

export const handler = defineTask({
  state: stateNames.authorizeSubmission,
  parse: (event) => {
    const { order, credentials, expiresAt } = Input.parse(event);
    return { order: parseOrder(order), credentials, expiresAt };
  },
  perform: (input) => authorizeSubmission(input, dependencies),
  describe: ({ submission: { JobName, JobDefinition } }) => ({ JobName, JobDefinition }),
});
