// Carries out a rotation. Between any two of its calls the secret holds a key that works, and a second rotation can go on from there.

import { CreateAccessKeyCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { adminSecretName } from "../../core/naming.ts";
import { writeSecret } from "../enrollment.ts";
import { CommandFailed } from "../outcome.ts";
import { type IamAdminClients, readCredentialState } from "./credential-state.ts";
import { deleteKey, dropStaleLabels } from "./credential-steps.ts";
import type { RotationPlan } from "./rotation-plan.ts";

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

/** IAM spreads a new key over STS's hosts within seconds; more than one of them must have it. */
const proof = { pauseMs: 1000, inARow: 3, tries: 60 } as const;
/** A validation that has read the key before may still be on its way to STS with it. */
const settleMs = 10_000;

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
  await dropStaleLabels(admin, dependencies);
  if (replaced.length > 0) await pause(settleMs);
  for (const { id } of replaced) {
    await deleteKey(iam, { admin, id });
    report(`deleted ${id}`);
  }
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
  let cause: unknown;
  try {
    for (let tried = 0, known = 0; tried < proof.tries; tried += 1) {
      if (tried > 0) await pause(proof.pauseMs);
      try {
        const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
        if (!Arn.endsWith(`/${admin}`))
          throw new CommandFailed(`The new key of ${admin} signs as ${Arn}. It was deleted; nothing was switched.`);
        known += 1;
        if (known === proof.inARow) return;
      } catch (error) {
        // What STS says of a key that has not reached it yet.
        if (!(error instanceof Error && error.name === "InvalidClientTokenId")) throw error;
        known = 0;
        cause = error;
      }
    }
  } finally {
    sts.destroy();
  }
  throw new CommandFailed(
    `STS did not come to know the new key of ${admin} within a minute. It was deleted, and the secret holds what it held. Try again later.`,
    { cause },
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
