import { describe, expect, it } from "vitest";
import { noRefusals, type RefusalRecord, reserveAttempt, returnAttempt } from "../../../tasks/validate-mfa/refusal-window.ts";

const rules = { maxRefusals: 5, lockSeconds: 900 };
const minute = 60_000;

/** Reserves at each of these minutes; the last answer. */
const reserveAt = (...minutes: number[]) =>
  minutes.reduce<ReturnType<typeof reserveAttempt>>(
    (last, at, index) =>
      reserveAttempt(
        last.locked ? { attempts: [], lockedUntilMs: last.untilMs } : last.record,
        { claim: `claim-${index}`, atMs: at * minute },
        rules,
      ),
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

  const counted = (...claims: string[]) => claims.map((claim) => ({ claim, atMs: 4 }));
  const full: RefusalRecord = { attempts: counted("a", "b", "c", "d", "e"), lockedUntilMs: 900_004 };

  it("gives back one attempt, and the lock that it had filled", () => {
    expect(returnAttempt(full, "c")).toEqual({ attempts: counted("a", "b", "d", "e") });
  });

  it("gives back nothing twice, and nothing that it does not hold", () => {
    const record: RefusalRecord = { attempts: counted("a", "b") };
    expect(returnAttempt(returnAttempt(record, "b"), "b")).toEqual({ attempts: counted("a") });
    expect(returnAttempt(record, "z")).toBe(record);
    expect(returnAttempt(full, "z")).toBe(full);
  });

  it("counts an attempt once that is written twice, also the one that fills the window", () => {
    expect(reserveAttempt(full, { claim: "e", atMs: 5 }, rules)).toEqual({ locked: false, record: full });
  });
});
