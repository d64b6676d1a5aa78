// The deployed account while Secrets Manager rotates alice's key with the built function: begun by hand, broken off wherever a test wants it.

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { RotateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { expect } from "vitest";
import { signedIn } from "../../../cli/local/sign-in.ts";
import { functionLogGroup, roleNames } from "../../../core/naming.ts";
import { AwsError } from "../../../emulator/aws-error.ts";
import type { CallRecord } from "../../../emulator/gateway/call-record.ts";
import type { RotationAttempt } from "../../../emulator/services/secrets-manager/rotations.ts";
import { type Deployed, longTermKey, startAttackedAccount } from "../../attacks/attacked-account.ts";
import { type AdminAccount, startAdminAccount } from "../../cli/admin-account.ts";

/** A call of the rotation, by its place among those of its kind: from 1. */
export interface CallOfRotation {
  readonly service: "iam" | "secretsmanager" | "sts";
  readonly operation: string;
  readonly nth: number;
}

export interface RotatedAccount extends AdminAccount {
  /** Every call so far. */
  readonly calls: readonly CallRecord[];
  /** How attempts ended, since the last `rotateNow`. */
  readonly attempts: RotationAttempt[];
  /** RotateSecret, by the IAM admin; waits until the attempt has ended. */
  rotateNow(): Promise<void>;
  /** Moves the clock to Secrets Manager's next attempt, and waits until it has ended. */
  nextAttempt(): Promise<void>;
  /** Fails one call of the rotation: alone, or with all that its process would do afterwards. */
  breakOff(call: CallOfRotation, how: "refused" | "killed"): { readonly struck: number; lift(): void };
  /** One key, which the secret holds, the label names and the device opens a session with; nothing pending, no label left behind. */
  expectOrder(): Promise<void>;
  /** What the function has logged since the last `rotateNow`, line by line. */
  logged(): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

const watched: ReadonlySet<string> = new Set(["iam", "secretsmanager", "sts"]);

export async function startRotatedAccount(): Promise<RotatedAccount> {
  const calls: CallRecord[] = [];
  const attempts: RotationAttempt[] = [];
  const folder = await mkdtemp(join(tmpdir(), "keyturn-rotation-"));
  const at: Deployed = await startAttackedAccount({
    changed: (assembly) => withShortPauses(assembly, folder),
    onCall: (record) => calls.push(record),
    onRotation: (attempt) => attempts.push(attempt),
  });
  const account = await startAdminAccount(at);
  const { secretsManager, clock } = at.emulator;
  const SecretId = "keyturn/admins/alice";
  let sinceMs = 0;
  const inOrder = async (): Promise<void> => {
    const { keys, secret, staleLabels, pending } = await account.state("alice");
    const { accessKeyId } = await longTermKey("alice", at);
    expect(keys.map(({ id }) => id)).toEqual([accessKeyId]);
    expect(secret).toMatchObject({ kind: "key", accessKeyId });
    expect({ staleLabels, pending }).toEqual({ staleLabels: [], pending: undefined });
    await account.turnsTheKey("alice");
  };
  return {
    ...account,
    calls,
    attempts,
    async rotateNow() {
      attempts.length = 0;
      sinceMs = clock.now();
      await account.clients.secrets.send(new RotateSecretCommand({ SecretId })).finally(() => secretsManager.idle());
    },
    async nextAttempt() {
      await account.advance(Math.max(0, (secretsManager.nextRotation(SecretId) ?? Number.NaN) - clock.now()));
      await secretsManager.idle();
    },
    breakOff: ({ service, operation, nth }, how) =>
      at.emulator.gateway.faults.add({
        service,
        operation,
        // STS is asked with the key that is being made.
        ...(service === "sts" ? { callerUser: "alice" } : { callerRole: roleNames.rotateAdminKey }),
        after: nth - 1,
        times: 1,
        ...(how === "killed" ? { thenAll: [...watched] } : {}),
        error: new AwsError("AccessDenied", "broken off here", { statusCode: 403 }),
      }),
    expectOrder: inOrder,
    async logged() {
      await at.emulator.lambda.logsFlushed();
      const logs = signedIn(CloudWatchLogsClient, at.people.auditor, at);
      const logGroupName = functionLogGroup("rotate-admin-key");
      const { events = [] } = await logs.send(
        new FilterLogEventsCommand({ logGroupName, startTime: sinceMs, filterPattern: "RotateAdminKey" }),
      );
      logs.destroy();
      return events.map(({ message = "{}" }) => JSON.parse(message) as Record<string, unknown>);
    },
    async stop() {
      await secretsManager.idle();
      await account.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The calls of one kind of caller, as a table names them. */
export function callsOf(records: readonly CallRecord[]): readonly string[] {
  const counts = new Map<string, number>();
  return records
    .filter(({ service = "", caller }) => watched.has(service) && caller !== undefined)
    .filter(({ caller }) => caller?.roleArn?.endsWith(`/${roleNames.rotateAdminKey}`) || caller?.userName === "alice")
    .map(({ operation = "" }) => {
      const nth = (counts.get(operation) ?? 0) + 1;
      counts.set(operation, nth);
      return `${operation} ${nth}`;
    });
}

/** The assembly with the two pauses of the function cut short: those of the deployed one are real time. */
async function withShortPauses(assembly: string, folder: string): Promise<string> {
  await cp(assembly, folder, { recursive: true });
  const file = join(folder, "keyturn-keys.template.json");
  const text = await readFile(file, "utf8");
  const short = text
    .replace('"KEYTURN_PROOF_PAUSE_MS": "1000"', '"KEYTURN_PROOF_PAUSE_MS": "1"')
    .replace('"KEYTURN_SETTLE_MS": "10000"', '"KEYTURN_SETTLE_MS": "1"');
  expect(text.length - short.length).toBe(7);
  await writeFile(file, short);
  return folder;
}
