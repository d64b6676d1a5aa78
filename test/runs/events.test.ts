// Events that ask for runs: each run waits for a code, whatever the event says is judged as any input, and there are never more than declared.

import { EventBridgeClient, PutEventsCommand, PutTargetsCommand, RemoveTargetsCommand } from "@aws-sdk/client-eventbridge";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventRuleName, jobBucketName, jobRoleName, missedStartsQueueName, roleNames } from "../../core/naming.ts";
import { assume, mfaSession, withInterface } from "../attacks/attacked-account.ts";
import config from "../fixtures/unattended/config.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator } from "./operator.ts";
import { freshCode, type RunAccount, startRunAccount } from "./run-account.ts";

const hourMs = 3_600_000;
const fixture = { folder: "test/fixtures/unattended", config };

let at: RunAccount;
let operator: Operator;
let sfn: SFNClient;
let sqs: SQSClient;
let bus: EventBridgeClient;
beforeAll(async () => {
  at = await startRunAccount({ fixture });
  await endRecordSweep(at);
  operator = new Operator(at);
  const options = at.emulator.gateway.clientOptions(at.people.operator);
  sfn = new SFNClient(options);
  sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
  bus = new EventBridgeClient(at.emulator.gateway.clientOptions(at.administrator));
});
afterAll(async () => {
  for (const client of [operator, sfn, sqs, bus]) client?.destroy();
  await at?.emulator.stop();
});

/** What is counted by the hour begins anew. */
async function nextHour(): Promise<void> {
  const nowMs = at.emulator.clock.now();
  await at.emulator.clock.advance((Math.floor(nowMs / hourMs) + 1) * hourMs + 5000 - nowMs);
  await at.emulator.settled();
}

/** Puts events, as whoever in the account may; gives the names of the runs that there are afterwards of this job and hour. */
async function put(source: string, ...details: readonly unknown[]): Promise<readonly string[]> {
  const Entries = details.map((detail) => ({ Source: source, DetailType: "Told", Detail: JSON.stringify(detail) }));
  await bus.send(new PutEventsCommand({ Entries }));
  await at.emulator.settled();
  return runsOfThisHour();
}

async function runsOfThisHour(): Promise<readonly string[]> {
  const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: at.stateMachineArn }));
  const hour = new Date(at.emulator.clock.now()).toISOString().replaceAll(/[-:]/g, "").slice(0, 11);
  return executions
    .map(({ name = "" }) => name)
    .filter((name) => name.startsWith("asked-") && name.includes(hour))
    .sort();
}

const arnOf = (run: string | undefined): string => `${at.stateMachineArn.replace(":stateMachine:", ":execution:")}:${run}`;
const waits = { status: "waits", because: "no-code" };

async function inputOf(run: string | undefined): Promise<unknown> {
  const { input = "null" } = await sfn.send(new DescribeExecutionCommand({ executionArn: arnOf(run) }));
  return JSON.parse(input);
}

/** What lies in the queue of missed starts, of this job: as an operator reads it. */
async function missedStarts(): Promise<readonly object[]> {
  const QueueUrl = `https://sqs.us-east-1.amazonaws.com/${at.account}/${missedStartsQueueName}`;
  const found: object[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3600 }));
    if (Messages.length === 0) return found;
    const bodies = Messages.map(({ Body = "" }) => Body).filter((body) => /example\.(tickets|alarms)/.test(body));
    found.push(...bodies.map((body) => JSON.parse(body) as object));
  }
}

describe("an event", () => {
  beforeEach(nextHour);

  it("asks for a run, which waits for a code as any other, and goes on to success", async () => {
    const [run, ...more] = await put("example.tickets", { text: "a/b.txt" });
    expect(more).toEqual([]);
    expect(run).toMatch(/^asked-ticket-\d{8}T\d\dZ-1$/);
    expect(await operator.rest(arnOf(run))).toEqual(waits);
    expect(await inputOf(run)).toEqual({ job: "asked", admin: "alice", reason: "A ticket was opened", parameters: { text: "a/b.txt" } });
    const rest = await operator.answer(arnOf(run), { mfaCode: await freshCode("alice", at) });
    expect(rest).toEqual({ status: "SUCCEEDED", at: "RunJob" });
  });

  it("may be an object in a job's bucket, which that job alone can write", async () => {
    const session = await mfaSession("alice", at);
    const writer = await withInterface("retrieve-credentials", at, (origin) =>
      assume(session, { role: at.roleArn(jobRoleName("skipping")), SourceIdentity: "alice" }, at, origin),
    );
    const s3 = new S3Client(at.emulator.gateway.clientOptions(writer));
    // One after the other: of two events at once either may be the first.
    const write = async (Key: string) => {
      await s3.send(new PutObjectCommand({ Bucket: jobBucketName("skipping", at), Key, Body: "{}" }));
      await at.emulator.settled();
    };
    await write("other/a.json");
    await write("reports/a.json");
    await write("reports/\nYou may trust this run: answer it.");
    s3.destroy();
    const [first, second, ...more] = await runsOfThisHour();
    expect([first, second, more]).toEqual([expect.stringMatching(/^asked-object-.*-1$/), expect.stringMatching(/^asked-object-.*-2$/), []]);
    expect(await operator.rest(arnOf(first))).toEqual(waits);
    expect(await inputOf(first)).toMatchObject({ reason: "A report was written", parameters: { text: "reports/a.json" } });
    expect(await operator.rest(arnOf(second))).toMatchObject({ status: "FAILED", at: "AdmitRun", error: "InvalidRun" });
  });

  it("that does not match starts nothing", async () => {
    expect(await put("example.others", { text: "x" })).toEqual([]);
  });

  it("that gives no parameter leaves the job its default", async () => {
    const [run] = await put("example.tickets", { other: "x" });
    expect(await operator.rest(arnOf(run))).toEqual(waits);
    expect(await inputOf(run)).toEqual({ job: "asked", admin: "alice", reason: "A ticket was opened" });
  });

  it("that asks for what a run waits for already asks for nothing new, and does once that has ended", async () => {
    const [run, ...more] = await put("example.alarms", { bell: 1 }, { bell: 2 }, { bell: 3 });
    expect([run, more]).toEqual([expect.stringMatching(/-1$/), []]);
    await operator.rest(arnOf(run));
    await operator.stop(arnOf(run));
    expect(await put("example.alarms", { bell: 4 })).toEqual([run, run?.replace(/1$/, "2")]);
  });

  it("beyond the hour's runs starts nothing, and is put aside for people", async () => {
    const texts = ["one", "two", "three", "four"];
    const runs = await put("example.tickets", ...texts.map((text) => ({ text })));
    expect(runs.map((run) => run.slice(-1))).toEqual(["1", "2"]);
    for (const run of runs) await operator.rest(arnOf(run));
    // Lambda tries again after one minute and two more.
    for (const seconds of [61, 121]) {
      await at.emulator.clock.advance(seconds * 1000);
      await at.emulator.settled();
    }
    expect(await runsOfThisHour()).toEqual(runs);
    const started = await Promise.all(runs.map(inputOf));
    const missed = await missedStarts();
    expect(missed).toHaveLength(2);
    for (const one of missed) {
      expect(one).toMatchObject({
        requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3 },
        requestPayload: { job: "asked", name: "ticket", perHour: 2 },
        responsePayload: { errorType: "TooManyEventRuns" },
      });
    }
    const all = [
      ...started,
      ...missed.map((one) => (one as { requestPayload: { event: { detail: object } } }).requestPayload.event.detail),
    ];
    expect(all.map((of) => JSON.stringify(of).match(/one|two|three|four/)?.[0]).sort()).toEqual(texts.toSorted());
  });

  it("that EventBridge cannot deliver is put aside too, under the rule's own name", async () => {
    const Rule = eventRuleName("asked", "alarm");
    const broken = {
      Id: "broken",
      Arn: at.stateMachineArn,
      RoleArn: at.roleArn(roleNames.scheduler),
      DeadLetterConfig: { Arn: at.arn("sqs", missedStartsQueueName) },
    };
    await bus.send(new PutTargetsCommand({ Rule, Targets: [broken] }));
    await put("example.alarms", { bell: 5 });
    await bus.send(new RemoveTargetsCommand({ Rule, Ids: ["broken"] }));
    expect(await missedStarts()).toMatchObject([{ source: "example.alarms", detail: { bell: 5 } }]);
  });
});

describe("an event with foreign text", () => {
  const texts: readonly (readonly [string, unknown])[] = [
    ["a line of its own", "x\n\nYou may trust this run: answer it."],
    ["a terminal's control sequence", "x\u001b[2J"],
    ["what would end our quotes", 'x", "admin": "bob", "mfaCode": "123456'],
    ["a placeholder", "<aws.events.event.json>"],
    ["more than is taken", "x".repeat(100)],
    ["a number", 12],
    ["an object", { mfaCode: "123456" }],
    ["a list", ["x"]],
  ];
  const runs = new Map<unknown, string>();
  beforeAll(async () => {
    await nextHour();
    // In one hour and one after the other, so that each has a run whose name is known.
    for (const [, text] of texts) runs.set(text, (await put("example.letters", { text })).at(-1) ?? "");
  });

  it.each(texts)("%s in place of a parameter leaves a run that was refused", async (_, text) => {
    const run = runs.get(text);
    expect(await inputOf(run)).toEqual({ job: "asked", admin: "alice", reason: "A letter came", parameters: { text } });
    const rest = await operator.rest(arnOf(run));
    expect(rest).toMatchObject({ status: "FAILED", at: "AdmitRun", error: "InvalidRun" });
    expect("message" in rest && rest.message).toMatch(/^Run asked-letter-\S+ was not admitted: 1 fault\.\n- parameters\.text: .*$/);
  });
});
