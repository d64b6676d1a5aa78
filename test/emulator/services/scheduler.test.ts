// Scheduler on a frozen clock: when schedules fire, as whom they start executions, and what becomes of those that fail.

import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import type { StartExecutionInput } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "../../../emulator/aws-error.ts";
import { MovableClock } from "../../../emulator/clock.ts";
import type { Operation, Service } from "../../../emulator/service.ts";
import type { Delivery } from "../../../emulator/services/scheduler/delivery.ts";
import { createScheduler, type Scheduler } from "../../../emulator/services/scheduler.ts";
import { type Statement, startWorkloadAccount, type WorkloadAccount } from "../processes/workload-account.ts";

const machine = "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn";
const universal = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";
const mayStart: Statement = { Action: "states:StartExecution", Resource: machine };
const groupArn = "arn:aws:scheduler:us-east-1:111122223333:schedule-group/keyturn";
const queueArn = "arn:aws:sqs:us-east-1:111122223333:missed";
const start = Date.parse("2026-11-22T00:00:00Z");
const minutes = 60_000;

let account: WorkloadAccount;
let scheduler: Scheduler;
let clock: MovableClock;
let client: SchedulerClient;
let started: { atMs: number; caller: string; input: StartExecutionInput }[];
let deliveries: Delivery[];
let failures: AwsError[];
let delivered: (() => void) | undefined;
let waitedFor: number;

/** Stands for Step Functions: notes what is started, or fails as it is told. */
const states = (): Service => {
  const startExecution: Operation<StartExecutionInput> = {
    permissions: ({ stateMachineArn = "" }) => [{ action: "states:StartExecution", resource: stateMachineArn }],
    run(input, call) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      started.push({ atMs: call.nowMs, caller: call.caller.arn, input });
      return { executionArn: `${machine}:x`, startDate: new Date(call.nowMs) };
    },
  };
  return {
    signingName: "states",
    protocol: "awsJson1_0",
    model: () => import("@aws-sdk/client-sfn"),
    operations: { StartExecution: startExecution },
  };
};

beforeEach(async () => {
  clock = new MovableClock({ frozenAtMs: start });
  [started, deliveries, failures] = [[], [], []];
  waitedFor = 0;
  account = await startWorkloadAccount(
    ({ environment, gateway, roles }) => {
      const onDelivery = (of: Delivery): void => {
        deliveries.push(of);
        delivered?.();
      };
      scheduler = createScheduler(environment, { gateway, roles, onDelivery });
      return [scheduler, { service: states() }];
    },
    { clock },
  );
  client = account.client(SchedulerClient);
  await client.send(new CreateScheduleGroupCommand({ Name: "keyturn" }));
});

afterEach(() => account.stop());

/** Waits for a firing to be delivered or given up that was not waited for yet; it may have happened before. */
const delivery = async (): Promise<void> => {
  const awaited = ++waitedFor;
  while (deliveries.length < awaited)
    await new Promise<void>((resolve) => {
      delivered = resolve;
    });
};

const role = (name: string, statements: readonly Statement[] = [mayStart]) =>
  account.role(name, { service: "scheduler.amazonaws.com", statements, trustConditions: { StringEquals: { "aws:SourceArn": groupArn } } });

async function create(
  expression: string,
  of: Partial<CreateScheduleCommandInput> & { target?: object; roleArn?: string } = {},
): Promise<void> {
  const { target, roleArn = await role("Starter"), ...rest } = of;
  await client.send(
    new CreateScheduleCommand({
      Name: "report",
      GroupName: "keyturn",
      ScheduleExpression: expression,
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: universal,
        RoleArn: roleArn,
        Input: JSON.stringify({
          StateMachineArn: machine,
          Name: "<aws.scheduler.execution-id>",
          Input: '{"at":"<aws.scheduler.scheduled-time>"}',
        }),
        ...target,
      },
      ...rest,
    }),
  );
}

describe("a schedule that is due", () => {
  it("starts an execution as its role, named by the execution id, with its time filled in", async () => {
    await create("cron(30 6 * * ? *)");
    const done = delivery();
    await clock.advance(7 * 60 * minutes);
    await done;
    expect(started).toEqual([
      {
        atMs: expect.any(Number),
        caller: "arn:aws:sts::111122223333:assumed-role/Starter/report",
        input: { stateMachineArn: machine, name: expect.stringMatching(/^[0-9a-f]{16}$/), input: '{"at":"2026-11-22T06:30:00Z"}' },
      },
    ]);
    expect(deliveries).toEqual([
      {
        scheduleArn: "arn:aws:scheduler:us-east-1:111122223333:schedule/keyturn/report",
        scheduledAtMs: start + 390 * minutes,
        executionId: started[0]?.input.name,
        attempts: 1,
      },
    ]);
  });

  it("starts a state machine that is its target with the input as it stands", async () => {
    await create("at(2026-11-22T00:05:00)", { target: { Arn: machine, Input: '{"job":"x"}' } });
    const done = delivery();
    await clock.advance(5 * minutes);
    await done;
    expect(started.map(({ input }) => input)).toEqual([{ stateMachineArn: machine, input: '{"job":"x"}' }]);
  });

  it("is tried again, under the same execution id, while its target is unwell", async () => {
    failures = [new AwsError("InternalError", "unwell", { statusCode: 500 })];
    await create("at(2026-11-22T00:05:00)", { target: { RetryPolicy: { MaximumRetryAttempts: 1 } } });
    const retried = new Promise<void>((resolve) => {
      delivered = resolve;
    });
    await clock.advance(5 * minutes);
    // The first attempt goes over several turns of the event loop; its retry is a timer of the clock.
    while (failures.length > 0) await new Promise((resolve) => setImmediate(resolve));
    while (deliveries.length === 0) await clock.advance(1000);
    await retried;
    expect(deliveries).toMatchObject([{ attempts: 2, executionId: started[0]?.input.name }]);
    expect(deliveries[0]).not.toHaveProperty("error");
  });

  it("goes to its dead-letter queue, with the reason, when the role may not start the execution", async () => {
    const sqs = account.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "missed" }));
    const roleArn = await role("Powerless", [{ Action: "sqs:SendMessage", Resource: queueArn }]);
    await create("rate(1 hour)", { roleArn, target: { DeadLetterConfig: { Arn: queueArn } } });
    const done = delivery();
    await clock.advance(0);
    await done;
    expect(deliveries).toMatchObject([{ attempts: 1, deadLetter: "sent", error: { name: "AccessDeniedException" } }]);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"] }));
    expect(Messages?.[0]?.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: "AccessDeniedException" },
      TARGET_ARN: { StringValue: universal },
    });
    expect(JSON.parse(Messages?.[0]?.Body ?? "")).toMatchObject({ StateMachineArn: machine });
  });

  it("is given up when its role trusts another group's schedules only", async () => {
    const roleArn = await account.role("Elsewhere", {
      service: "scheduler.amazonaws.com",
      statements: [mayStart],
      trustConditions: { StringEquals: { "aws:SourceArn": groupArn.replace("keyturn", "other") } },
    });
    await create("rate(1 hour)", { roleArn, target: { RetryPolicy: { MaximumRetryAttempts: 0 } } });
    const done = delivery();
    await clock.advance(0);
    await done;
    expect(started).toEqual([]);
    expect(deliveries).toMatchObject([{ error: { message: expect.stringContaining("sts:AssumeRole") } }]);
  });
});

describe("when a schedule fires next", () => {
  it("a rate fires when it begins and then after every period", async () => {
    await create("rate(5 minutes)");
    const firings: number[] = [];
    while (firings.length < 3) {
      const done = delivery();
      await clock.advance(5 * minutes * Math.min(firings.length, 1));
      await done;
      firings.push(clock.now());
    }
    expect(firings).toEqual([start, start + 5 * minutes, start + 10 * minutes]);
    expect(deliveries.map(({ scheduledAtMs }) => scheduledAtMs)).toEqual(firings);
  });

  it.each([
    ["rate(2 days)", { StartDate: new Date("2026-11-23T12:00:00Z") }, "2026-11-23T12:00:00Z"],
    ["cron(0 6 * * ? *)", { ScheduleExpressionTimezone: "Europe/Berlin" }, "2026-11-22T05:00:00Z"],
    ["cron(0 6 ? * MON-FRI *)", {}, "2026-11-23T06:00:00Z"],
    ["cron(0 6 ? * 2 *)", {}, "2026-11-23T06:00:00Z"],
    ["cron(0 6 ? * 6L *)", {}, "2026-11-27T06:00:00Z"],
    ["cron(0 6 ? * L *)", {}, "2026-11-28T06:00:00Z"],
    ["cron(0 6 ? * 3#1 *)", {}, "2026-12-01T06:00:00Z"],
    ["cron(0 6 L * ? *)", {}, "2026-11-30T06:00:00Z"],
    ["cron(0 6 29W * ? *)", {}, "2026-11-30T06:00:00Z"],
    ["cron(0/20 6 22 11 ? 2027)", {}, "2027-11-22T06:00:00Z"],
    ["at(2026-11-30T23:00:00)", { ScheduleExpressionTimezone: "America/New_York" }, "2026-12-01T04:00:00Z"],
    ["at(2026-11-01T00:00:00)", {}, undefined],
    ["cron(0 6 * * ? 2025)", {}, undefined],
    ["cron(0 6 * * ? *)", { EndDate: new Date("2026-11-22T05:00:00Z") }, undefined],
    ["cron(0 6 * * ? *)", { State: "DISABLED" }, undefined],
  ] as const)("%s with %j: %s", async (expression, of, expected) => {
    await create(expression, of);
    const next = scheduler.nextFiring("keyturn/report");
    expect(next === undefined ? undefined : new Date(next).toISOString().replace(".000", "")).toBe(expected);
  });

  it.each(["rate(0 minutes)", "rate(1 week)", "cron(0 6 * * * *)", "cron(0 6 ? * ? *)", "cron(0 25 * * ? *)", "at(tomorrow)", "daily"])(
    "is no question for %s, which is refused",
    async (expression) => {
      await expect(create(expression)).rejects.toMatchObject({ name: "ValidationException" });
    },
  );

  it("is moved by an update and gone with the schedule", async () => {
    await create("cron(0 6 * * ? *)");
    const { Target, FlexibleTimeWindow } = await client.send(new GetScheduleCommand({ GroupName: "keyturn", Name: "report" }));
    await client.send(
      new UpdateScheduleCommand({
        GroupName: "keyturn",
        Name: "report",
        ScheduleExpression: "cron(0 9 * * ? *)",
        Target,
        FlexibleTimeWindow,
      }),
    );
    expect(scheduler.nextFiring("keyturn/report")).toBe(start + 9 * 60 * minutes);
    await client.send(new DeleteScheduleCommand({ GroupName: "keyturn", Name: "report" }));
    const { Schedules } = await client.send(new ListSchedulesCommand({ GroupName: "keyturn" }));
    expect(Schedules).toEqual([]);
    expect(() => scheduler.nextFiring("keyturn/report")).toThrow("Schedule report does not exist.");
  });
});

describe("what is not modelled, or wrong, is refused by name", () => {
  it.each([
    ["a target", { target: { Arn: "arn:aws:sqs:us-east-1:111122223333:x" } }, "arn:aws:sqs:us-east-1:111122223333:x is not modelled"],
    [
      "a function's input that is no JSON",
      { target: { Arn: "arn:aws:lambda:us-east-1:111122223333:function:x", Input: "text" } },
      "not JSON",
    ],
    ["a parameter of StartExecution", { target: { Input: JSON.stringify({ StateMachineArn: machine, Color: "red" }) } }, "Color"],
    ["a flexible window", { FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 } }, "flexible time window"],
  ] as const)("%s", async (_, of, message) => {
    await expect(create("rate(1 hour)", of)).rejects.toThrow(message);
  });
});

let callers = 0;
/** A client of a role that may do what the statements say. */
async function clientWith(statements: readonly Statement[]): Promise<SchedulerClient> {
  const roleArn = await account.role(`Caller${++callers}`, { service: "lambda.amazonaws.com", statements });
  const session = await account.roles.assumeAsService({
    service: "lambda.amazonaws.com",
    roleArn,
    sessionName: "test",
    sourceArn: machine,
  });
  return account.client(SchedulerClient, session);
}

it("asks for iam:PassRole on the target's role", async () => {
  client = await clientWith([{ Action: "scheduler:*", Resource: "*" }]);
  await expect(create("rate(1 hour)")).rejects.toThrow("iam:PassRole");
});

it("lists schedules for who may list all, whatever group is asked for; reads one for who may read its group", async () => {
  await create("rate(1 hour)");
  const Resource = "arn:aws:scheduler:us-east-1:111122223333:schedule/keyturn/*";
  const ofGroup = await clientWith([{ Action: ["scheduler:GetSchedule", "scheduler:ListSchedules"], Resource }]);
  await expect(ofGroup.send(new ListSchedulesCommand({ GroupName: "keyturn" }))).rejects.toThrow(
    /ListSchedules on resource: \S+:schedule\/\*\/\*/,
  );
  expect(await ofGroup.send(new GetScheduleCommand({ GroupName: "keyturn", Name: "report" }))).toMatchObject({ Name: "report" });
  const ofAll = await clientWith([{ Action: "scheduler:ListSchedules", Resource: "*" }]);
  expect((await ofAll.send(new ListSchedulesCommand({ GroupName: "keyturn" }))).Schedules).toHaveLength(1);
});
