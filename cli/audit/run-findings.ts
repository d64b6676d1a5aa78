// The records against Step Functions, as far back as that remembers: every end has its record, and every record its end.

import { type ExecutionListItem, paginateListExecutions } from "@aws-sdk/client-sfn";
import { type AttemptId, attemptKey, attemptOfRecord } from "../../core/record-chain.ts";
import type { Auditor } from "./auditor-session.ts";
import type { Finding } from "./finding.ts";
import type { ListedRecord } from "./records-bucket.ts";

/** An execution as Step Functions lists it. */
export interface KnownExecution {
  readonly name: string;
  readonly startedAtMs: number;
  readonly status: string;
  /** Of its latest end; absent while it runs. */
  readonly stoppedAtMs?: number;
  readonly redriveCount: number;
  readonly redrivenAtMs?: number;
}

export async function listExecutions({ sfn, stateMachineArn }: Auditor): Promise<readonly KnownExecution[]> {
  const known: KnownExecution[] = [];
  for await (const { executions = [] } of paginateListExecutions({ client: sfn }, { stateMachineArn, maxResults: 1000 })) {
    known.push(...executions.map(knownExecution));
  }
  return known;
}

const knownExecution = ({ name = "", status, startDate, stopDate, redriveCount = 0, redriveDate }: ExecutionListItem): KnownExecution => ({
  name,
  status: status ?? "",
  startedAtMs: startDate?.getTime() ?? 0,
  redriveCount,
  ...(stopDate === undefined ? {} : { stoppedAtMs: stopDate.getTime() }),
  ...(redriveDate === undefined ? {} : { redrivenAtMs: redriveDate.getTime() }),
});

export interface AuditedRuns {
  readonly findings: readonly Finding[];
  /** Ends whose record is not due yet. */
  readonly pending: readonly AttemptId[];
}

/** An hour of patience for CloudTrail, two sweeps, and the time that they take. */
const dueMs = 100 * 60_000;
/** A day less than Step Functions keeps an execution after its end. */
const rememberedMs = 89 * 86_400_000;

export function auditRuns(
  records: readonly ListedRecord[],
  { executions, nowMs }: { executions: readonly KnownExecution[]; nowMs: number },
): AuditedRuns {
  const recorded = new Map(records.map((one) => [attemptKey(attemptOfRecord(one.record)), one]));
  const findings: Finding[] = [];
  const pending: AttemptId[] = [];
  const ended = new Set<string>();
  for (const execution of executions) {
    for (const { attempt, endedAtMs, isLatest } of endedAttempts(execution)) {
      const key = attemptKey(attempt);
      ended.add(key);
      const found = recorded.get(key);
      if (found !== undefined) findings.push(...(isLatest ? differences(found, execution) : []));
      else if (nowMs - endedAtMs < dueMs) pending.push(attempt);
      else findings.push({ rule: "unrecorded", sequence: null, message: unrecorded(attempt, endedAtMs) });
    }
  }
  for (const [key, { sequence, record }] of recorded) {
    if (ended.has(key) || nowMs - Date.parse(record.outcome.endedAt) > rememberedMs) continue;
    const which = `attempt ${record.attempt + 1} of execution ${attemptOfRecord(record).name}`;
    findings.push({
      rule: "unknown-execution",
      sequence,
      message: `Record ${sequence} is of ${which}, which Step Functions does not know to have ended: somebody made it up.`,
    });
  }
  return { findings, pending };
}

const unrecorded = ({ name, attempt }: AttemptId, endedAtMs: number): string =>
  `Attempt ${attempt + 1} of execution ${name} ended by ${new Date(endedAtMs).toISOString()} and has no record: it was removed or kept from being written, or record-run fails (see its log).`;

function endedAttempts({ name, startedAtMs, status, stoppedAtMs, redriveCount, redrivenAtMs }: KnownExecution) {
  const count = status === "RUNNING" ? redriveCount : redriveCount + 1;
  return Array.from({ length: count }, (_, attempt) => {
    const isLatest = attempt === redriveCount;
    // Of an earlier one Step Functions lists no end; it came before the latest redrive.
    const endedAtMs = (isLatest ? stoppedAtMs : redrivenAtMs) ?? startedAtMs;
    return { attempt: { name, startedAt: new Date(startedAtMs).toISOString(), attempt }, endedAtMs, isLatest };
  });
}

function differences({ sequence, record: { outcome } }: ListedRecord, { status, stoppedAtMs = 0 }: KnownExecution): Finding[] {
  const differing = [
    // A redrive that is pending has a status of its own.
    ...(outcome.status === status || status === "PENDING_REDRIVE"
      ? []
      : [`it ended as ${outcome.status}, and Step Functions as ${status}`]),
    ...(Math.abs(Date.parse(outcome.endedAt) - stoppedAtMs) < 5000
      ? []
      : [`it ended ${outcome.endedAt}, and Step Functions ${new Date(stoppedAtMs).toISOString()}`]),
  ];
  if (differing.length === 0) return [];
  return [{ rule: "differs", sequence, message: `Record ${sequence} says that ${differing.join("; that ")}: somebody else wrote it.` }];
}
