// What became of the runs in the records' bucket, read and verified as the auditor.

import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import type { Auditor } from "../../cli/audit/auditor-session.ts";
import { readNewest } from "../../cli/audit/records-bucket.ts";
import { type Verification, verify } from "../../cli/audit/verification.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { recordsBucketName } from "../../core/naming.ts";
import { executionNameOf } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import type { Deployed } from "../attacks/attacked-account.ts";

export interface RecordedRuns {
  /** In order. */
  records(): Promise<readonly RunRecord[]>;
  /** Of one execution, by attempt. */
  of(executionArn: string): Promise<readonly RunRecord[]>;
  verify(): Promise<Verification>;
  destroy(): void;
}

export function recordedRuns(at: Deployed): RecordedRuns {
  const clients = {
    s3: signedIn(S3Client, at.people.auditor, at),
    sfn: signedIn(SFNClient, at.people.auditor, at),
    kms: signedIn(KMSClient, at.people.auditor, at),
  };
  const { account, region, stateMachineArn } = at;
  const auditor: Auditor = {
    ...clients,
    stateMachineArn,
    bucket: recordsBucketName(at),
    session: {
      options: { region, credentials: async () => at.people.auditor },
      caller: { arn: "", account, partition: "aws" },
      isLocal: true,
      nowMs: () => at.emulator.clock.now(),
      flags: "",
    },
  };
  const records = async (): Promise<readonly RunRecord[]> => {
    const all = { limit: Number.POSITIVE_INFINITY, sinceMs: 0, matches: () => true };
    const { records: newest, skipped } = await readNewest(auditor, all);
    if (skipped > 0) throw new Error(`${skipped} objects are no records`);
    return newest.map(({ record }) => record).reverse();
  };
  return {
    records,
    of: async (executionArn) => (await records()).filter(({ execution }) => executionNameOf(execution) === executionNameOf(executionArn)),
    verify: () => verify(auditor),
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** Lets whatever follows from runs happen; then the clock moves on and what the schedule brings happens too. */
export async function passTime(at: Deployed, minutes: number): Promise<void> {
  await at.emulator.settled();
  // In steps: a sweep takes the time that its Lambda is given, and reads the clock.
  for (let passed = 0; passed < minutes; passed += 15) {
    await at.emulator.clock.advance(Math.min(15, minutes - passed) * 60_000);
    await at.emulator.settled();
  }
}
