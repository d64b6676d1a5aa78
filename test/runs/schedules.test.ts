// Schedules on the emulator's clock: what a firing does while an earlier run of its schedule waits for a code, and what never happens.

import { CloudWatchLogsClient, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  type ExecutionListItem,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { functionLogGroup, functionName, roleNames, scheduleParameter } from "../../core/naming.ts";
import { scheduledRunName } from "../../core/run-names.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import { stolen } from "../attacks/attacked-account.ts";
import config from "../fixtures/unattended/config.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator } from "./operator.ts";
import { freshCode, type RunAccount, startRunAccount } from "./run-account.ts";

const hourMs = 3_600_000;
const fixture = { folder: "test/fixtures/unattended", config };

let at: RunAccount;
let operator: Operator;
let sfn: SFNClient;
let ssm: SSMClient;
beforeAll(async () => {
  at = await startRunAccount({ fixture });
  await endRecordSweep(at);
  operator = new Operator(at);
  // In the emulator's own process, whose clock they sign with however it jumps.
  const options = at.emulator.gateway.clientOptions(at.people.operator);
  sfn = new SFNClient(options);
  ssm = new SSMClient(options);
});
afterAll(async () => {
  for (const client of [operator, sfn, ssm]) client?.destroy();
  await at?.emulator.stop();
});

/** Each test begins with nothing that runs, every schedule on, and a full hour before it. */
beforeEach(async () => {
  await forEach(turnOn);
  for (;;) {
    const executions = await running();
    if (executions.length === 0) break;
    for (const { executionArn } of executions) await sfn.send(new StopExecutionCommand({ executionArn }));
    // The end of one may have started another that was queued.
    await settled();
  }
});

async function running(): Promise<readonly ExecutionListItem[]> {
  const query = { stateMachineArn: at.stateMachineArn, statusFilter: "RUNNING" as const };
  return (await sfn.send(new ListExecutionsCommand(query))).executions ?? [];
}

/** Nothing is on its way, and every run has ended, waits for a code, or has its job running: the clock may jump. */
async function settled(): Promise<void> {
  await at.emulator.settled();
  const isStill = ({ type }: HistoryEvent): boolean =>
    type === "TaskSubmitted" || /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(type ?? "");
  for (const { executionArn = "" } of await running()) {
    await operator.until(executionArn, (events) => events.slice(-1).find(isStill));
  }
}

/** Moves the clock to the next full hour and a little more; gives the hour. */
async function nextHour(): Promise<number> {
  const hour = (Math.floor(at.emulator.clock.now() / hourMs) + 1) * hourMs;
  await advanceTo(hour + 5000);
  return hour;
}

async function advanceTo(ms: number): Promise<void> {
  await at.emulator.clock.advance(Math.max(0, ms - at.emulator.clock.now()));
  await settled();
}

const arnOf = (run: string): string => `${at.stateMachineArn.replace(":stateMachine:", ":execution:")}:${run}`;

/** Where a run has come to rest, or that there is none. */
async function restOf(run: string): Promise<object> {
  try {
    await sfn.send(new DescribeExecutionCommand({ executionArn: arnOf(run) }));
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return { status: "does not exist" };
    throw error;
  }
  return operator.rest(arnOf(run));
}

const turnOff = (job: string): Promise<unknown> =>
  ssm.send(new PutParameterCommand({ Name: scheduleParameter(job, "disabled"), Type: "String", Value: "{}" }));
const turnOn = (job: string): Promise<unknown> =>
  ssm.send(new DeleteParameterCommand({ Name: scheduleParameter(job, "disabled") })).catch(() => undefined);

/** A job that goes on: started in the name of the firing, for a schedule gives no parameters. */
async function startHanging(run: string, job: string): Promise<void> {
  const mfaCode = await freshCode("alice", at);
  const executionArn = await operator.start({ job, admin: "alice", parameters: { act: "hang" }, mfaCode }, run);
  await operator.until(executionArn, (events) => events.find(({ type }) => type === "TaskSubmitted"));
}

const waits = { status: "waits", because: "no-code" };
const none = { status: "does not exist" };
/** Every schedule fires at every full hour, so that one hour is a case for each way to treat a run that waits. */
const jobs = { skip: "skipping", queue: "queueing", replace: "replacing" } as const;
type Policy = keyof typeof jobs;
const policies = Object.keys(jobs) as Policy[];

async function forEach<Value>(make: (job: string, policy: Policy) => Promise<Value>): Promise<Record<Policy, Value>> {
  const entries: [Policy, Value][] = [];
  for (const policy of policies) entries.push([policy, await make(jobs[policy], policy)]);
  return Object.fromEntries(entries) as Record<Policy, Value>;
}

const restsAt = (hour: number): Promise<Record<Policy, object>> => forEach((job) => restOf(scheduledRunName(job, hour)));
const all = (rest: object): Record<Policy, object> => ({ skip: rest, queue: rest, replace: rest });

describe("a firing with skip, queue or replace", () => {
  it("and nothing pending starts a run that waits, under its minute's name", async () => {
    const hour = await nextHour();
    expect(scheduledRunName("skipping", hour)).toMatch(/^skipping-\d{8}T\d\d00Z$/);
    expect(await restsAt(hour)).toEqual(all(waits));
  });

  it("and one that waits for a code: the next does not start, starts in its turn, or takes its place", async () => {
    const [first, second] = [await nextHour(), await nextHour()];
    const cause = `${scheduledRunName("replacing", second)}, the next run of the same schedule, takes its place.`;
    expect(await restsAt(first)).toEqual({
      ...all(waits),
      replace: { status: "ABORTED", at: "RequestMfa", error: "Replaced", message: cause },
    });
    expect(await restsAt(second)).toEqual({ ...all(none), replace: waits });
  });

  it("and one whose job runs starts, and lets that job run", async () => {
    await forEach(turnOff);
    const before = await nextHour();
    await forEach((job) => startHanging(scheduledRunName(job, before), job));
    await forEach(turnOn);
    const hour = await nextHour();
    expect(await restsAt(hour)).toEqual(all(waits));
    const status = async (job: string) =>
      (await sfn.send(new DescribeExecutionCommand({ executionArn: arnOf(scheduledRunName(job, before)) }))).status;
    expect(await forEach(status)).toEqual({ skip: "RUNNING", queue: "RUNNING", replace: "RUNNING" });
  });

  it("and one that has ended starts", async () => {
    const ended = await nextHour();
    await forEach((job) => operator.stop(arnOf(scheduledRunName(job, ended))));
    expect(await restsAt(await nextHour())).toEqual(all(waits));
  });

  it("does nothing where a person's run of the same job waits, and starts", async () => {
    const byHand = await forEach((job) => operator.run({ job, admin: "alice" }));
    const hour = await nextHour();
    expect(await restsAt(hour)).toEqual(all(waits));
    expect(await forEach((_, policy) => operator.rest(byHand[policy].executionArn))).toEqual(all(waits));
  });

  it("that is delivered twice, or late, is one run and replaces nothing newer", async () => {
    const [earlier, hour] = [await nextHour(), await nextHour()];
    const before = [await restsAt(earlier), await restsAt(hour)];
    await forEach(async (job, policy) => {
      for (const again of [hour, earlier, earlier - hourMs]) await deliver(job, { policy, hour: again });
    });
    expect([await restsAt(earlier), await restsAt(hour)]).toEqual(before);
    expect(await forEach(async (job) => (await runsNamed(job)).length)).toEqual({ skip: 1, queue: 1, replace: 1 });
  });
});

describe("a firing", () => {
  it("that failed after the start replaces the run that waits when it is tried again", async () => {
    const { gateway } = at.emulator;
    const first = await nextHour();
    const fault = gateway.faults.add({
      service: "states",
      operation: "StopExecution",
      times: 3,
      error: new AwsError("InternalServerError", "It is not you, it is us.", { statusCode: 500 }),
    });
    const second = await nextHour();
    expect(await restOf(scheduledRunName("replacing", first))).toEqual(waits);
    fault.lift();
    await advanceTo(at.emulator.clock.now() + 61_000);
    expect(await restOf(scheduledRunName("replacing", first))).toMatchObject({ status: "ABORTED", error: "Replaced" });
    expect(await restOf(scheduledRunName("replacing", second))).toEqual(waits);
  });
});

/** Names of the job's scheduled runs that go on. */
const runsNamed = async (job: string): Promise<readonly string[]> =>
  (await running()).map(({ name = "" }) => name).filter((name) => name.startsWith(`${job}-`));

/** The firing's payload once more, from EventBridge Scheduler's own role. */
async function deliver(job: string, { policy, hour }: { policy: Policy; hour: number }): Promise<void> {
  const lambda = new LambdaClient(at.emulator.gateway.clientOptions(await stolen(roleNames.scheduler, at)));
  const payload = { job, admin: "alice", reason: "Every hour", whilePending: policy, scheduledAt: new Date(hour).toISOString() };
  const FunctionName = functionName("start-scheduled-run");
  await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: Buffer.from(JSON.stringify(payload)) }));
  await settled();
}

describe("the newest firing that queues", () => {
  it.each<[string, (run: string) => Promise<unknown>]>([
    ["was answered and its job has ended", async (run) => operator.answer(arnOf(run), { mfaCode: await freshCode("alice", at) })],
    ["was stopped", (run) => operator.stop(arnOf(run))],
  ])("starts when the run that waits %s, and alone", async (_, end) => {
    const first = scheduledRunName("queueing", await nextHour());
    const passedOver = scheduledRunName("queueing", await nextHour());
    const newest = scheduledRunName("queueing", await nextHour());
    expect([await restOf(passedOver), await restOf(newest)]).toEqual([none, none]);
    await end(first);
    await settled();
    expect([await restOf(passedOver), await restOf(newest)]).toEqual([none, waits]);
  });

  it("starts when nobody has answered the run that waits in time", async () => {
    const hour = await nextHour();
    for (let hours = 1; hours <= 3; hours += 1) await nextHour();
    // Not far past it: what a jump passes over is killed by its own time limit.
    await advanceTo(hour + config.limits.approvalSeconds * 1000 + 15_000);
    expect(await restOf(scheduledRunName("queueing", hour))).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    await settled();
    expect(await runsNamed("queueing")).toEqual([scheduledRunName("queueing", hour + 3 * hourMs)]);
    expect(await restOf(scheduledRunName("queueing", hour + 3 * hourMs))).toEqual(waits);
  });

  it("does not start where its schedule was turned off meanwhile", async () => {
    const first = scheduledRunName("queueing", await nextHour());
    const newest = scheduledRunName("queueing", await nextHour());
    await turnOff("queueing");
    await operator.stop(arnOf(first));
    await settled();
    expect(await restOf(newest)).toEqual(none);
  });
});

describe("a schedule", () => {
  it("with skip, queue or replace that is turned off starts nothing and stops nothing, and does again when it is turned on", async () => {
    const pending = await nextHour();
    await forEach(turnOff);
    const skipped = await nextHour();
    expect([await restsAt(pending), await restsAt(skipped)]).toEqual([all(waits), all(none)]);
    await forEach((job) => operator.stop(arnOf(scheduledRunName(job, pending))));
    await forEach(turnOn);
    const hour = await nextHour();
    expect([await restsAt(skipped), await restsAt(hour)]).toEqual([all(none), all(waits)]);
  });

  it("is off whatever its parameter holds", async () => {
    await ssm.send(new PutParameterCommand({ Name: scheduleParameter("skipping", "disabled"), Type: "StringList", Value: "no, on!" }));
    expect(await restOf(scheduledRunName("skipping", await nextHour()))).toEqual(none);
  });

  it("says in its log what a firing did, and why", async () => {
    const first = scheduledRunName("skipping", await nextHour());
    const second = scheduledRunName("skipping", await nextHour());
    await at.emulator.lambda.logsFlushed();
    const logs = signedIn(CloudWatchLogsClient, at.administrator, at);
    const query = { logGroupName: functionLogGroup("start-scheduled-run"), filterPattern: "StartScheduledRun" };
    const lines: unknown[] = [];
    for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, query)) {
      lines.push(...events.map(({ message = "" }) => JSON.parse(message) as unknown));
    }
    logs.destroy();
    expect(lines).toContainEqual(
      expect.objectContaining({ state: "StartScheduledRun", job: "skipping", scheduledRun: first, did: "started" }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ scheduledRun: second, did: "nothing", because: "pending", pending: [first] }));
  });

  it("fires through no other group's role", async () => {
    const assumed = at.emulator.roles.assumeAsService({
      service: "scheduler.amazonaws.com",
      roleArn: at.roleArn(roleNames.scheduler),
      sessionName: "foreign",
      sourceArn: at.arn("scheduler", "schedule-group/default"),
    });
    await expect(assumed).rejects.toThrow();
  });
});
