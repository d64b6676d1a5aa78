// Carries out a rotation. Between any two of its calls the secret holds a key that works, and a second rotation can go on from there.

import { CreateAccessKeyCommand } from "@aws-sdk/client-iam";
import { UpdateSecretVersionStageCommand } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { stage } from "../../core/admin-secret.ts";
import { keyProof, proveKey } from "../../core/key-proof.ts";
import { type RotationPlan, settleMs } from "../../core/key-rotation.ts";
import { adminSecretName } from "../../core/naming.ts";
import { writeSecret } from "../enrollment.ts";
import { CommandFailed } from "../outcome.ts";
import { type IamAdminClients, readCredentialState } from "./credential-state.ts";
import { deleteKey, tidyVersions } from "./credential-steps.ts";

export interface LongTermKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RotationDependencies extends IamAdminClients {
  /** A client that signs with the new key, for the region in which validate-mfa will use it. */
  readonly stsWith: (key: LongTermKey) => STSClient;
  readonly pause: (ms: number) => Promise<unknown>;
  readonly report: (step: string) => void;
}

type Switch = Extract<RotationPlan, { kind: "rotate" }>;
type Stored = Extract<RotationPlan, { kind: "put-in-force" }>;

export async function carryOutRotation(plan: RotationPlan, dependencies: RotationDependencies): Promise<void> {
  const { iam, report, pause } = dependencies;
  const { admin, replaced } = plan;
  if (plan.kind === "rotate") {
    for (const { id } of plan.first) {
      await deleteKey(iam, { admin, id });
      report(`deleted ${id}, which was not in the secret`);
    }
    await switchKey(plan, dependencies);
  }
  if (plan.kind === "put-in-force") await putInForce(plan, dependencies);
  await tidyVersions(admin, dependencies, { overtakes: isOvertakenBy(plan) });
  if (replaced.length > 0) await pause(settleMs);
  for (const { id } of replaced) {
    await deleteKey(iam, { admin, id });
    report(`deleted ${id}`);
  }
}

/** Whoever writes a version overtakes the rotation by schedule that had begun; whoever ends an earlier one, only what can never be put in force. */
function isOvertakenBy(plan: RotationPlan): (versionId: string) => boolean {
  switch (plan.kind) {
    case "rotate":
      return () => true;
    case "finish":
      return (versionId) => versionId === plan.dead?.versionId;
    case "put-in-force":
      return () => false;
    default:
      return plan satisfies never;
  }
}

/** Secrets Manager's rotation does the same call: whichever comes second is refused, for the version that it names is no longer in force. */
async function putInForce({ admin, stored, versionId, insteadOf }: Stored, dependencies: RotationDependencies): Promise<void> {
  try {
    await dependencies.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: adminSecretName(admin),
        VersionStage: stage.current,
        MoveToVersionId: versionId,
        RemoveFromVersionId: insteadOf,
      }),
    );
  } catch (error) {
    const { secret } = await readCredentialState(admin, dependencies);
    if (!("versionId" in secret && secret.versionId === versionId)) throw error;
  }
  dependencies.report(`put ${stored.id} in force`);
}

async function switchKey(plan: Switch, dependencies: RotationDependencies): Promise<void> {
  const { iam, report } = dependencies;
  const { admin, mfaSerial } = plan;
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: admin }));
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error("CreateAccessKey answered without what it always answers");
  report(`created ${accessKeyId}`);
  const key = { accessKeyId, secretAccessKey };
  await orWithout(key, prove(key, plan, dependencies), plan, dependencies);
  report(`proved ${accessKeyId}: STS knows it as ${admin}'s`);
  await orWithout(key, assertUnchanged(key, plan, dependencies), plan, dependencies);
  try {
    await writeSecret(dependencies.secrets, { admin, value: { ...key, mfaSerial } });
  } catch (error) {
    await settleDoubt(error, key, plan, dependencies);
  }
  report(`wrote ${accessKeyId} into ${adminSecretName(admin)}`);
}

/** Nobody has the new key yet: where the step fails, it goes again. */
async function orWithout(key: LongTermKey, step: Promise<void>, { admin }: Switch, { iam, report }: RotationDependencies): Promise<void> {
  try {
    await step;
  } catch (error) {
    await deleteKey(iam, { admin, id: key.accessKeyId });
    report(`deleted ${key.accessKeyId} again`);
    throw error;
  }
}

async function prove(key: LongTermKey, { admin }: Switch, { stsWith, pause }: RotationDependencies): Promise<void> {
  const sts = stsWith(key);
  const identify = (): Promise<string | undefined> =>
    sts.send(new GetCallerIdentityCommand({})).then(
      ({ Arn }) => Arn,
      (error: unknown) => {
        // What STS says of a key that has not reached it yet.
        if (error instanceof Error && error.name === "InvalidClientTokenId") return undefined;
        throw error;
      },
    );
  const proof = await proveKey({ admin, identify, pause: () => pause(keyProof.pauseMs) }).finally(() => sts.destroy());
  if (proof.proved) return;
  throw new CommandFailed(
    proof.because === "unknown"
      ? `STS did not come to know the new key of ${admin} within a minute. It was deleted, and the secret holds what it held. Try again later.`
      : `The new key of ${admin} signs as ${proof.because.signsAs}. It was deleted; nothing was switched.`,
  );
}

async function assertUnchanged(key: LongTermKey, plan: Switch, dependencies: RotationDependencies): Promise<void> {
  const { keys, secret } = await readCredentialState(plan.admin, dependencies);
  const versionId = "versionId" in secret ? secret.versionId : undefined;
  if (versionId === plan.versionId && keys.some(({ id }) => id === key.accessKeyId)) return;
  throw new CommandFailed(
    `Somebody else changed the credentials of ${plan.admin} meanwhile; this rotation stopped before it wrote anything. See keyturn admin list.`,
  );
}

/** The call failed; whether it was carried out, the label says. Returns if it was. */
async function settleDoubt(error: unknown, key: LongTermKey, { admin }: Switch, dependencies: RotationDependencies): Promise<void> {
  const { secret } = await readCredentialState(admin, dependencies);
  if (secret.kind === "key" && secret.accessKeyId === key.accessKeyId) return;
  const isRefusal = error instanceof Error && "$fault" in error && error.$fault === "client";
  // Without an answer the call may still be under way: then the key must stay, for the secret may come to hold it.
  if (isRefusal) {
    await deleteKey(dependencies.iam, { admin, id: key.accessKeyId });
    dependencies.report(`deleted ${key.accessKeyId} again`);
    throw error;
  }
  throw new CommandFailed(
    `Secrets Manager did not answer when the new key of ${admin} was written. Both keys are there, and one of them is in the secret. Run keyturn admin rotate ${admin} again in two minutes: it sees which.`,
    { cause: error },
  );
}
