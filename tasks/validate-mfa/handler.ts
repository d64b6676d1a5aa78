// Lambda validate-mfa: parses and wires DynamoDB, Secrets Manager, KMS and STS.

import { randomBytes } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod/mini";
import { stateNames } from "../../core/naming.ts";
import { parseOrder } from "../../core/order-form.ts";
import { defineTask } from "../define-task.ts";
import { parseEnvironment, wholeNumber } from "../environment.ts";
import { generateWith, unwrapWith } from "../relay.ts";
import { readAdminCredentialWith } from "./admin-credential.ts";
import { attemptStore } from "./attempt-store.ts";
import { askSts } from "./session-token.ts";
import { type ValidateMfaDependencies, validateMfa } from "./task.ts";

const Environment = z.object({
  KEYTURN_ATTEMPTS_TABLE: z.string(),
  KEYTURN_CODE_KEY: z.string(),
  KEYTURN_SESSION_KEY: z.string(),
  KEYTURN_MAX_REFUSALS: wholeNumber,
  KEYTURN_LOCK_SECONDS: wholeNumber,
  KEYTURN_SESSION_SECONDS: wholeNumber,
});

// An answer without a code is the task's to refuse, so that the run asks again.
const Input = z.object({ order: z.optional(z.unknown()), mfaCode: z.optional(z.unknown()) });

const environment = parseEnvironment(Environment, process.env);
const kms = new KMSClient({});

const dependencies: ValidateMfaDependencies = {
  attempts: attemptStore(new DynamoDBClient({}), environment.KEYTURN_ATTEMPTS_TABLE),
  readCredential: readAdminCredentialWith(new SecretsManagerClient({})),
  askSts,
  generate: generateWith(kms),
  unwrap: unwrapWith(kms),
  keys: { code: environment.KEYTURN_CODE_KEY, session: environment.KEYTURN_SESSION_KEY },
  lock: { maxRefusals: environment.KEYTURN_MAX_REFUSALS, lockSeconds: environment.KEYTURN_LOCK_SECONDS },
  sessionSeconds: environment.KEYTURN_SESSION_SECONDS,
  nowMs: () => Date.now(),
  randomBytes,
};

export const handler = defineTask({
  state: stateNames.validateMfa,
  parse: (event) => {
    const { order, mfaCode } = Input.parse(event);
    return { order: parseOrder(order), mfaCode };
  },
  perform: (input) => validateMfa(input, dependencies),
  describe: ({ expiresAt }) => ({ expiresAt }),
});
