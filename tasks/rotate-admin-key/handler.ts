// Lambda rotate-admin-key, invoked by Secrets Manager: parses the step and wires IAM, Secrets Manager and STS.

import { setTimeout as sleep } from "node:timers/promises";
import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod/mini";
import { adminSecretName } from "../../core/naming.ts";
import { defineTask } from "../define-task.ts";
import { jsonText, parseEnvironment, wholeNumber } from "../environment.ts";
import { adminAccount } from "./admin-account.ts";
import { rotateAdminKey, steps } from "./task.ts";

const Environment = z.object({
  KEYTURN_ADMINS: jsonText(z.array(z.string())),
  KEYTURN_PROOF_PAUSE_MS: wholeNumber,
  KEYTURN_SETTLE_MS: wholeNumber,
});

/** `RotationToken` is for functions that rotate under a role of another account; this one does not look at it. */
const Input = z.object({ Step: z.enum(steps), SecretId: z.string(), ClientRequestToken: z.string() });

/** Secrets Manager adds a hyphen and six characters to the name. */
const secretArn = new RegExp(`:secret:${adminSecretName("([a-z][a-z0-9-]*)")}-[A-Za-z0-9]{6}$`);

const environment = parseEnvironment(Environment, process.env);
const account = adminAccount({ iam: new IAMClient({}), secrets: new SecretsManagerClient({}) });

export const handler = defineTask({
  state: "RotateAdminKey",
  parse: (event) => {
    const { Step: step, SecretId, ClientRequestToken: token } = Input.parse(event);
    const [, admin] = secretArn.exec(SecretId) ?? [];
    if (admin === undefined) throw new Error("Secrets Manager asks to rotate a secret that is no admin's.");
    return { step, token, admin, secretArn: SecretId };
  },
  perform: (input) =>
    rotateAdminKey(input, {
      admins: environment.KEYTURN_ADMINS,
      account,
      nowMs: () => Date.now(),
      pause: () => sleep(environment.KEYTURN_PROOF_PAUSE_MS),
      settle: () => sleep(environment.KEYTURN_SETTLE_MS),
    }),
  describe: (output) => ({ ...output }),
});
