// The plan of a rotation as people read it, and, where there is none, why and what to do.

import {
  type AccessKey,
  type AdminCredentials,
  planRotation as plan,
  type RotationPlan,
  type RotationRefusal,
} from "../../core/key-rotation.ts";
import { adminSecretName } from "../../core/naming.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { duration, moment } from "../terminal.ts";

/**
 * Throws CommandFailed where nothing can be done, or not safely; UsageError where `drop` names no key that may go.
 * @param of.drop - a key that, as the caller knows, is not in use
 */
export function planRotation(state: AdminCredentials, of: { nowMs: number; drop?: string | undefined }): RotationPlan {
  const planned = plan(state, of);
  if (planned.kind === "refused") throw explained(planned, state, of.drop ?? "");
  return planned;
}

function explained(refusal: RotationRefusal, { admin, keys }: AdminCredentials, drop: string): Error {
  const anew = `keyturn admin remove ${admin}, then keyturn admin enroll ${admin}`;
  switch (refusal.because) {
    case "no-user":
      return new CommandFailed(`There is no user ${admin}: deploy the identity stack first (npx cdk deploy --all).`);
    case "no-secret":
      return new CommandFailed(`There is no secret ${adminSecretName(admin)}: deploy the keys stack first (npx cdk deploy --all).`);
    case "secret-being-deleted":
      return new CommandFailed(
        `The secret ${adminSecretName(admin)} is marked for deletion. An administrator of the account restores it with aws secretsmanager restore-secret --secret-id ${adminSecretName(admin)}.`,
      );
    case "no-device":
      return new CommandFailed(`${admin} has no MFA device, without which a key is of no use. For both: ${anew}.`);
    case "foreign-devices":
      return new CommandFailed(
        `${admin} has ${refusal.serialNumbers.length} MFA devices, none of them made by keyturn (${refusal.serialNumbers.join(", ")}). For one that is: ${anew}.`,
      );
    case "either-key":
      return new CommandFailed(
        [
          `${admin} has two keys, and the secret does not say which it holds: it was written by something other than keyturn, after both were made.`,
          ...refusal.candidates.map((key) => `  ${describeKey(key)}`),
          "Find out which is not in use (CloudTrail has GetSessionToken by the other), and give it to --drop.",
        ].join("\n"),
      );
    case "young-key":
      return new CommandFailed(
        `The key ${refusal.key.id} of ${admin} was made ${duration(refusal.ageMs)} ago and is not in the secret: somebody may be rotating or enrolling ${admin} right now. Run this again in ${duration(refusal.waitMs)}, or, if that was you and it has ended, with --drop ${refusal.key.id}.`,
      );
    case "drop-unknown":
      return new UsageError(`--drop ${drop} is no key of ${admin}, who has ${keys.map(({ id }) => id).join(", ") || "none"}.`);
    case "drop-in-use":
      return new UsageError(`--drop ${drop} is the key that the secret holds: it goes last.`);
    case "drop-stored":
      return new UsageError(`--drop ${drop} is the key that a scheduled rotation is about to put in force. Without --drop, this ends it.`);
    default:
      return refusal satisfies never;
  }
}

export const describeKey = ({ id, isActive, createdAtMs, lastUsedAtMs }: AccessKey): string =>
  `${id}, made ${moment(createdAtMs)}, ${lastUsedAtMs === undefined ? "never used" : `last used ${moment(lastUsedAtMs)}`}${isActive ? "" : ", inactive"}`;

/** The plan as people read it, a step a line. */
export function rotationSteps(plan: RotationPlan): readonly string[] {
  const deletes = plan.replaced.map((key) => `delete ${describeKey(key)}`);
  switch (plan.kind) {
    case "finish":
      return [`keep ${describeKey(plan.inUse)}: an earlier rotation has put it into the secret`, ...deletes];
    case "put-in-force":
      return [`put in force ${describeKey(plan.stored)}: a scheduled rotation has stored it in ${adminSecretName(plan.admin)}`, ...deletes];
    case "rotate":
      return [
        ...plan.first.map((key) => `delete ${describeKey(key)}, which is not in the secret`),
        "create a key, and prove that AWS knows it",
        `write it into ${adminSecretName(plan.admin)}, with the device ${plan.mfaSerial}`,
        ...deletes,
      ];
    default:
      return plan satisfies never;
  }
}
