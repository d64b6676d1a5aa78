// Schedules whose target is a function: invoked as the schedule's role, with what the schedule says, and never without permission.

import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { Statement } from "../processes/workload-account.ts";
import { arn, type EventsAccount, functionArn, queueArn, startEventsAccount } from "./events-account.ts";

const start = Date.parse("2026-11-22T00:00:00Z");
const clock = new MovableClock({ frozenAtMs: start });
let account: EventsAccount;
let schedules = 0;

beforeAll(async () => {
  account = await startEventsAccount(clock);
});

beforeEach(() => {
  schedules += 1;
});

afterAll(() => account.stop());

/** A schedule of its own that fires now, and its end. */
async function fire(
  target: { Arn: string; Input?: string; DeadLetterConfig?: { Arn: string } },
  statements: readonly Statement[],
): Promise<string> {
  const Name = `schedule-${schedules}`;
  const RoleArn = await account.role(`Role-${schedules}`, {
    service: "scheduler.amazonaws.com",
    statements,
    trustConditions: { StringEquals: { "aws:SourceArn": arn("scheduler", "schedule-group/default"), "aws:SourceAccount": "111122223333" } },
  });
  await account.client(SchedulerClient).send(
    new CreateScheduleCommand({
      Name,
      ScheduleExpression: "at(2026-11-22T00:00:00)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { ...target, RoleArn },
    }),
  );
  await clock.advance(0);
  await account.settled();
  return RoleArn;
}

const mayInvoke = (name: string): Statement => ({ Action: "lambda:InvokeFunction", Resource: functionArn(name) });

it("invokes the function as the schedule's role, with its context attributes filled in", async () => {
  await account.addFunction("start-run");
  const Input = JSON.stringify({
    schedule: "<aws.scheduler.schedule-arn>",
    at: "<aws.scheduler.scheduled-time>",
    id: "<aws.scheduler.execution-id>",
    attempt: "<aws.scheduler.attempt-number>",
  });
  const roleArn = await fire({ Arn: functionArn("start-run"), Input }, [mayInvoke("start-run")]);
  expect(await account.received("start-run")).toEqual([
    {
      schedule: arn("scheduler", `schedule/default/schedule-${schedules}`),
      at: "2026-11-22T00:00:00Z",
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      attempt: "1",
    },
  ]);
  expect(account.calls.find(({ operation }) => operation === "Invoke")?.caller?.roleArn).toBe(roleArn);
});

it("tells a function that it fired, where the schedule has no input", async () => {
  await account.addFunction("told");
  await fire({ Arn: functionArn("told") }, [mayInvoke("told")]);
  expect(await account.received("told")).toMatchObject([
    { "detail-type": "Scheduled Event", source: "aws.scheduler", resources: [arn("scheduler", `schedule/default/schedule-${schedules}`)] },
  ]);
});

it("does not invoke what the role may not, and gives the firing to its dead-letter queue", async () => {
  await account.addFunction("forbidden");
  await account.addQueue("missed", { allows: [] });
  const roles = [mayInvoke("another"), { Action: "sqs:SendMessage", Resource: queueArn("missed") }];
  await fire({ Arn: functionArn("forbidden"), Input: '{"a":1}', DeadLetterConfig: { Arn: queueArn("missed") } }, roles);
  const [letter] = await account.deadLetters("missed");
  expect(letter?.Body).toBe('{"a":1}');
  expect(letter?.MessageAttributes).toMatchObject({
    ERROR_CODE: { StringValue: "AccessDeniedException" },
    RETRY_ATTEMPTS: { StringValue: "0" },
    TARGET_ARN: { StringValue: functionArn("forbidden") },
  });
  expect(await account.received("forbidden")).toEqual([]);
});
