// A record of a run that failed, of which tests change what they are about.

import type { RunRecord } from "../../core/run-record.ts";

export const sampleRecord: RunRecord = {
  version: 1,
  sequence: 2,
  previous: "0".repeat(64),
  recordedAt: "2026-11-21T09:00:00.000Z",
  keyturn: "0.1.0",
  lock: { mode: "GOVERNANCE", days: 365 },
  run: "run-1",
  execution: "arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1",
  executionStartedAt: "2026-11-21T08:00:00.000Z",
  attempt: 0,
  resumed: null,
  started: {
    by: "arn:aws:iam::111122223333:user/olivia",
    sourceIp: null,
    at: "2026-11-21T08:00:00.000Z",
    event: "e-1",
    matched: "execution",
  },
  redriven: null,
  answers: [{ by: null, why: "CloudTrail has none.", kind: "code" }],
  stopped: null,
  job: "rotate-keys",
  admin: "alice",
  reason: null,
  parameters: { days: 30, path: "team", dryRun: true },
  jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
  digest: "a".repeat(64),
  opened: null,
  session: null,
  batchJobs: [],
  states: [],
  outcome: {
    status: "FAILED",
    startedAt: "2026-11-21T08:00:00.000Z",
    endedAt: "2026-11-21T08:01:00.000Z",
    error: "InvalidRun",
    cause: null,
  },
};
