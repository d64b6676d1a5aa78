// Replays in a new execution, as any operator can start them: what they may bring along opens for the run and the order that it was sealed for,
// and for nothing else.

import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Order, orderDigest } from "../../core/order.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator, type Rest } from "./operator.ts";
import { freshCode, nothing, type RunAccount, since, startRunAccount } from "./run-account.ts";

interface Outputs {
  readonly AdmitRun: Order;
  readonly ValidateMfa: { readonly session: string; readonly expiresAt: string };
  readonly RetrieveCredentials: { readonly credentials: string; readonly expiresAt: string };
  readonly AuthorizeSubmission: { readonly submission: object };
}

let at: RunAccount;
let operator: Operator;
/** A run whose job failed, as alice ordered it, and another one of hers. */
let mine: Outputs;
let other: Outputs;

beforeAll(async () => {
  at = await startRunAccount();
  await endRecordSweep(at);
  operator = new Operator(at);
  mine = await outputsOf("mine", { act: "exit" });
  other = await outputsOf("other", { act: "exit", note: "other" });
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const replays = new Map<string, number>();

/** Replays are numbered; each of these tests takes the next. */
const resume = (run: string, of: object, rest: object = {}) => {
  const number = (replays.get(run) ?? 1) + 1;
  replays.set(run, number);
  return operator.run({ resume: { run, ...of }, ...rest }, `${run}-r${number}`);
};

/** What the states of a run returned, as any operator reads it in the history. */
async function outputsOf(run: string, parameters: object): Promise<Outputs> {
  const input = { job: "trial", admin: "alice", parameters, mfaCode: await freshCode("alice", at) };
  const { executionArn, rest } = await operator.run(input, run);
  expect(rest).toMatchObject({ status: "FAILED", at: "RunJob" });
  return returnedBy(await operator.history(executionArn));
}

function returnedBy(events: readonly HistoryEvent[]): Outputs {
  const returned = events.flatMap(({ taskSucceededEventDetails: details }) =>
    details === undefined ? [] : [(JSON.parse(details.output ?? "{}") as { Payload: unknown }).Payload],
  );
  const [AdmitRun, ValidateMfa, RetrieveCredentials, AuthorizeSubmission] = returned as unknown as [
    Outputs["AdmitRun"],
    Outputs["ValidateMfa"],
    Outputs["RetrieveCredentials"],
    Outputs["AuthorizeSubmission"],
  ];
  return { AdmitRun, ValidateMfa, RetrieveCredentials, AuthorizeSubmission };
}

const entered = (events: readonly HistoryEvent[]): string[] => events.flatMap(({ stateEnteredEventDetails: of }) => of?.name ?? []);
const failed = (state: string, error: string) => ({ status: "FAILED", at: state, error }) as const;
const jobFailed = failed("RunJob", "States.TaskFailed");

describe("a replay resumes", () => {
  it("at AuthorizeSubmission with the credentials of before: no code, no new session, a job of its own", async () => {
    const before = at.issued();
    const { executionArn, rest } = await resume("mine", {
      from: "AuthorizeSubmission",
      outputs: { AdmitRun: mine.AdmitRun, RetrieveCredentials: mine.RetrieveCredentials },
    });
    expect(rest).toMatchObject(jobFailed);
    expect(entered(await operator.history(executionArn))).toEqual(["AdmitRun", "ResumeAt", "AuthorizeSubmission", "RunJob"]);
    expect(since(before, at.issued())).toEqual({ sessions: 0, roles: 0, jobs: 1 });
  });

  it("at RetrieveCredentials with the session of before: no code, credentials issued anew", async () => {
    const fresh = await outputsOf("fresh", { act: "exit" });
    const before = at.issued();
    const { executionArn, rest } = await resume("fresh", {
      from: "RetrieveCredentials",
      outputs: { AdmitRun: fresh.AdmitRun, ValidateMfa: fresh.ValidateMfa },
    });
    expect(rest).toMatchObject(jobFailed);
    expect(entered(await operator.history(executionArn))).toEqual([
      "AdmitRun",
      "ResumeAt",
      "RetrieveCredentials",
      "AuthorizeSubmission",
      "RunJob",
    ]);
    expect(since(before, at.issued())).toEqual({ sessions: 0, roles: 1, jobs: 1 });
  });

  it("at RequestMfa, which says that it is a replay, and goes on with a code under the same run id", async () => {
    const { executionArn, rest } = await resume("mine", { from: "RequestMfa", outputs: { AdmitRun: mine.AdmitRun } });
    expect(rest).toEqual({ status: "waits", because: "replayed" });
    expect(await operator.answer(executionArn, { mfaCode: await freshCode("alice", at) })).toMatchObject(jobFailed);
    const submitted = at.calls.findLast(({ operation }) => operation === "SubmitJob");
    expect(submitted?.outcome).toBe("answered");
  });

  it("with a code at once, where its input has one", async () => {
    const mfaCode = await freshCode("alice", at);
    const { executionArn, rest } = await resume("mine", { from: "ValidateMfa", outputs: { AdmitRun: mine.AdmitRun } }, { mfaCode });
    expect(rest).toMatchObject(jobFailed);
    expect(entered(await operator.history(executionArn)).slice(0, 4)).toEqual(["AdmitRun", "ResumeAt", "HasMfaCode", "ValidateMfa"]);
  });

  it("anew at AdmitRun with another order, which takes a code of its own", async () => {
    const { rest } = await resume("mine", { from: "AdmitRun" }, { job: "trial", admin: "bob", parameters: { act: "succeed" } });
    expect(rest).toEqual({ status: "waits", because: "replayed" });
  });
});

/** With a digest that fits, as a forger would write it. */
const forged = (order: Order, change: Partial<Order>): Order => {
  const subject = { ...order, ...change };
  return { ...subject, digest: orderDigest(subject) };
};
/** The last bytes of the ciphertext turned round. */
const altered = (envelope: string): string => envelope.replace(/..$/, (end) => (end === "AA" ? "BB" : "AA"));

type Case = readonly [string, () => Parameters<typeof resume>, Partial<Rest>];

describe("nothing is issued and nothing runs for a replay", () => {
  const unopened = (state: string) => failed(state, "EnvelopeUnopenable");
  const session =
    (of: () => Outputs["ValidateMfa"], order = () => mine.AdmitRun): (() => Parameters<typeof resume>) =>
    () => ["mine", { from: "RetrieveCredentials", outputs: { AdmitRun: order(), ValidateMfa: of() } }];
  const credentials =
    (of: () => Outputs["RetrieveCredentials"], order = () => mine.AdmitRun): (() => Parameters<typeof resume>) =>
    () => ["mine", { from: "AuthorizeSubmission", outputs: { AdmitRun: order(), RetrieveCredentials: of() } }];
  const asking = (change: Partial<Order>) => () => forged(mine.AdmitRun, change);

  it.each<Case>([
    ["with the session of another run of the same admin", session(() => other.ValidateMfa), unopened("RetrieveCredentials")],
    [
      "with the credentials of another run of the same admin",
      credentials(() => other.RetrieveCredentials),
      unopened("AuthorizeSubmission"),
    ],
    [
      "with an altered session",
      session(() => ({ ...mine.ValidateMfa, session: altered(mine.ValidateMfa.session) })),
      unopened("RetrieveCredentials"),
    ],
    [
      "with credentials in place of the session",
      session(() => ({ ...mine.ValidateMfa, session: mine.RetrieveCredentials.credentials })),
      unopened("RetrieveCredentials"),
    ],
    [
      "with the session in place of credentials",
      credentials(() => ({ ...mine.RetrieveCredentials, credentials: mine.ValidateMfa.session })),
      unopened("AuthorizeSubmission"),
    ],
    [
      "with its own session, and other parameters in a well-made order",
      session(
        () => mine.ValidateMfa,
        asking({ parameters: { act: "succeed", text: "", note: "", breaks: "nothing" }, command: ["--act=succeed"] }),
      ),
      unopened("RetrieveCredentials"),
    ],
    [
      "with its own credentials, and another admin in a well-made order",
      credentials(() => mine.RetrieveCredentials, asking({ admin: "bob" })),
      unopened("AuthorizeSubmission"),
    ],
    [
      "with its own credentials, and a command that the job would not give",
      credentials(() => mine.RetrieveCredentials, asking({ command: ["--act=succeed"] })),
      failed("AdmitRun", "InvalidRun"),
    ],
    [
      "with its own credentials, and the revision before",
      credentials(
        () => mine.RetrieveCredentials,
        asking({ jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-trial:99" }),
      ),
      failed("AdmitRun", "InvalidRun"),
    ],
    [
      "with its own credentials, said to live longer",
      credentials(() => ({ ...mine.RetrieveCredentials, expiresAt: "2099-01-01T00:00:00.000Z" })),
      unopened("AuthorizeSubmission"),
    ],
    [
      "with the submission that AuthorizeSubmission had written",
      () => ["mine", { from: "RunJob", outputs: { AdmitRun: mine.AdmitRun, AuthorizeSubmission: mine.AuthorizeSubmission } }],
      failed("AdmitRun", "InvalidRun"),
    ],
    [
      "that goes by the name of another run",
      () => [
        "other",
        { run: "mine", from: "AuthorizeSubmission", outputs: { AdmitRun: mine.AdmitRun, RetrieveCredentials: mine.RetrieveCredentials } },
      ],
      failed("AdmitRun", "InvalidRun"),
    ],
  ])("%s", async (_, replay, expected) => {
    const before = at.issued();
    const { rest } = await resume(...replay());
    expect(rest).toMatchObject(expected);
    expect(since(before, at.issued())).toEqual(nothing);
  });

  it("with altered credentials: their key opens, they do not, and the job's launcher refuses", async () => {
    const before = at.issued();
    const { executionArn, rest } = await resume("mine", {
      from: "AuthorizeSubmission",
      outputs: {
        AdmitRun: mine.AdmitRun,
        RetrieveCredentials: { ...mine.RetrieveCredentials, credentials: altered(mine.RetrieveCredentials.credentials) },
      },
    });
    expect(rest).toMatchObject(jobFailed);
    expect(JSON.stringify(await operator.history(executionArn))).toContain('\\"ExitCode\\":78');
    expect(since(before, at.issued())).toEqual({ sessions: 0, roles: 0, jobs: 1 });
  });
});

// Last, since they move the clock. Of credentials that have ended, whatever an input says of them, the launcher makes nothing: launch.test.ts.
describe("what is stale", () => {
  it("asks for a code: an MFA session after 15 minutes", async () => {
    const run = await outputsOf("quarter", { act: "exit" });
    await at.emulator.clock.advance(16 * 60_000);
    const { rest } = await resume("quarter", {
      from: "RetrieveCredentials",
      outputs: { AdmitRun: run.AdmitRun, ValidateMfa: run.ValidateMfa },
    });
    expect(rest).toMatchObject({ status: "waits", because: "session-expired" });
  });

  it("asks for a code: credentials that would end before the job could", async () => {
    const run = await outputsOf("hour", { act: "exit" });
    await at.emulator.clock.advance(3_600_000);
    const outputs = { AdmitRun: run.AdmitRun, RetrieveCredentials: run.RetrieveCredentials };
    const { rest } = await resume("hour", { from: "AuthorizeSubmission", outputs });
    expect(rest).toMatchObject({ status: "waits", because: "session-expired" });
  });
});
