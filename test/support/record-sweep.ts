// For tests that move an account's clock by days: the sweep for records that were never written runs every quarter of an hour.

import { DeleteScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { signedIn } from "../../cli/local/sign-in.ts";
import { functionName, recordScheduleGroupName } from "../../core/naming.ts";
import type { Credentials } from "../../emulator/service.ts";

export interface SweptAccount {
  readonly endpoint: string;
  readonly region: string;
  readonly administrator: Credentials;
}

/** Deletes the sweep's schedule, as an administrator of the account may. */
export async function endRecordSweep(account: SweptAccount): Promise<void> {
  const scheduler = signedIn(SchedulerClient, account.administrator, account);
  const Name = `${functionName("record-run")}-sweep`;
  await scheduler.send(new DeleteScheduleCommand({ GroupName: recordScheduleGroupName, Name })).finally(() => scheduler.destroy());
}
