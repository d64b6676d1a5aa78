// Runs played whole by an operator on the attacked account: the material that attackers look through afterwards.

import { DemoActs } from "../../cli/local/demo-acts.ts";
import type { RunView } from "../../cli/local/follow-run.ts";
import type { Deployed } from "./attacked-account.ts";

export interface PlayedRun {
  readonly executionArn: string;
  readonly view: RunView;
  readonly codes: readonly string[];
}

/** A run that is given a wrong code, waits, is given the good one, and ends. The clock moves on, so that the next run has a code of its own. */
export async function playRun(run: string, at: Deployed): Promise<PlayedRun> {
  const acts = new DemoActs(at, new AbortController().signal);
  const enrolled = at.admins.get("alice");
  if (enrolled === undefined) throw new Error("alice is not enrolled");
  try {
    const wrong = enrolled.authenticator.wrongCode();
    const executionArn = await acts.startRun(run, { job: "credential-report", admin: "alice", mfaCode: wrong, reason: "an attack test" });
    const waiting = await acts.untilItWaits({ executionArn }, 1);
    const good = enrolled.authenticator.code();
    await acts.answer(waiting, good);
    const view = await acts.untilItEnds({ executionArn });
    await at.emulator.clock.advance(30_000);
    return { executionArn, view, codes: [wrong, good] };
  } finally {
    acts.destroy();
  }
}
