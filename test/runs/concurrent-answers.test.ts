// One good code given to many waiting runs at once, through the real workflow with its processes: it opens exactly one of them.

import { afterAll, beforeAll, expect, it } from "vitest";
import { Operator, type Rest } from "./operator.ts";
import { freshCode, type RunAccount, since, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const runs = 40;
/** Dozens of processes start, on whatever machine this is. */
const patience = { timeout: 120_000 };
/** Runs that start at once; a step has as many processes as are at work. */
const startedAtOnce = 8;

async function waitingRuns(): Promise<readonly string[]> {
  const waiting: string[] = [];
  while (waiting.length < runs) {
    const some = Array.from({ length: Math.min(startedAtOnce, runs - waiting.length) }, () =>
      operator.run({ job: "trial", admin: "alice", parameters: { act: "succeed" } }),
    );
    for (const { executionArn, rest } of await Promise.all(some)) {
      expect(rest).toEqual({ status: "waits", because: "no-code" });
      waiting.push(executionArn);
    }
  }
  return waiting;
}

const nameOf = (executionArn: string): string => executionArn.split(":").at(-1) ?? "";

it(
  "40 answers at once with the same code: one run goes on, all others wait for another code and say which run has spent this one",
  patience,
  async () => {
    const waiting = await waitingRuns();
    const before = at.issued();
    const asked = () => at.calls.filter(({ operation }) => operation === "GetSessionToken").length;
    const askedBefore = asked();
    const mfaCode = await freshCode("alice", at);
    const rests = await Promise.all(
      waiting.map(
        async (executionArn): Promise<[string, Rest]> => [nameOf(executionArn), await operator.answer(executionArn, { mfaCode })],
      ),
    );

    const opened = rests.filter(([, { status }]) => status === "SUCCEEDED").map(([run]) => run);
    expect(opened).toHaveLength(1);
    const others = rests.filter(([run]) => run !== opened[0]);
    expect(others).toHaveLength(runs - 1);
    for (const [run, rest] of others) {
      expect(rest).toMatchObject({ status: "waits", because: "refused" });
      expect(rest.message).toContain(`Run ${run}: run ${opened[0]} has spent this code already, and a code works once.`);
    }
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
    expect(asked() - askedBefore).toBe(1);

    // None of it was counted against the admin: the next code opens another.
    const next = waiting.find((executionArn) => nameOf(executionArn) !== opened[0]) ?? "";
    expect(await operator.answer(next, { mfaCode: await freshCode("alice", at) })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
  },
);
