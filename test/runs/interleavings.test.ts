// Thousands of orders in which attempts that run at once can take their steps: in each of them a code is accepted once and the lock holds.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AttemptStore, attemptStore } from "../../tasks/validate-mfa/attempt-store.ts";
import type { Verdict } from "../../tasks/validate-mfa/session-token.ts";
import { type ValidateMfaDependencies, validateMfa } from "../../tasks/validate-mfa/task.ts";
import { sampleOrder } from "../tasks/sample-job.ts";
import { attemptsTable, startAttemptTable } from "../tasks/validate-mfa/attempt-table.ts";
import { AttemptTable } from "./attempt-table.ts";
import { Interleaver, randomFrom } from "./interleaver.ts";

const startMs = Date.parse("2026-11-21T08:00:07.000Z");
const named = (name: string, message: string) => Object.assign(new Error(message), { name });
const refused: Verdict = {
  accepted: false,
  because: "code",
  cause: named("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "),
};
const foreignSerial: Verdict = {
  accepted: false,
  because: "serial",
  cause: named("AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code."),
};

/** What STS saw, in its own order, and how every attempt ended. */
interface Played {
  readonly asked: readonly { readonly code: string; readonly answer: "accepted" | "refused" | "failed" }[];
  readonly ends: readonly string[];
  /** How one more attempt, after all others, ends. */
  readonly after: string;
}

interface World {
  /** One attempt per code, each in a run of its own, all at once. */
  readonly codes: readonly string[];
  /** Codes that STS accepts, each once. */
  readonly right: readonly string[];
  /** How often, of 100 calls, STS does not answer for its own reasons. */
  readonly failsPercent?: number;
  /** How often, of 100 writes, DynamoDB's answer is lost and the client writes again. */
  readonly lostPercent?: number;
}

async function play(seed: number, { codes, right, failsPercent = 0, lostPercent = 0 }: World): Promise<Played> {
  const random = randomFrom(seed);
  const interleaver = new Interleaver(random);
  const table = new AttemptTable(interleaver.step, () => random() * 100 < lostPercent);
  const accepts = new Set(right);
  const asked: { code: string; answer: "accepted" | "refused" | "failed" }[] = [];
  let steps = 0;
  let claims = 0;
  const judge = (code: string): Verdict => {
    if (random() * 100 < failsPercent) {
      asked.push({ code, answer: "failed" });
      if (random() < 0.5) return foreignSerial;
      throw named("Throttling", "Rate exceeded");
    }
    const isRight = accepts.delete(code);
    asked.push({ code, answer: isRight ? "accepted" : "refused" });
    if (!isRight) return refused;
    return {
      accepted: true,
      session: { accessKeyId: "ASIA", secretAccessKey: "secret", sessionToken: "token", expiration: new Date(startMs + 900_000) },
    };
  };
  const dependencies: ValidateMfaDependencies = {
    attempts: attemptStore(table.client, attemptsTable),
    readCredential: async () => ({ accessKeyId: "AKIAADMIN", secretAccessKey: "secret", mfaSerial: "arn:aws:iam::111122223333:mfa/alice" }),
    askSts: ({ code }) => interleaver.step(() => judge(code)),
    generate: async () => ({ plaintext: new Uint8Array(32), wrapped: new Uint8Array([1]) }),
    unwrap: async () => new Uint8Array(32),
    keys: { code: "code-key", session: "session-key" },
    lock: { maxRefusals: 5, lockSeconds: 900 },
    sessionSeconds: 900,
    // Time passes a little now and then, and often not at all: two attempts may bear the same one.
    nowMs: () => startMs + Math.floor(steps++ / 4),
    randomBytes: (size) => {
      claims += 1;
      return Uint8Array.from({ length: size }, (_, index) => claims >> (8 * (index % 3)));
    },
  };
  const attempt = (mfaCode: string, run: string): Promise<string> =>
    validateMfa({ order: sampleOrder({ run }), mfaCode }, dependencies).then(
      () => "accepted",
      (error: Error) => error.name,
    );
  const all = Promise.all(codes.map((code, index) => attempt(code, `run-${index}`)));
  await interleaver.drain();
  const ends = await all;
  const askedByThen = [...asked];
  const one = attempt("999999", "one-more");
  await interleaver.drain();
  return { asked: askedByThen, ends, after: await one };
}

const count = <Item>(items: readonly Item[], of: (item: Item) => boolean): number => items.filter(of).length;

const seeds = (first: number, many: number): readonly number[] => Array.from({ length: many }, (_, index) => first + index);
const wrong = (many: number): readonly string[] => Array.from({ length: many }, (_, index) => String(200_000 + index));
const same = (code: string, many: number): readonly string[] => Array.from({ length: many }, () => code);

describe("in every order tried", () => {
  it("one of many attempts with the same good code is accepted, the others hear that it is spent, and STS is asked once", async () => {
    for (const seed of seeds(1, 1500)) {
      const { asked, ends } = await play(seed, { codes: same("111111", 6), right: ["111111"] });
      expect([seed, asked]).toEqual([seed, [{ code: "111111", answer: "accepted" }]]);
      expect([seed, count(ends, (end) => end === "MfaRejected")]).toEqual([seed, 5]);
    }
  });

  it("one of 200 attempts with the same good code is accepted", async () => {
    for (const seed of seeds(2_000, 10)) {
      const { asked, ends } = await play(seed, { codes: same("111111", 200), right: ["111111"] });
      expect([seed, asked]).toEqual([seed, [{ code: "111111", answer: "accepted" }]]);
      expect([seed, count(ends, (end) => end === "accepted"), count(ends, (end) => end === "MfaRejected")]).toEqual([seed, 1, 199]);
    }
  });

  it("one is accepted also where answers of DynamoDB are lost", async () => {
    for (const seed of seeds(3_000, 1000)) {
      const { asked, ends } = await play(seed, { codes: same("111111", 5), right: ["111111"], lostPercent: 30 });
      expect([seed, asked]).toEqual([seed, [{ code: "111111", answer: "accepted" }]]);
      expect([seed, count(ends, (end) => end === "accepted")]).toEqual([seed, 1]);
    }
  });

  it("five of many wrong codes reach STS, and the admin is locked when all is over", async () => {
    for (const seed of seeds(5_000, 1000)) {
      const { asked, ends, after } = await play(seed, { codes: wrong(9), right: [] });
      expect([seed, asked.length]).toEqual([seed, 5]);
      expect([seed, count(ends, (end) => end === "MfaRejected"), count(ends, (end) => end === "MfaLocked")]).toEqual([seed, 5, 4]);
      expect([seed, after]).toEqual([seed, "MfaLocked"]);
    }
  });

  it("no more than five codes are refused in a window, whatever is accepted, fails or is lost between them, and the fifth locks", async () => {
    for (const seed of seeds(7_000, 1500)) {
      const codes = [...wrong(8), "111111", "111111", "111112"];
      const { asked, ends, after } = await play(seed, { codes, right: ["111111", "111112"], failsPercent: 20, lostPercent: 10 });
      const refusals = count(asked, ({ answer }) => answer === "refused");
      expect([seed, refusals <= 5]).toEqual([seed, true]);
      if (refusals === 5) expect([seed, after]).toEqual([seed, "MfaLocked"]);
      expect([seed, count(asked, ({ code, answer }) => code === "111111" && answer === "accepted") <= 1]).toEqual([seed, true]);
      expect([seed, count(ends, (end) => end === "accepted")]).toEqual([seed, count(asked, ({ answer }) => answer === "accepted")]);
    }
  });
});

describe("the table that these orders are played on", () => {
  let table: Awaited<ReturnType<typeof startAttemptTable>>;
  beforeAll(async () => {
    table = await startAttemptTable();
  });
  afterAll(() => table.stop());

  it("answers what DynamoDB answers, call for call", async () => {
    const random = randomFrom(42);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
    const inMemory = attemptStore(new AttemptTable(async (step) => step()).client, attemptsTable);
    const real = attemptStore(table.dynamodb, attemptsTable);
    const outcomes = new Set<string>();
    for (let call = 0; call < 400; call++) {
      const admin = pick(["alice", "bob"]);
      const nowMs = startMs + call * 5_000;
      const act = pick<(store: AttemptStore) => Promise<unknown>>([
        (store) => store.readRefusals(admin),
        (
          (spending) => (store: AttemptStore) =>
            store.spend(spending)
        )({ admin, code: pick(["111111", "222222"]), run: pick(["run-1", "run-2"]), claim: pick(["a", "b", "c"]), nowMs }),
        (
          (record, read) => (store: AttemptStore) =>
            store.writeRefusals(admin, { record, read, nowMs })
        )(
          { attempts: [{ claim: "a", atMs: nowMs }], ...pick([{}, { lockedUntilMs: nowMs }]) },
          {
            attempts: [],
            version: Math.floor(random() * 40),
          },
        ),
      ]);
      const [expected, found] = [await act(real), await act(inMemory)];
      expect([call, found]).toEqual([call, expected]);
      outcomes.add(JSON.stringify(expected).replaceAll(/\d+/g, "N"));
    }
    // Writes that went through and writes that did not, codes that were free, spent, and spent long ago.
    expect(outcomes.size).toBeGreaterThan(6);
    expect([...outcomes]).toEqual(
      expect.arrayContaining(["true", "false", '{"spent":true,"usedBefore":false}', '{"spent":true,"usedBefore":true}']),
    );
  });
});
