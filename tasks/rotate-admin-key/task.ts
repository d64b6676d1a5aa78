// The steps of a rotation by Secrets Manager. Each may be interrupted anywhere and run again, here or by keyturn admin: what was done stands in
// labels and in IAM, and the rules of core/key-rotation.ts read it off.

import { stage } from "../../core/admin-secret.ts";
import { proveKey } from "../../core/key-proof.ts";
import { planRotation, type RotationPlan } from "../../core/key-rotation.ts";
import { adminSecretLabel } from "../../core/naming.ts";
import type { AdminAccount, AdminState, NewKey, Rotated } from "./admin-account.ts";
import { newKeyUnknown, overtaken, refused, refusedBy } from "./failures.ts";

export const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

export interface RotateAdminKeyInput extends Rotated {
  readonly step: (typeof steps)[number];
}

export interface RotateAdminKeyDependencies {
  /** Of the configuration: whom this function rotates. */
  readonly admins: readonly string[];
  readonly account: AdminAccount;
  readonly nowMs: () => number;
  /** Between two calls that prove a key, and between two looks. */
  readonly pause: () => Promise<unknown>;
  /** Until a validation that has read the key before has come to its end. */
  readonly settle: () => Promise<unknown>;
}

export interface RotateAdminKeyOutput {
  readonly admin: string;
  readonly step: string;
  readonly outcome: "nothing-to-do" | "stored" | "stored-before" | "in-force";
}

export async function rotateAdminKey(input: RotateAdminKeyInput, dependencies: RotateAdminKeyDependencies): Promise<RotateAdminKeyOutput> {
  const { step, admin } = input;
  switch (step) {
    case "createSecret":
      return { admin, step, outcome: await createSecret(input, dependencies) };
    // The key works as soon as IAM has made it: there is no service that has to be told of it,
    case "setSecret":
    // and it was proved before it was stored, for it cannot be read afterwards. Secrets Manager also calls this when a schedule is made, of a
    // secret that holds nothing yet.
    case "testSecret":
      return { admin, step, outcome: "nothing-to-do" };
    case "finishSecret":
      return { admin, step, outcome: await finishSecret(input, dependencies) };
    default:
      return step satisfies never;
  }
}

async function createSecret(of: Rotated, dependencies: RotateAdminKeyDependencies): Promise<"stored" | "stored-before" | "in-force"> {
  let state = await look(of, dependencies);
  if (isInForce(of, state)) return "in-force";
  let plan = planOf(of, state, dependencies);
  if (plan.kind === "put-in-force") return "stored-before";
  await assertEmpty(of, state, dependencies);
  if (plan.kind === "finish") {
    await deleteReplaced(plan, dependencies);
    state = await look(of, dependencies);
    plan = planOf(of, state, dependencies);
  }
  if (plan.kind !== "rotate") throw overtaken(of.admin, "somebody else rotates the key right now");
  for (const { id } of plan.first) await dependencies.account.deleteKey(of.admin, id);
  await makeKey(of, plan, dependencies);
  return "stored";
}

async function makeKey(
  of: Rotated,
  plan: Extract<RotationPlan, { kind: "rotate" }>,
  dependencies: RotateAdminKeyDependencies,
): Promise<void> {
  const { account, pause } = dependencies;
  const key = await account.createKey(of.admin);
  try {
    const proof = await proveKey({ admin: of.admin, identify: () => account.identify(key), pause });
    if (!proof.proved) throw newKeyUnknown(of.admin, proof.because);
    const now = await look(of, dependencies);
    const isUnchanged = now.secret.kind === "key" && now.secret.versionId === plan.versionId && now.pending?.accessKeyId === undefined;
    if (!isUnchanged || !now.keys.some(({ id }) => id === key.accessKeyId)) throw overtaken(of.admin, "its credentials changed meanwhile");
  } catch (error) {
    await deleteUnstored(of, key, dependencies);
    throw error;
  }
  try {
    await account.store(of, key, plan.mfaSerial);
  } catch (error) {
    await settleDoubt(error, of, { key, dependencies });
  }
}

/** The call failed; whether it was carried out, the label says. Returns if it was. */
async function settleDoubt(
  error: unknown,
  of: Rotated,
  { key, dependencies }: { key: NewKey; dependencies: RotateAdminKeyDependencies },
): Promise<void> {
  const { pending } = await dependencies.account.read(of);
  if (pending?.versionId === of.token && pending.accessKeyId === key.accessKeyId) return;
  // Without an answer the call may still be under way: then the key must stay, for the secret may come to hold it.
  if (error instanceof Error && "$fault" in error && error.$fault === "client") await deleteUnstored(of, key, dependencies);
  throw error;
}

/** Nobody has the key. Where it cannot be deleted either, the next rotation finds it; the failure that matters is the one before. */
async function deleteUnstored({ admin }: Rotated, key: NewKey, { account }: RotateAdminKeyDependencies): Promise<void> {
  await account.deleteKey(admin, key.accessKeyId).catch(() => undefined);
}

async function finishSecret(of: Rotated, dependencies: RotateAdminKeyDependencies): Promise<"in-force"> {
  const { account } = dependencies;
  const state = await look(of, dependencies);
  if (!isInForce(of, state)) {
    const plan = planOf(of, state, dependencies);
    if (plan.kind !== "put-in-force") {
      await assertEmpty(of, state, dependencies);
      throw overtaken(of.admin, "no key was stored for this rotation");
    }
    await account.putInForce(of, plan.insteadOf);
  }
  const after = await account.read(of);
  for (const stale of after.staleLabels) await account.removeLabel(of, stale);
  const plan = planRotation(after, { nowMs: dependencies.nowMs() });
  if (plan.kind === "finish") await deleteReplaced(plan, dependencies);
  return "in-force";
}

async function deleteReplaced(
  { admin, replaced }: Extract<RotationPlan, { kind: "finish" }>,
  { account, settle }: RotateAdminKeyDependencies,
): Promise<void> {
  await settle();
  for (const { id } of replaced) await account.deleteKey(admin, id);
}

/** How often a stored key may be missing from IAM's list, which is a moment behind what IAM has done. */
const looks = 5;

/** What the admin has now. Throws where this rotation is not to go on: cancelled, overtaken, or of an admin who is none. */
async function look(of: Rotated, { admins, account, pause }: RotateAdminKeyDependencies): Promise<AdminState> {
  if (!admins.includes(of.admin)) throw refused(of.admin, "is no admin of keyturn.config.ts", "deploy the keys stack again");
  for (let looked = 1; ; looked += 1) {
    const state = await account.read(of);
    if (isInForce(of, state)) return state;
    const { pending, keys } = state;
    if (pending?.versionId !== of.token)
      throw overtaken(of.admin, "it was cancelled, or somebody else wrote the secret after it had begun");
    if (pending.accessKeyId === undefined || keys.some(({ id }) => id === pending.accessKeyId) || looked === looks) return state;
    await pause();
  }
}

const isInForce = ({ token }: Rotated, { secret }: AdminState): boolean => "versionId" in secret && secret.versionId === token;

function planOf({ admin }: Rotated, state: AdminState, { nowMs }: RotateAdminKeyDependencies): RotationPlan {
  const { secret } = state;
  switch (secret.kind) {
    case "unwritten":
      throw refused(admin, "is not enrolled", `keyturn admin enroll ${admin}`);
    case "removed":
      throw refused(admin, "was removed", `keyturn admin enroll ${admin}`);
    case "unlabelled":
      throw refused(
        admin,
        "has a secret that was not written by keyturn, so which key it holds is unknown",
        `keyturn admin rotate ${admin}`,
      );
    default:
  }
  const plan = planRotation(state, { nowMs: nowMs() });
  if (plan.kind === "refused") throw refusedBy(plan, admin);
  return plan;
}

/**
 * A version takes a value once. One whose key can never be put in force (it is deleted, disabled, or older than the device) is given up, so that
 * the next rotation gets a version of its own.
 */
async function assertEmpty(of: Rotated, { pending }: AdminState, { account }: RotateAdminKeyDependencies): Promise<void> {
  if (pending?.accessKeyId === undefined) return;
  const { versionId, accessKeyId } = pending;
  // In this order: a version that is pending and has no key's label counts as empty.
  for (const label of [stage.pending, adminSecretLabel.key(accessKeyId)]) await account.removeLabel(of, { label, versionId });
  throw overtaken(of.admin, `the key that it had stored, ${accessKeyId}, is of no use any more`);
}
