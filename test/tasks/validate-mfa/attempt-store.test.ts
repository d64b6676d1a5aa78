import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AttemptStore, attemptStore } from "../../../tasks/validate-mfa/attempt-store.ts";
import { attemptsTable, startAttemptTable } from "./attempt-table.ts";

let table: Awaited<ReturnType<typeof startAttemptTable>>;
let store: AttemptStore;

beforeAll(async () => {
  table = await startAttemptTable();
  store = attemptStore(table.dynamodb, attemptsTable);
});
afterAll(() => table.stop());

const nowMs = Date.parse("2026-11-21T08:00:10.500Z");
const spending = (change: Partial<Parameters<AttemptStore["spend"]>[0]> = {}) => ({
  admin: "alice",
  code: "123456",
  run: "run-1",
  claim: "claim-1",
  nowMs,
  ...change,
});

describe("spending a code", () => {
  it("gives one code to exactly one of 200 runs that ask at once, and tells the others which", async () => {
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        store.spend(spending({ admin: "crowd", run: `run-${index}`, claim: `claim-${index}` })).then((result) => ({ index, result })),
      ),
    );
    const winners = results.filter(({ result }) => result.spent);
    expect(winners).toHaveLength(1);
    const losers = results.filter(({ result }) => !result.spent).map(({ result }) => result);
    expect(losers).toHaveLength(199);
    expect(new Set(losers.map((result) => (result.spent ? "" : result.byRun)))).toEqual(new Set([`run-${winners[0]?.index}`]));
  });

  it("is per admin and per code", async () => {
    expect(await store.spend(spending({ admin: "bob" }))).toEqual({ spent: true, usedBefore: false });
    expect(await store.spend(spending({ admin: "bob", code: "123457", claim: "claim-2" }))).toEqual({ spent: true, usedBefore: false });
    expect(await store.spend(spending({ admin: "carol" }))).toEqual({ spent: true, usedBefore: false });
    expect(await store.spend(spending({ admin: "bob", run: "run-2", claim: "claim-3" }))).toEqual({ spent: false, byRun: "run-1" });
  });

  it.each([
    [0, { spent: false, byRun: "run-1" }],
    [119_999, { spent: false, byRun: "run-1" }],
    [120_000, { spent: false, byRun: "run-1" }],
    [121_000, { spent: true, usedBefore: true }],
  ])("holds for 120 seconds at least: %i ms later", async (laterMs, result) => {
    const admin = `later-${laterMs}`;
    await store.spend(spending({ admin }));
    expect(await store.spend(spending({ admin, run: "run-2", claim: "claim-2", nowMs: nowMs + laterMs }))).toEqual(result);
  });

  it("recognises its own write when the client repeats it", async () => {
    await store.spend(spending({ admin: "repeat" }));
    expect(await store.spend(spending({ admin: "repeat" }))).toEqual({ spent: true, usedBefore: false });
  });

  it("writes no code down, and lets the table forget by itself", async () => {
    await store.spend(spending({ admin: "scanned", code: "987654" }));
    const { Items = [] } = await table.dynamodb.send(new ScanCommand({ TableName: attemptsTable }));
    const item = Items.find((found) => found["admin"]?.S === "scanned");
    expect(JSON.stringify(item)).not.toContain("987654");
    expect(item?.["attempt"]?.S).toMatch(/^code#[0-9a-f]{64}$/);
    // 08:00:10 and a day.
    expect(item?.["expiresAt"]?.N).toBe(String(Date.parse("2026-11-22T08:00:10Z") / 1000));
  });
});

describe("the record of refusals", () => {
  it("is empty at first, and comes back as it was written", async () => {
    const read = await store.readRefusals("dora");
    expect(read).toEqual({ attempts: [], version: 0 });
    const record = {
      attempts: [
        { claim: "a", atMs: 1 },
        { claim: "b", atMs: 2 },
      ],
      lockedUntilMs: 3,
    };
    expect(await store.writeRefusals("dora", { record, read, nowMs })).toBe(true);
    expect(await store.readRefusals("dora")).toEqual({ ...record, version: 1 });
  });

  it("takes one of many writes that were made from the same reading", async () => {
    const read = await store.readRefusals("eve");
    const written = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.writeRefusals("eve", { record: { attempts: [{ claim: "a", atMs: index }] }, read, nowMs }),
      ),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
    expect((await store.readRefusals("eve")).attempts).toEqual([{ claim: "a", atMs: written.indexOf(true) }]);
  });
});
