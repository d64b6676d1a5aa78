// What a run's variables would have to become for a step to be deceived: given to the Lambdas by whoever may invoke them, and refused.

import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionName, roleNames } from "../../core/naming.ts";
import { type Order, orderDigest } from "../../core/order.ts";
import { type Principal, stolen } from "../attacks/attacked-account.ts";
import { Operator } from "./operator.ts";
import { freshCode, nothing, type RunAccount, since, startRunAccount } from "./run-account.ts";

/** What the steps of a run handed on. */
interface Handed {
  readonly order: Order;
  readonly session: string;
  readonly credentials: string;
  readonly expiresAt: string;
}

let at: RunAccount;
let operator: Operator;
let mine: Handed;
let other: Handed;

beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
  mine = await handed("mine", { job: "trial", parameters: { act: "succeed", note: "mine" } });
  other = await handed("other", { job: "credential-report" });
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

/** From the history of a run that went well, as any operator can read it. */
async function handed(run: string, of: object): Promise<Handed> {
  const { executionArn, rest } = await operator.run({ ...of, admin: "alice", mfaCode: await freshCode("alice", at) }, run);
  expect(rest).toEqual({ status: "SUCCEEDED", at: "RunJob" });
  const [order, session, credentials] = (await operator.history(executionArn)).flatMap(({ taskSucceededEventDetails: details }) =>
    details === undefined ? [] : [(JSON.parse(details.output ?? "{}") as { Payload: unknown }).Payload],
  ) as [Order, { session: string }, { credentials: string; expiresAt: string }];
  return { order, session: session.session, ...credentials };
}

const steps = {
  "validate-mfa": roleNames.invokeValidateMfa,
  "retrieve-credentials": roleNames.invokeRetrieveCredentials,
  "authorize-submission": roleNames.invokeAuthorizeSubmission,
} as const satisfies Record<string, Principal>;

async function invoke(step: keyof typeof steps, payload: object): Promise<{ error: string; message: string }> {
  const lambda = new LambdaClient(at.emulator.gateway.clientOptions(await stolen(steps[step], at)));
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: functionName(step), Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  lambda.destroy();
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString()) as { errorType?: string; errorMessage?: string };
  return FunctionError === undefined
    ? { error: "none", message: "" }
    : { error: answer.errorType ?? "", message: answer.errorMessage ?? "" };
}

const changed = (order: Order, change: Partial<Order>): Order => ({ ...order, ...change });
/** With a digest that fits, as a forger would write it. */
const forged = (order: Order, change: Partial<Order>): Order => {
  const subject = changed(order, change);
  return { ...subject, digest: orderDigest(subject) };
};

const notOpened = (run: string, hop: string) => ({
  error: "EnvelopeUnopenable",
  message: `Run ${run}: KMS does not open what hop ${hop} was given (InvalidCiphertextException): it was sealed for another run, order or step. Start a new run.`,
});
const noEnvelope = { error: "EnvelopeUnopenable", message: "Not a sealed envelope: expected kt1.<wrapped key>.<nonce>.<ciphertext>." };
const altered = {
  error: "OrderMismatch",
  message: expect.stringMatching(
    /^Run mine: the order was changed after it was admitted \(digest [0-9a-f]{64}, contents give [0-9a-f]{64}\)\. Start a new run\.$/,
  ),
};
const differs = (what: string) => ({
  error: "OrderMismatch",
  message: `Run mine: the order is not what would be admitted now: ${what}. Start a new run.`,
});

type Case = readonly [string, () => object, object];

async function expectRefusal(step: keyof typeof steps, payload: object, expected: object): Promise<void> {
  // Whoever steals the role that invokes a step is no operator; taking its credentials issues none of a person's.
  const before = at.issued();
  expect(await invoke(step, payload)).toEqual(expected);
  expect(since(before, at.issued())).toEqual(nothing);
}

describe("ValidateMfa refuses, and spends no code on,", () => {
  it.each<Case>([
    ["a changed command", () => ({ order: changed(mine.order, { command: ["--act=exit"] }) }), altered],
    ["a changed admin", () => ({ order: changed(mine.order, { admin: "bob" }) }), altered],
    ["no order", () => ({}), { error: "OrderMismatch", message: "Not an order that AdmitRun wrote: look at the order. Start a new run." }],
  ])("%s", async (_what, payload, expected) => {
    const code = await freshCode("alice", at);
    await expectRefusal("validate-mfa", { ...payload(), mfaCode: code }, expected);
    expect(at.calls.findLast(({ operation }) => operation === "PutItem")?.atMs).toBeLessThan(at.emulator.clock.now() - 30_000);
  });
});

describe("RetrieveCredentials assumes no role for", () => {
  it.each<Case>([
    ["the session of another run", () => ({ order: mine.order, session: other.session }), notOpened("mine", "mfa-session")],
    ["this run's session with another order", () => ({ order: other.order, session: mine.session }), notOpened("other", "mfa-session")],
    ["a changed command", () => ({ ...mine, order: changed(mine.order, { command: ["--act=exit"] }) }), altered],
    [
      "a changed command whose digest fits",
      () => ({ ...mine, order: forged(mine.order, { command: ["--act=exit"] }) }),
      notOpened("mine", "mfa-session"),
    ],
    [
      "a changed parameter whose digest fits",
      () => ({ ...mine, order: forged(mine.order, { parameters: { ...mine.order.parameters, act: "exit" } }) }),
      notOpened("mine", "mfa-session"),
    ],
    [
      "another job under this run's name",
      () => ({ ...mine, order: forged(other.order, { run: "mine" }) }),
      notOpened("mine", "mfa-session"),
    ],
    [
      "another job's role, which the digest does not cover",
      () => ({ ...mine, order: changed(mine.order, { jobRole: other.order.jobRole }) }),
      { error: "OrderMismatch", message: "Run mine: jobRole of the order differ from the catalogue's for trial. Start a new run." },
    ],
    [
      "longer credentials, which the digest does not cover",
      () => ({ ...mine, order: changed(mine.order, { credentialSeconds: 43_200 }) }),
      {
        error: "OrderMismatch",
        message: "Run mine: credentialSeconds of the order differ from the catalogue's for trial. Start a new run.",
      },
    ],
    [
      "the job's credentials in place of the session",
      () => ({ ...mine, session: mine.credentials }),
      expect.objectContaining({ error: "EnvelopeUnopenable" }),
    ],
    ["words", () => ({ ...mine, session: "open sesame" }), noEnvelope],
    ["no session", () => ({ order: mine.order }), noEnvelope],
  ])("%s", async (_what, payload, expected) => {
    const { order, session } = payload() as Handed;
    await expectRefusal("retrieve-credentials", { order, session }, expected);
  });
});

describe("AuthorizeSubmission re-addresses nothing for", () => {
  it.each<Case>([
    ["the credentials of another run", () => ({ order: mine.order, credentials: other.credentials }), notOpened("mine", "job-credentials")],
    [
      "this run's credentials with another job's order",
      () => ({ order: other.order, credentials: mine.credentials }),
      notOpened("other", "job-credentials"),
    ],
    ["a changed command", () => ({ ...mine, order: changed(mine.order, { command: ["--act=exit"] }) }), altered],
    [
      "a changed command whose digest fits",
      () => ({ ...mine, order: forged(mine.order, { command: ["--act=exit"] }) }),
      differs("command differ from what the catalogue gives for trial"),
    ],
    [
      "a changed parameter, command and digest to match",
      () => ({ ...mine, order: forged(mine.order, { parameters: { ...mine.order.parameters, act: "exit" }, command: ["--act=exit"] }) }),
      notOpened("mine", "job-credentials"),
    ],
    [
      "a parameter that the job does not take",
      () => ({ ...mine, order: forged(mine.order, { parameters: { act: "explode" } }) }),
      differs("the parameters are not ones that trial takes"),
    ],
    [
      "another definition of the job",
      () => ({ ...mine, order: forged(mine.order, { jobDefinition: mine.order.jobDefinition.replace(/\d+$/, "7") }) }),
      differs("jobDefinition differ from what the catalogue gives for trial"),
    ],
    [
      "an admin who is not assigned",
      () => ({ ...mine, order: forged(other.order, { run: "mine", admin: "bob" }) }),
      differs("bob may not launch credential-report"),
    ],
    [
      "the MFA session in place of the credentials",
      () => ({ ...mine, credentials: mine.session }),
      expect.objectContaining({ error: "EnvelopeUnopenable" }),
    ],
    [
      "its own credentials, said to live longer",
      () => ({ ...mine, expiresAt: new Date(Date.parse(mine.expiresAt) + 3_600_000).toISOString() }),
      notOpened("mine", "job-credentials"),
    ],
    ["words", () => ({ ...mine, credentials: "open sesame" }), noEnvelope],
  ])("%s", async (_what, payload, expected) => {
    const { order, credentials, expiresAt = mine.expiresAt } = payload() as Handed;
    await expectRefusal("authorize-submission", { order, credentials, expiresAt }, expected);
  });
});
