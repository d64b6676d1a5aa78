// Codes that are refused: the run waits for another, nothing is issued, and a run that was stopped there asks again when it is redriven.

import { EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { encryptionContext } from "../../core/envelope.ts";
import { keyAlias } from "../../core/naming.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator, type Rest } from "./operator.ts";
import { type Admin, authenticatorOf, freshCode, nothing, type RunAccount, since, startRunAccount, wrongCodes } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
beforeAll(async () => {
  at = await startRunAccount();
  await endRecordSweep(at);
  operator = new Operator(at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const input = (admin: Admin, mfaCode?: unknown) => ({
  job: "trial",
  admin,
  parameters: { act: "succeed" },
  ...(mfaCode === undefined ? {} : { mfaCode }),
});
const asksAgain = (message: unknown) => ({ status: "waits", because: "refused", message });

/** As `keyturn` seals: by the operator, for one run and one admin. */
async function sealed(text: string, of: { run: string; admin: string }): Promise<{ sealed: string }> {
  const kms = signedIn(KMSClient, at.people.operator, at);
  const Plaintext = Buffer.from(text);
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: keyAlias.code, Plaintext, EncryptionContext: encryptionContext.code(of) }),
  );
  kms.destroy();
  return { sealed: Buffer.from(CiphertextBlob ?? []).toString("base64") };
}

/** The run waits, issued nothing, cannot be redriven while it waits, and asks again for the same reason when it was stopped and is redriven. */
async function expectAsking(executionArn: string, rest: Rest, expected: object): Promise<void> {
  expect(rest).toEqual(expected);
  await expect(operator.redrive(executionArn)).rejects.toThrow(
    expect.objectContaining({ name: "ExecutionNotRedrivable", message: "Execution is RUNNING and cannot be redriven" }),
  );
  expect(await operator.stop(executionArn)).toMatchObject({ status: "ABORTED", at: "RequestMfa" });
  expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RequestMfa", ...expected });
  await operator.stop(executionArn);
}

/** What, whose run, and its code; what the notification says of it. */
const refusals: readonly (readonly [string, Admin, (run: string, admin: Admin) => unknown, string])[] = [
  [
    "a wrong code",
    "alice",
    (_run, admin) => wrongCodes(admin, 1, at)[0],
    "AWS STS refused the code: it is wrong, or older than about 30 seconds. Give the code that alice's authenticator shows now.",
  ],
  [
    "a code of another admin",
    "bob",
    () => freshCode("carol", at),
    "AWS STS refused the code: it is wrong, or older than about 30 seconds. Give the code that bob's authenticator shows now.",
  ],
  [
    "a code that is too old",
    "carol",
    async (_run, admin) => {
      const code = authenticatorOf(admin, at).code();
      await at.emulator.clock.advance(90_000);
      return code;
    },
    "AWS STS refused the code: it is wrong, or older than about 30 seconds. Give the code that carol's authenticator shows now.",
  ],
  [
    "a code sealed for another run",
    "dave",
    async (run, admin) => sealed(await freshCode(admin, at), { run: `${run}-too`, admin }),
    "The sealed code was made for another run or another admin. Give the six digits that dave's authenticator shows now.",
  ],
  [
    "a code sealed for another admin",
    "dave",
    async (run, admin) => sealed(await freshCode(admin, at), { run, admin: "alice" }),
    "The sealed code was made for another run or another admin. Give the six digits that dave's authenticator shows now.",
  ],
  [
    "sealed words",
    "dave",
    (run, admin) => sealed("sesame", { run, admin }),
    "What was sealed is no six-digit code. Give the six digits that dave's authenticator shows now.",
  ],
  [
    "what nobody sealed",
    "dave",
    () => ({ sealed: "AAAA" }),
    "The sealed code was made for another run or another admin. Give the six digits that dave's authenticator shows now.",
  ],
];

describe("a run that is started with", () => {
  it.each(refusals)("%s waits for another", async (what, admin, codeFor, message) => {
    const run = what.replaceAll(" ", "-");
    const before = at.issued();
    const { executionArn, rest } = await operator.run(input(admin, await codeFor(run, admin)), run);
    await expectAsking(executionArn, rest, asksAgain(`Run ${run}: ${message}`));
    expect(since(before, at.issued())).toEqual(nothing);
  });

  it("a code that another run has spent waits for another, and is told whose it was and when the next one comes", async () => {
    const code = await freshCode("alice", at);
    const first = await operator.run(input("alice", code), "first");
    expect(first.rest).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    const before = at.issued();
    const { executionArn, rest } = await operator.run(input("alice", code), "second");
    const message = expect.stringMatching(
      /^Run second: run first has spent this code already, and a code works once\. alice's authenticator shows the next one in ([1-9]|[12]\d|30) s\.$/,
    );
    await expectAsking(executionArn, rest, asksAgain(message));
    expect(since(before, at.issued())).toEqual(nothing);
  });
});

describe("a waiting run that is answered with", () => {
  const noCode = "The answer holds no six-digit code. Give the six digits that dave's authenticator shows now.";
  const noMember = { status: "waits", because: "no-code", message: 'The last answer held no mfaCode: answer with {"mfaCode": "123456"}.' };

  it.each<[string, unknown, (run: string) => object]>([
    ["letters", { mfaCode: "12345a" }, (run) => asksAgain(`Run ${run}: ${noCode}`)],
    ["seven digits", { mfaCode: "1234567" }, (run) => asksAgain(`Run ${run}: ${noCode}`)],
    ["an object without a code", { mfaCode: { plain: "123456" } }, (run) => asksAgain(`Run ${run}: ${noCode}`)],
    ["a number", { mfaCode: 123456 }, () => noMember],
    ["nothing", {}, () => noMember],
    ["null", null, () => noMember],
    ["a bare code", "123456", () => noMember],
    ["everything but a code", { order: {}, session: "x", credentials: "x", code: "123456" }, () => noMember],
  ])("%s asks again", async (what, answer, expected) => {
    const run = `answered-${what.replaceAll(" ", "-")}`;
    const before = at.issued();
    const { executionArn, rest } = await operator.run(input("dave"), run);
    expect(rest).toEqual({ status: "waits", because: "no-code" });
    await expectAsking(executionArn, await operator.answer(executionArn, answer), expected(run));
    expect(since(before, at.issued())).toEqual(nothing);
  });

  it("the wrong code once more is told that it has spent it, and goes on with a good one", async () => {
    const [wrong] = wrongCodes("frank", 1, at);
    const { executionArn } = await operator.run(input("frank", wrong), "twice");
    expect(await operator.answer(executionArn, { mfaCode: wrong })).toEqual(
      asksAgain(expect.stringMatching(/^Run twice: this run has spent this code already, and a code works once\. frank's authenticator /)),
    );
    const before = at.issued();
    expect(await operator.answer(executionArn, { mfaCode: await freshCode("frank", at) })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    expect(since(before, at.issued())).toEqual({ sessions: 1, roles: 1, jobs: 1 });
  });

  it("a good code beside another order goes on with the order that was admitted", async () => {
    const { executionArn } = await operator.run(input("frank"), "beside");
    const rest = await operator.answer(executionArn, { mfaCode: await freshCode("frank", at), order: { job: "credential-report" } });
    expect(rest).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    expect(await operator.output(executionArn)).toMatchObject({ run: "beside", job: "trial", admin: "frank", exitCode: 0 });
  });
});

describe("five wrong codes", () => {
  it("lock the admin out of every run for fifteen minutes, and nobody else", async () => {
    const asked = () => at.calls.filter(({ operation }) => operation === "GetSessionToken").length;
    const before = at.issued();
    const askedBefore = asked();
    for (const [index, code] of wrongCodes("erin", 5, at).entries()) {
      const { executionArn, rest } = await operator.run(input("erin", code), `guess-${index}`);
      expect(rest).toMatchObject({ status: "waits", because: "refused" });
      await operator.stop(executionArn);
    }
    const lockedAtMs = at.emulator.clock.now();
    const { executionArn, rest } = await operator.run(input("erin", await freshCode("erin", at)), "locked");
    const lock =
      /^Run locked: too many codes of erin were refused; no further one is tried until (?<until>\S+)\. Give a fresh one after that\. If erin did not give those codes, tell your security team\.$/;
    expect(rest).toEqual(asksAgain(expect.stringMatching(lock)));
    const untilMs = Date.parse(lock.exec((rest as { message: string }).message)?.groups?.["until"] ?? "");
    expect(untilMs - lockedAtMs).toBeGreaterThan(890_000);
    expect(untilMs - lockedAtMs).toBeLessThanOrEqual(900_000);
    expect(asked() - askedBefore).toBe(5);
    expect(since(before, at.issued())).toEqual(nothing);

    expect((await operator.run(input("frank", await freshCode("frank", at)), "not-locked")).rest).toEqual({
      status: "SUCCEEDED",
      at: "RunJob",
    });

    // A code is asked for in vain as long as the lock lasts, and STS hears of none.
    await at.emulator.clock.advance(untilMs - at.emulator.clock.now() - 10_000);
    const early = authenticatorOf("erin", at).code();
    expect(await operator.answer(executionArn, { mfaCode: early })).toEqual(asksAgain(expect.stringMatching(lock)));
    expect(asked() - askedBefore).toBe(6);

    // The lock did not burn it either.
    await at.emulator.clock.advance(10_000);
    expect(await operator.answer(executionArn, { mfaCode: early })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
    expect(asked() - askedBefore).toBe(7);
  });
});

describe("a run that waits", () => {
  it("fails when an operator refuses, in that operator's words; redriven, it asks again", async () => {
    const { executionArn } = await operator.run(input("dave"), "refused");
    expect(await operator.refuse(executionArn, { error: "NotToday", cause: "Dave is on holiday." })).toEqual({
      status: "FAILED",
      at: "RequestMfa",
      error: "NotToday",
      message: "Dave is on holiday.",
    });
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RequestMfa", status: "waits", because: "no-code" });
    await operator.stop(executionArn);
  });

  it("fails when nobody answers in time; redriven, it asks again for as long, and takes a code", async () => {
    const before = at.issued();
    const { executionArn } = await operator.run(input("dave"), "unanswered");
    await at.emulator.clock.advance(14_400_000);
    expect(await operator.rest(executionArn)).toEqual({ status: "FAILED", at: "RequestMfa", error: "States.Timeout" });
    expect(since(before, at.issued())).toEqual(nothing);
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "RequestMfa", status: "waits", because: "no-code" });
    expect(await operator.answer(executionArn, { mfaCode: await freshCode("dave", at) })).toEqual({ status: "SUCCEEDED", at: "RunJob" });
  });
});
