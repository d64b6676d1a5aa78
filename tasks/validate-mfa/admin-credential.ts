// The admin's long-term access key, as Secrets Manager keeps it.

import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod/mini";
import { KeyturnError } from "../../core/errors.ts";
import { adminSecretName } from "../../core/naming.ts";

const AdminCredential = z.object({
  accessKeyId: z.string().check(z.regex(/^[A-Z0-9]{16,128}$/)),
  secretAccessKey: z.string().check(z.minLength(1)),
  mfaSerial: z.string().check(z.minLength(9)),
});

/** What keyturn admin remove leaves in the secret. */
const Removed = z.strictObject({ removed: z.literal(true) });

export type AdminCredential = Readonly<z.infer<typeof AdminCredential>>;

export type ReadAdminCredential = (admin: string) => Promise<AdminCredential>;

/** Throws `AdminUnknown` (no such secret) or `CredentialMissing` (a secret without a usable value). */
export const readAdminCredentialWith =
  (secrets: SecretsManagerClient): ReadAdminCredential =>
  async (admin) => {
    const reply = await secrets.send(new GetSecretValueCommand({ SecretId: adminSecretName(admin) })).catch((cause: unknown) => {
      throw explain(cause, admin);
    });
    return parseAdminCredential(reply.SecretString, admin);
  };

/** No cause is kept: a JSON error quotes the beginning of the text that it could not read, and that is the secret. */
function parseAdminCredential(text: string | undefined, admin: string): AdminCredential {
  let json: unknown;
  try {
    json = JSON.parse(text ?? "");
  } catch {
    json = undefined;
  }
  const parsed = AdminCredential.safeParse(json);
  if (parsed.success) return parsed.data;
  if (Removed.safeParse(json).success) throw credentialMissing(admin, `holds no key: ${admin} was removed`, { wayOut: enrols(admin) });
  throw credentialMissing(admin, "does not hold an access key with its MFA serial");
}

const mends = (admin: string): string =>
  `An IAM admin mends it with keyturn admin rotate ${admin}; for a new device, with keyturn admin remove ${admin} and keyturn admin enroll ${admin}.`;
const enrols = (admin: string): string => `An IAM admin enrols with keyturn admin enroll ${admin}.`;

/** @param of.wayOut - what to do, where an IAM admin of Keyturn's cannot simply write a new value */
export const credentialMissing = (admin: string, what: string, of: { cause?: unknown; wayOut?: string } = {}): KeyturnError =>
  new KeyturnError("CredentialMissing", `The secret ${adminSecretName(admin)} ${what}. ${of.wayOut ?? mends(admin)}`, {
    cause: of.cause,
    facts: { admin },
  });

function explain(cause: unknown, admin: string): unknown {
  if (!(cause instanceof Error)) return cause;
  if (cause.name === "InvalidRequestException") {
    // Nobody can write a value meanwhile.
    const wayOut = `An administrator of the account restores it with aws secretsmanager restore-secret --secret-id ${adminSecretName(admin)}.`;
    return credentialMissing(admin, "is marked for deletion", { cause, wayOut });
  }
  if (cause.name !== "ResourceNotFoundException") return cause;
  // One error name for two things; only the text tells a secret without a value from a secret that is not there.
  if (/staging label|secret value/i.test(cause.message)) {
    return credentialMissing(admin, `has no value yet: ${admin} is not enrolled`, { cause, wayOut: enrols(admin) });
  }
  return new KeyturnError(
    "AdminUnknown",
    `There is no secret ${adminSecretName(admin)}, which the keys stack makes: deploy that stack. ${enrols(admin)}`,
    { cause, facts: { admin } },
  );
}
