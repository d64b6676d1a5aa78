// What a rotation by schedule says when it does not go on: for its log, and for whoever asks why a rotation failed.

import { KeyturnError } from "../../core/errors.ts";
import type { KeyProof } from "../../core/key-proof.ts";
import type { RotationRefusal } from "../../core/key-rotation.ts";
import { adminSecretName } from "../../core/naming.ts";

/** As things are, there is nothing to rotate; it stays so until somebody does something. */
export const refused = (admin: string, because: string, wayOut: string): KeyturnError =>
  new KeyturnError("RotationRefused", `${admin} ${because}. Nothing was changed. The way out: ${wayOut}.`, { facts: { admin } });

export const overtaken = (admin: string, because: string): KeyturnError =>
  new KeyturnError(
    "RotationOvertaken",
    `This rotation of ${admin}'s key does not go on: ${because}. The key in force works on. See keyturn admin list.`,
    { facts: { admin } },
  );

export const newKeyUnknown = (admin: string, because: Extract<KeyProof, { proved: false }>["because"]): KeyturnError =>
  new KeyturnError(
    "NewKeyUnknown",
    because === "unknown"
      ? `STS did not come to know the new key of ${admin} within a minute. It was deleted, and the secret holds what it held.`
      : `The new key of ${admin} signs as ${because.signsAs}. It was deleted, and the secret holds what it held.`,
    { facts: { admin } },
  );

export function refusedBy(refusal: RotationRefusal, admin: string): KeyturnError {
  const anew = `keyturn admin remove ${admin}, then keyturn admin enroll ${admin}`;
  switch (refusal.because) {
    case "no-user":
      return refused(admin, "has no user", "npx cdk deploy --all");
    case "no-secret":
      return refused(admin, "has no secret", "npx cdk deploy --all");
    case "secret-being-deleted":
      return refused(
        admin,
        "has a secret that is marked for deletion",
        `aws secretsmanager restore-secret --secret-id ${adminSecretName(admin)}`,
      );
    case "no-device":
      return refused(admin, "has no MFA device, without which a key is of no use", anew);
    case "foreign-devices":
      return refused(admin, "has MFA devices, none of which keyturn made", anew);
    case "either-key":
      return refused(admin, "has two keys, either of which the secret may hold", `keyturn admin rotate ${admin}`);
    case "young-key":
      return new KeyturnError(
        "RotationUnderWay",
        `The key ${refusal.key.id} of ${admin} was made ${Math.round(refusal.ageMs / 1000)} s ago and is not in the secret: somebody may be rotating or enrolling ${admin} right now. Nothing was changed; in ${Math.ceil(refusal.waitMs / 1000)} s a rotation takes it for left over.`,
        { facts: { admin, waitSeconds: Math.ceil(refusal.waitMs / 1000) } },
      );
    case "drop-unknown":
    case "drop-in-use":
    case "drop-stored":
      throw new Error("A rotation by schedule drops no key of somebody's choice.");
    default:
      return refusal satisfies never;
  }
}
