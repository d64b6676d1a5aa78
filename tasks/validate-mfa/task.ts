// Turns a code into an MFA session that only the next step can open, and sees to it that a code and an admin's luck are spent only once.

import { type Binding, encryptionContext, formatEnvelope, seal } from "../../core/envelope.ts";
import { KeyturnError } from "../../core/errors.ts";
import { assertOrderIntact, type Order } from "../../core/order.ts";
import { encodeCredentials } from "../../core/short-lived-credentials.ts";
import type { Generate, Unwrap } from "../relay.ts";
import { type AdminCredential, credentialMissing, type ReadAdminCredential } from "./admin-credential.ts";
import type { AttemptStore, VersionedRecord } from "./attempt-store.ts";
import { readCode } from "./code.ts";
import { type LockRules, lockedUntil, type RefusalRecord, reserveAttempt, returnAttempt } from "./refusal-window.ts";
import type { AskSts, StsSession, Verdict } from "./session-token.ts";

export interface ValidateMfaInput {
  readonly order: Order;
  /** Whatever was answered: six digits, or `{ sealed }`; nothing about it is trusted. */
  readonly mfaCode: unknown;
}

export interface MfaSession {
  /** An envelope that only `RetrieveCredentials` can open. */
  readonly session: string;
  readonly expiresAt: string;
}

export interface ValidateMfaDependencies {
  readonly attempts: AttemptStore;
  readonly readCredential: ReadAdminCredential;
  readonly askSts: AskSts;
  readonly generate: Generate;
  readonly unwrap: Unwrap;
  readonly keys: { readonly code: string; readonly session: string };
  readonly lock: LockRules;
  readonly sessionSeconds: number;
  readonly nowMs: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/**
 * Throws `MfaRejected`, `MfaLocked`, `AdminUnknown`, `CredentialMissing`, `OrderMismatch`; never retry it, for the code is spent by then.
 *
 * All that can fail for another reason comes before the code is spent. A code that was spent does not count as a refusal: STS is not asked,
 * so a guesser learns nothing from it, and counting it would let a re-delivered event or somebody with an old code lock an admin out.
 */
export async function validateMfa({ order, mfaCode }: ValidateMfaInput, dependencies: ValidateMfaDependencies): Promise<MfaSession> {
  assertOrderIntact(order);
  const { run, admin, digest } = order;
  const { attempts, keys, unwrap } = dependencies;
  const code = await readCode(mfaCode, { run, admin, codeKey: keys.code, unwrap });
  const [refusals, credential, dataKey] = await Promise.all([
    attempts.readRefusals(admin),
    dependencies.readCredential(admin),
    dependencies.generate({ keyArn: keys.session, context: encryptionContext.mfaSession({ run, digest }) }),
  ]);
  try {
    const session = await spendAndAsk({ order, code, credential, refusals }, dependencies);
    const mfaAt = new Date(dependencies.nowMs()).toISOString();
    const expiresAt = session.expiration.toISOString();
    const { accessKeyId, secretAccessKey, sessionToken } = session;
    const binding: Binding = { run, digest };
    const envelope = seal(encodeCredentials({ accessKeyId, secretAccessKey, sessionToken, expiration: expiresAt, mfaAt }), {
      dataKey: dataKey.plaintext,
      wrappedKey: dataKey.wrapped,
      nonce: dependencies.randomBytes(12),
      binding,
    });
    return { session: formatEnvelope(envelope), expiresAt };
  } finally {
    dataKey.plaintext.fill(0);
  }
}

interface Attempt {
  readonly order: Order;
  readonly code: string;
  readonly credential: AdminCredential;
  readonly refusals: VersionedRecord;
}

async function spendAndAsk({ order, code, credential, refusals }: Attempt, dependencies: ValidateMfaDependencies): Promise<StsSession> {
  const { run, admin } = order;
  const { attempts, askSts, lock, nowMs, randomBytes, sessionSeconds } = dependencies;
  const untilMs = lockedUntil(refusals, nowMs());
  if (untilMs !== undefined) throw locked(order, untilMs);
  const spendingAtMs = nowMs();
  const claim = Buffer.from(randomBytes(16)).toString("hex");
  const spending = await attempts.spend({ admin, code, run, claim, nowMs: spendingAtMs });
  if (!spending.spent) throw spentCode(order, spending.byRun, spendingAtMs);

  const attempt = { claim, atMs: nowMs() };
  await changeRefusals(
    order,
    (record) => {
      const reservation = reserveAttempt(record, attempt, lock);
      if (reservation.locked) throw locked(order, reservation.untilMs);
      return reservation.record;
    },
    { attempts, nowMs, read: refusals },
  );
  const giveBack = () => changeRefusals(order, (record) => returnAttempt(record, claim), { attempts, nowMs });

  let verdict: Verdict;
  try {
    verdict = await askSts({ credential, code, durationSeconds: sessionSeconds });
  } catch (error) {
    await giveBack();
    throw error;
  }
  if (verdict.accepted) {
    await giveBack();
    return verdict.session;
  }
  switch (verdict.because) {
    case "code":
      throw refusedCode(order, { usedBefore: spending.usedBefore, cause: verdict.cause });
    case "serial":
      await giveBack();
      throw credentialMissing(admin, `names an MFA device that is not ${admin}'s`, { cause: verdict.cause });
    case "access-key":
      await giveBack();
      throw credentialMissing(admin, "holds an access key that AWS does not accept (disabled, deleted, or its two halves do not match)", {
        cause: verdict.cause,
      });
    default:
      return verdict satisfies never;
  }
}

/** Each round that fails means that another attempt got through, and few do before the lock; more rounds than this is a fault. */
const mostRounds = 50;

async function changeRefusals(
  { admin }: Order,
  change: (record: RefusalRecord) => RefusalRecord,
  { attempts, nowMs, read }: { attempts: AttemptStore; nowMs: () => number; read?: VersionedRecord },
): Promise<void> {
  let current = read ?? (await attempts.readRefusals(admin));
  for (let round = 0; round < mostRounds; round++) {
    const record = change(current);
    if (record === current) return;
    if (await attempts.writeRefusals(admin, { record, read: current, nowMs: nowMs() })) return;
    current = await attempts.readRefusals(admin);
  }
  throw new Error(`The refusals of admin ${admin} could not be recorded in ${mostRounds} rounds: too many attempts at once.`);
}

const codeStepSeconds = 30;

function spentCode({ run, admin }: Order, byRun: string, nowMs: number): KeyturnError {
  const waitSeconds = codeStepSeconds - (Math.floor(nowMs / 1000) % codeStepSeconds);
  const by = byRun === run ? "this run" : `run ${byRun}`;
  return new KeyturnError(
    "MfaRejected",
    `Run ${run}: ${by} has spent this code already, and a code works once. ${admin}'s authenticator shows the next one in ${waitSeconds} s.`,
    { facts: { refusal: "spent", waitSeconds, byRun } },
  );
}

const refusedCode = ({ run, admin }: Order, { usedBefore, cause }: { usedBefore: boolean; cause: Error }): KeyturnError =>
  usedBefore
    ? new KeyturnError(
        "MfaRejected",
        `Run ${run}: this code has expired: it was used before, more than two minutes ago. Give the code that ${admin}'s authenticator shows now.`,
        { cause, facts: { refusal: "expired" } },
      )
    : new KeyturnError(
        "MfaRejected",
        `Run ${run}: AWS STS refused the code: it is wrong, or older than about 30 seconds. Give the code that ${admin}'s authenticator shows now.`,
        { cause, facts: { refusal: "wrong" } },
      );

const locked = ({ run, admin }: Order, untilMs: number): KeyturnError =>
  new KeyturnError(
    "MfaLocked",
    `Run ${run}: too many codes of ${admin} were refused; no further one is tried until ${new Date(untilMs).toISOString()}. Give a fresh one after that. If ${admin} did not give those codes, tell your security team.`,
    { facts: { admin, lockedUntil: new Date(untilMs).toISOString() } },
  );
