// The whole verification: the chain by itself, the chain against Step Functions, and the bucket's own lock.

import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { GetObjectLockConfigurationCommand } from "@aws-sdk/client-s3";
import { keyAlias } from "../../core/naming.ts";
import type { AttemptId } from "../../core/record-chain.ts";
import config from "../../keyturn.config.ts";
import type { Auditor } from "./auditor-session.ts";
import { auditChain } from "./chain-findings.ts";
import type { Finding } from "./finding.ts";
import { readEveryVersion } from "./records-bucket.ts";
import { auditRuns, listExecutions } from "./run-findings.ts";

export interface Verification {
  readonly bucket: string;
  readonly checkedAt: string;
  readonly records: number;
  /** To be noted elsewhere: whoever could rewrite the whole chain could not rewrite that note. */
  readonly newest: { readonly sequence: number; readonly sha256: string } | null;
  /** Executions of the last 90 days, which Step Functions still has. */
  readonly executions: number;
  readonly findings: readonly Finding[];
  readonly pending: readonly AttemptId[];
  /** Records that were written later than record-run does while it works: it did not, or somebody wrote them again. */
  readonly late: readonly number[];
}

/** After an attempt's end: an hour of patience, a sweep, and as much again. */
const lateMs = 150 * 60_000;

export async function verify(auditor: Auditor): Promise<Verification> {
  const [versions, kmsKey, lockFindings] = await Promise.all([
    readEveryVersion(auditor),
    recordsKey(auditor),
    findingsOfTheBucket(auditor),
  ]);
  const chain = auditChain(versions, { kmsKey });
  // Read after the records: what ended meanwhile has its record due later.
  const executions = await listExecutions(auditor);
  const nowMs = auditor.session.nowMs();
  const runs = auditRuns(chain.records, { executions, nowMs });
  const newest = chain.records.at(-1);
  return {
    bucket: auditor.bucket,
    checkedAt: new Date(nowMs).toISOString(),
    records: chain.records.length,
    newest: newest === undefined ? null : { sequence: newest.sequence, sha256: newest.sha256 },
    executions: executions.length,
    findings: [...lockFindings, ...chain.findings, ...runs.findings],
    pending: runs.pending,
    late: chain.records
      .filter(({ writtenAt, record }) => Date.parse(writtenAt) - Date.parse(record.outcome.endedAt) > lateMs)
      .map(({ sequence }) => sequence),
  };
}

async function recordsKey({ kms }: Auditor): Promise<string> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyAlias.records }));
  return KeyMetadata?.Arn ?? "";
}

/** What new records will be locked with, against what the configuration says. */
async function findingsOfTheBucket({ s3, bucket: Bucket }: Auditor): Promise<readonly Finding[]> {
  const { lock, days } = config.records;
  const rule = await s3.send(new GetObjectLockConfigurationCommand({ Bucket })).then(
    ({ ObjectLockConfiguration }) => ObjectLockConfiguration?.Rule?.DefaultRetention,
    (error: unknown) => {
      if (error instanceof Error && error.name === "ObjectLockConfigurationNotFoundError") return undefined;
      throw error;
    },
  );
  const given = rule === undefined ? "no lock" : `${rule.Mode} for ${rule.Days ?? `${rule.Years} years or`} days`;
  const isAsConfigured = rule?.Mode === lock.toUpperCase() && rule.Days === days;
  const isStronger = rule?.Mode === "COMPLIANCE" && (rule.Days ?? 0) >= days;
  if (isAsConfigured || isStronger) return [];
  const message = `The bucket gives new records ${given}; keyturn.config.ts says ${lock.toUpperCase()} for ${days} days. Deploy keyturn-record again, or find out who changed it.`;
  return [{ rule: "bucket-unlocked", sequence: null, message }];
}
