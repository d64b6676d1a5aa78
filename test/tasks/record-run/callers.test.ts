import { describe, expect, it } from "vitest";
import { areKnown, type CallName, findCallers, type Happenings, type TrailCall } from "../../../tasks/record-run/callers.ts";

const execution = "arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1";
const other = "arn:aws:states:us-east-1:111122223333:execution:keyturn:run-2";
const startMs = Date.parse("2026-11-21T08:00:00.400Z");
const minute = 60_000;
const alice = "arn:aws:sts::111122223333:assumed-role/Operators/alice";
const bob = "arn:aws:sts::111122223333:assumed-role/Operators/bob";

const call = (by: string, atMs: number, of: Partial<TrailCall> = {}): TrailCall => ({
  event: `${by.split("/").at(-1)}-${atMs - startMs}`,
  atMs: Math.floor(atMs / 1000) * 1000,
  by,
  sourceIp: "203.0.113.7",
  ...of,
});

/** CloudTrail with these calls: gives those of the name whose time is asked for. */
const trail =
  (calls: Partial<Record<CallName, readonly TrailCall[]>>) =>
  async (name: CallName, { fromMs, toMs }: { fromMs: number; toMs: number }) =>
    (calls[name] ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);

const started = { start: { name: "StartExecution", atMs: startMs }, answers: [] } as const satisfies Happenings;
const find = (of: Happenings, calls: Partial<Record<CallName, readonly TrailCall[]>>, ageMs = 30 * minute) =>
  findCallers(of, { execution, find: trail(calls), nowMs: startMs + ageMs });

const at = new Date(Math.floor(startMs / 1000) * 1000).toISOString();
const known = (by: string, matched: "execution" | "time") => ({ by, sourceIp: "203.0.113.7", at, event: expect.any(String), matched });

describe("who started a run", () => {
  it("is whoever made the call that CloudTrail has for its execution", async () => {
    const callers = await find(started, {
      StartExecution: [call(bob, startMs, { execution: other }), call(alice, startMs, { execution })],
    });
    expect(callers).toEqual({ started: known(alice, "execution"), redriven: null, answers: [], stopped: null });
    expect(areKnown(callers)).toBe(true);
  });

  it.each([
    ["nothing", []],
    ["another run's start", [call(bob, startMs, { execution: other })]],
    ["one of another time", [call(alice, startMs - 10_000, { execution })]],
  ])("is unknown where CloudTrail has %s", async (_has, calls) => {
    const callers = await find(started, { StartExecution: calls });
    expect(callers.started).toEqual({ by: null, why: expect.stringContaining("has no StartExecution") });
    expect(areKnown(callers)).toBe(false);
  });
});

describe("who redrove and who stopped it", () => {
  it("is told by the execution that CloudTrail names", async () => {
    const atMs = startMs + 5 * minute;
    const callers = await find(
      { ...started, redrive: { name: "RedriveExecution", atMs }, stop: { name: "StopExecution", atMs: atMs + minute } },
      {
        StartExecution: [call(alice, startMs, { execution })],
        RedriveExecution: [call(bob, atMs, { execution }), call(alice, atMs, { execution: other })],
        StopExecution: [call(bob, atMs + minute, { execution })],
      },
    );
    expect(callers).toMatchObject({ started: { by: alice }, redriven: { by: bob }, stopped: { by: bob } });
  });
});

describe("of several calls on one execution", () => {
  const redriven = { ...started, redrive: { name: "RedriveExecution", atMs: startMs + 550 } } as const satisfies Happenings;
  const who = async (calls: readonly TrailCall[]) => (await find(redriven, { RedriveExecution: calls })).redriven;
  const on = (by: string, afterMs: number) => call(by, startMs + afterMs, { execution });

  it("the one that came before counts, and not the next that came within the second", async () => {
    expect(await who([on(alice, 540), on(bob, 1100), on(bob, -2000)])).toMatchObject({ by: alice });
  });

  it("the next one counts where clocks differ and none came before", async () => {
    expect(await who([on(bob, 1100)])).toMatchObject({ by: bob });
  });

  it("none counts where two people came within one second", async () => {
    expect(await who([on(alice, 540), on(bob, 100)])).toEqual({ by: null, why: expect.stringContaining(`${alice}, ${bob}`) });
  });
});

describe("who answered", () => {
  const answered = { ...started, answers: [{ name: "SendTaskSuccess", atMs: startMs, token: "token-1" }] } as const satisfies Happenings;
  const answers = async (calls: readonly TrailCall[], ageMs?: number) => (await find(answered, { SendTaskSuccess: calls }, ageMs)).answers;

  it("is told by the task token, where CloudTrail shows it", async () => {
    const calls = [call(bob, startMs, { token: "token-2" }), call(alice, startMs, { token: "token-1" })];
    expect(await answers(calls, 0)).toEqual([{ ...known(alice, "execution"), kind: "code" }]);
  });

  it.each([
    ["at 19 minutes, when another's answer may be all that CloudTrail has so far, nobody", 19, null],
    ["at 20 minutes the one who answered at that time", 20, alice],
  ])("is told by the time alone where CloudTrail shows no token: %s", async (_what, minutes, by) => {
    const hidden = { token: "HIDDEN_DUE_TO_SECURITY_REASONS" };
    expect(await answers([call(alice, startMs, hidden)], minutes * minute)).toMatchObject([{ by, kind: "code" }]);
  });

  it("is whoever came nearest, where one person answered several within seconds", async () => {
    const calls = [call(alice, startMs - 2000), call(alice, startMs)];
    expect(await answers(calls)).toEqual([{ ...known(alice, "time"), event: "alice-0", kind: "code" }]);
  });

  it("is nobody, with the names, where several did within seconds", async () => {
    expect(await answers([call(bob, startMs), call(alice, startMs)])).toEqual([
      { by: null, kind: "code", why: expect.stringContaining(`${alice}, ${bob}`) },
    ]);
  });

  it("is said of a failure too", async () => {
    const of: Happenings = { ...started, answers: [{ name: "SendTaskFailure", atMs: startMs }] };
    const { answers: failed } = await find(of, { SendTaskFailure: [call(bob, startMs)], SendTaskSuccess: [call(alice, startMs)] });
    expect(failed).toMatchObject([{ by: bob, kind: "failure", matched: "time" }]);
  });
});
