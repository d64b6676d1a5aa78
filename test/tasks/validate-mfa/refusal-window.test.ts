import { describe, expect, it } from "vitest";
import { noRefusals, type RefusalRecord, reserveAttempt, returnAttempt } from "../../../tasks/validate-mfa/refusal-window.ts";

const rules = { maxRefusals: 5, lockSeconds: 900 };
const minute = 60_000;

/** Reserves at each of these minutes; the last answer. */
const reserveAt = (...minutes: number[]) =>
  minutes.reduce<ReturnType<typeof reserveAttempt>>(
    (last, at) => reserveAttempt(last.locked ? { attemptsAtMs: [], lockedUntilMs: last.untilMs } : last.record, at * minute, rules),
    { locked: false, record: noRefusals },
  );

const lockOf = (record: RefusalRecord | undefined) => (record?.lockedUntilMs === undefined ? undefined : record.lockedUntilMs / minute);

describe("the lock", () => {
  it.each<[string, number[], "free" | { lockedFrom: number } | { refusedUntil: number }]>([
    ["four attempts", [0, 1, 2, 3], "free"],
    ["five attempts in fifteen minutes", [0, 1, 2, 3, 14], { lockedFrom: 29 }],
    ["five attempts at once", [7, 7, 7, 7, 7], { lockedFrom: 22 }],
    ["five attempts, the first just outside", [0, 1, 2, 3, 15], "free"],
    ["nine attempts, never five in fifteen minutes", [0, 5, 10, 14, 16, 21, 26, 30, 32], "free"],
    ["four late in one quarter and one early in the next", [11, 12, 13, 14, 16], { lockedFrom: 31 }],
    ["a sixth while locked", [0, 0, 0, 0, 0, 14], { refusedUntil: 15 }],
    ["a sixth at the lock's end", [0, 0, 0, 0, 0, 15], "free"],
    ["afresh after a lock: four more", [0, 1, 2, 3, 4, 19, 19, 19, 19], "free"],
    ["afresh after a lock: five more", [0, 1, 2, 3, 4, 19, 19, 19, 19, 20], { lockedFrom: 35 }],
  ])("%s", (_what, minutes, outcome) => {
    const last = reserveAt(...minutes);
    if (outcome === "free")
      expect(last).toMatchObject({ locked: false, record: expect.not.objectContaining({ lockedUntilMs: expect.anything() }) });
    else if ("lockedFrom" in outcome) expect(last.locked ? undefined : lockOf(last.record)).toBe(outcome.lockedFrom);
    else expect(last).toEqual({ locked: true, untilMs: outcome.refusedUntil * minute });
  });

  it("gives back one attempt, and the lock that it had filled", () => {
    const full: RefusalRecord = { attemptsAtMs: [1, 2, 2, 3, 4], lockedUntilMs: 900_004 };
    expect(returnAttempt(full, 2)).toEqual({ attemptsAtMs: [1, 2, 3, 4] });
  });

  it("gives back nothing that a success has cleared meanwhile", () => {
    expect(returnAttempt(noRefusals, 2)).toEqual(noRefusals);
  });
});
