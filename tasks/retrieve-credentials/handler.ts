// Lambda retrieve-credentials: parses and wires KMS and STS.

import { randomBytes } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import { parseOrder } from "../../core/order-form.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import { defineTask } from "../define-task.ts";
import { jsonText, parseEnvironment } from "../environment.ts";
import { generateWith, unwrapWith } from "../relay.ts";
import { assumeRole } from "./assume-role.ts";
import { type RetrieveCredentialsDependencies, retrieveCredentials } from "./task.ts";

const JobPlace = z.object({ partition: z.string(), account: z.string(), region: z.string(), bucketArn: z.string() });

const Environment = z.object({
  KEYTURN_SESSION_KEY: z.string(),
  KEYTURN_CREDENTIALS_KEY: z.string(),
  KEYTURN_PLACES: jsonText(z.record(z.string(), JobPlace)),
});

const Input = z.object({ order: z.optional(z.unknown()), session: z.optional(z.unknown()) });

const environment = parseEnvironment(Environment, process.env);
const kms = new KMSClient({});

const dependencies: RetrieveCredentialsDependencies = {
  catalogue,
  places: environment.KEYTURN_PLACES,
  assumeRole,
  generate: generateWith(kms),
  unwrap: unwrapWith(kms),
  keys: { session: environment.KEYTURN_SESSION_KEY, credentials: environment.KEYTURN_CREDENTIALS_KEY },
  nowMs: () => Date.now(),
  randomBytes,
};

export const handler = defineTask({
  state: stateNames.retrieveCredentials,
  parse: (event) => {
    const { order, session } = Input.parse(event);
    return { order: parseOrder(order), session };
  },
  perform: (input) => retrieveCredentials(input, dependencies),
  describe: ({ expiresAt }) => ({ expiresAt }),
});
