import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { open, parseEnvelope } from "../../../core/envelope.ts";
import { KeyturnError } from "../../../core/errors.ts";
import { decodeCredentials } from "../../../core/short-lived-credentials.ts";
import { attemptStore } from "../../../tasks/validate-mfa/attempt-store.ts";
import type { Verdict } from "../../../tasks/validate-mfa/session-token.ts";
import { type ValidateMfaDependencies, validateMfa } from "../../../tasks/validate-mfa/task.ts";
import { sampleOrder } from "../sample-job.ts";
import { isWiped, sampleRelay } from "../sample-relay.ts";
import { attemptsTable, startAttemptTable } from "./attempt-table.ts";

const minute = 60_000;
const startMs = Date.parse("2026-11-21T08:00:07.000Z");
const wrongCode = Object.assign(new Error("MultiFactorAuthentication failed with invalid MFA one time pass code. "), {
  name: "AccessDenied",
});
const refused: Verdict = { accepted: false, because: "code", cause: wrongCode };
const accepted = (atMs: number): Verdict => ({
  accepted: true,
  session: {
    accessKeyId: "ASIASESSION",
    secretAccessKey: "session secret",
    sessionToken: "session token",
    expiration: new Date(atMs + 900_000),
  },
});

let table: Awaited<ReturnType<typeof startAttemptTable>>;
beforeAll(async () => {
  table = await startAttemptTable();
});
afterAll(() => table.stop());

let admins = 0;
let admin: string;
beforeEach(() => {
  admin = `admin-${++admins}`;
});

/** STS accepts "good…" codes as `rightCodes` says; everything else about the task is real or fixed. */
function world(change: Partial<ValidateMfaDependencies> = {}) {
  const relay = sampleRelay();
  const asked: string[] = [];
  const clock = { nowMs: startMs };
  const rightCodes = new Set(["111111"]);
  let claims = 0;
  const dependencies: ValidateMfaDependencies = {
    attempts: attemptStore(table.dynamodb, attemptsTable),
    readCredential: async () => ({
      accessKeyId: "AKIAADMIN",
      secretAccessKey: "admin secret",
      mfaSerial: "arn:aws:iam::111122223333:mfa/a",
    }),
    askSts: async ({ code }) => {
      asked.push(code);
      return rightCodes.has(code) ? accepted(clock.nowMs) : refused;
    },
    generate: relay.generate,
    unwrap: relay.unwrap,
    keys: { code: "code-key", session: "session-key" },
    lock: { maxRefusals: 5, lockSeconds: 900 },
    sessionSeconds: 900,
    nowMs: () => clock.nowMs,
    randomBytes: (size) => new Uint8Array(size).fill(++claims),
    ...change,
  };
  const give = (mfaCode: unknown, run = "run-1") => validateMfa({ order: sampleOrder({ run, admin }), mfaCode }, dependencies);
  return { relay, asked, clock, rightCodes, dependencies, give };
}

const failure = (name: string, message: string) => expect.objectContaining({ name, message });

describe("a right code", () => {
  it("becomes a session that opens under the session key for this run and order alone", async () => {
    const { give, relay } = world();
    const { session, expiresAt } = await give("111111");
    expect(expiresAt).toBe("2026-11-21T08:15:07.000Z");
    const order = sampleOrder({ admin });
    const binding = { run: order.run, digest: order.digest };
    const envelope = parseEnvelope(session);
    const context = { hop: "mfa-session", run: "run-1", order: order.digest };
    const dataKey = await relay.unwrap(envelope.wrappedKey, { keyArn: "session-key", context });
    expect(decodeCredentials(open(envelope, { dataKey, binding }), "run-1")).toEqual({
      accessKeyId: "ASIASESSION",
      secretAccessKey: "session secret",
      sessionToken: "session token",
      expiration: "2026-11-21T08:15:07.000Z",
      mfaAt: "2026-11-21T08:00:07.000Z",
    });
  });

  it("leaves no data key in memory", async () => {
    const { give, relay } = world();
    await give("111111");
    expect(relay.handedOut).toHaveLength(1);
    expect(relay.handedOut.every(isWiped)).toBe(true);
  });

  it("may come sealed for this run and admin", async () => {
    const { give, relay, asked } = world();
    const wrapped = relay.wrap(Buffer.from("111111"), { keyArn: "code-key", context: { hop: "code", run: "run-1", admin } });
    await give({ sealed: Buffer.from(wrapped).toString("base64") });
    expect(asked).toEqual(["111111"]);
    expect(relay.handedOut.every(isWiped)).toBe(true);
  });

  it("is not counted, and forgives no refusal: five in fifteen minutes lock, whatever was accepted between them", async () => {
    const { give, rightCodes, asked } = world();
    for (const code of ["200001", "200002", "200003", "200004"]) await expect(give(code)).rejects.toThrow("AWS STS refused the code");
    await give("111111");
    rightCodes.add("111112");
    await give("111112");
    await expect(give("200005")).rejects.toThrow("AWS STS refused the code");
    rightCodes.add("111113");
    await expect(give("111113")).rejects.toThrow(failure("MfaLocked", expect.stringContaining("too many codes") as unknown as string));
    expect(asked).toHaveLength(7);
  });
});

describe("a refused code", () => {
  it("is called wrong, and what to do", async () => {
    await expect(world().give("222222")).rejects.toThrow(
      failure(
        "MfaRejected",
        `Run run-1: AWS STS refused the code: it is wrong, or older than about 30 seconds. Give the code that ${admin}'s authenticator shows now.`,
      ),
    );
  });

  it.each([
    [0, 23],
    [22_999, 1],
    [23_000, 30],
    [112_000, 1],
  ])("is called spent %i ms after another run had it, with %i s until the next", async (laterMs, seconds) => {
    const { give, clock, asked } = world();
    await give("111111");
    clock.nowMs += laterMs;
    await expect(give("111111", "run-2")).rejects.toThrow(
      failure(
        "MfaRejected",
        `Run run-2: run run-1 has spent this code already, and a code works once. ${admin}'s authenticator shows the next one in ${seconds} s.`,
      ),
    );
    expect(asked).toHaveLength(1);
  });

  it("is called expired when it comes back long after it was used", async () => {
    const { give, clock, rightCodes } = world();
    await give("111111");
    rightCodes.clear();
    clock.nowMs += 3 * minute;
    await expect(give("111111")).rejects.toThrow(/^Run run-1: this code has expired: it was used before, more than two minutes ago\./);
  });

  it("goes to STS once, however many runs bring it at once", async () => {
    const { give, asked } = world();
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => give("111111", `run-${index}`)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(asked).toEqual(["111111"]);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "The answer holds no six-digit code."],
    ["five digits", "12345", "The answer holds no six-digit code."],
    ["a number", 123456, "The answer holds no six-digit code."],
    ["a line break", "123456\n", "The answer holds no six-digit code."],
    ["a task token's worth of text", { sealed: "A".repeat(8193) }, "The answer holds no six-digit code."],
    ["what KMS does not open", { sealed: "AAAA" }, "The sealed code was made for another run or another admin."],
  ])("%s is refused without asking STS, and sends the run back to asking", async (_what, mfaCode, what) => {
    const { give, asked } = world();
    await expect(give(mfaCode)).rejects.toThrow(
      failure("MfaRejected", `Run run-1: ${what} Give the six digits that ${admin}'s authenticator shows now.`),
    );
    expect(asked).toEqual([]);
  });

  it.each([
    ["another run", { hop: "code", run: "run-2" }],
    ["another hop", { hop: "launch", run: "run-1" }],
  ])("sealed for %s does not open", async (_what, context) => {
    const { give, relay } = world();
    const wrapped = relay.wrap(Buffer.from("111111"), { keyArn: "code-key", context: { ...context, admin } });
    await expect(give({ sealed: Buffer.from(wrapped).toString("base64") })).rejects.toThrow("made for another run or another admin");
  });

  it("sealed, but no code inside, is refused", async () => {
    const { give, relay } = world();
    const wrapped = relay.wrap(Buffer.from("hello"), { keyArn: "code-key", context: { hop: "code", run: "run-1", admin } });
    await expect(give({ sealed: Buffer.from(wrapped).toString("base64") })).rejects.toThrow("What was sealed is no six-digit code.");
  });
});

describe("the lock", () => {
  const wrong = (count: number) => Array.from({ length: count }, (_, index) => String(300_000 + index));

  it("falls after the fifth refusal, across runs, says until when, and keeps STS out of it", async () => {
    const { give, asked, clock } = world();
    for (const [index, code] of wrong(5).entries()) {
      clock.nowMs = startMs + index * minute;
      await expect(give(code, `run-${index}`)).rejects.toThrow("AWS STS refused the code");
    }
    await expect(give("111111", "run-6")).rejects.toThrow(
      failure(
        "MfaLocked",
        `Run run-6: too many codes of ${admin} were refused; no further one is tried until 2026-11-21T08:19:07.000Z. Give a fresh one after that. If ${admin} did not give those codes, tell your security team.`,
      ),
    );
    expect(asked).toHaveLength(5);
  });

  it("does not burn the code that it keeps out", async () => {
    const { give, clock } = world();
    for (const code of wrong(5)) await expect(give(code)).rejects.toThrow("AWS STS refused the code");
    await expect(give("111111")).rejects.toThrow(failure("MfaLocked", expect.any(String) as unknown as string));
    clock.nowMs += 15 * minute;
    await give("111111");
  });

  it("holds when many codes are tried at once: five reach STS", async () => {
    const { give, asked } = world();
    const results = await Promise.allSettled(wrong(60).map((code, index) => give(code, `run-${index}`)));
    expect(asked).toHaveLength(5);
    const names = results.map((result) => (result.status === "rejected" ? (result.reason as Error).name : "fulfilled"));
    expect(names.filter((name) => name === "MfaRejected")).toHaveLength(5);
    expect(names.filter((name) => name === "MfaLocked")).toHaveLength(55);
  });

  it("does not count spent codes", async () => {
    const { give, rightCodes } = world();
    await give("111111");
    for (let time = 0; time < 8; time++) await expect(give("111111")).rejects.toThrow("this run has spent this code already");
    rightCodes.add("111112");
    await give("111112");
  });

  it.each<[string, () => Promise<Verdict>, string]>([
    ["throttling", () => Promise.reject(Object.assign(new Error("slow down"), { name: "ThrottlingException" })), "slow down"],
    [
      "a disabled key",
      async () => ({ accepted: false, because: "access-key", cause: wrongCode }),
      "holds an access key that AWS does not accept",
    ],
    ["a wrong serial", async () => ({ accepted: false, because: "serial", cause: wrongCode }), "names an MFA device that is not"],
  ])("does not count %s, which says nothing about the code", async (_what, askSts, message) => {
    const broken = world({ askSts });
    for (const code of wrong(6)) await expect(broken.give(code)).rejects.toThrow(message);
    const { give } = world();
    await give("111111");
  });
});

describe("before the code is spent", () => {
  it.each<[string, Partial<ValidateMfaDependencies>, string]>([
    ["a missing secret", { readCredential: () => Promise.reject(new KeyturnError("AdminUnknown", "not enrolled")) }, "not enrolled"],
    ["KMS that does not answer", { generate: () => Promise.reject(new Error("no answer")) }, "no answer"],
  ])("%s is found, so that the same code still works", async (_what, change, message) => {
    await expect(world(change).give("111111")).rejects.toThrow(message);
    await world().give("111111");
  });

  it("a changed order is found", async () => {
    const { dependencies, asked } = world();
    const order = { ...sampleOrder({ admin }), command: ["--days=31"] };
    await expect(validateMfa({ order, mfaCode: "111111" }, dependencies)).rejects.toThrow("the order was changed after it was admitted");
    expect(asked).toEqual([]);
  });
});

it("wipes the data key after a refusal too", async () => {
  const { give, relay } = world();
  await expect(give("222222")).rejects.toThrow("AWS STS refused the code");
  expect(relay.handedOut).toHaveLength(1);
  expect(relay.handedOut.every(isWiped)).toBe(true);
});
