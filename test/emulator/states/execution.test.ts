import { describe, expect, test } from "vitest";
import { lambdaArn, settle, start, task } from "./running.ts";

describe("variables and the context object", () => {
  test("Assign and Output see the variables as they were before the state", async () => {
    const { execution } = start({
      A: { Type: "Pass", Assign: { n: 1 }, Next: "B" },
      B: { Type: "Pass", Assign: { n: "{% $n + 1 %}" }, Output: "{% $n %}", Next: "C" },
      C: { Type: "Succeed", Output: { before: "{% $states.input %}", after: "{% $n %}" } },
    });
    await execution.ended;
    expect(execution.output?.value).toEqual({ before: 1, after: 2 });
  });

  test("what a branch assigns stays in the branch", async () => {
    const { execution } = start({
      A: { Type: "Pass", Assign: { n: 1 }, Next: "B" },
      B: {
        Type: "Parallel",
        Branches: [{ StartAt: "Inner", States: { Inner: { Type: "Pass", Assign: { inner: "{% $n %}" }, Output: "{% $n %}", End: true } } }],
        Next: "C",
      },
      C: { Type: "Succeed", Output: "{% [$states.input, $exists($inner)] %}" },
    });
    await execution.ended;
    expect(execution.output?.value).toEqual([1, false]);
  });

  test("the context object tells execution, state and machine", async () => {
    const { execution } = start({ A: { Type: "Succeed", Output: "{% $states.context %}" } }, { input: { x: 1 } });
    await execution.ended;
    expect(execution.output?.value).toEqual({
      Execution: {
        Id: "arn:aws:states:us-east-1:111122223333:execution:m:run-1",
        Input: { x: 1 },
        Name: "run-1",
        RoleArn: "arn:aws:iam::111122223333:role/m",
        StartTime: "2026-01-01T00:00:00.000Z",
        RedriveCount: 0,
      },
      State: { Name: "A", EnteredTime: "2026-01-01T00:00:00.000Z", RetryCount: 0 },
      StateMachine: { Id: "arn:aws:states:us-east-1:111122223333:stateMachine:m", Name: "m" },
    });
  });
});

describe("queries", () => {
  test.each([
    ["{% $partition([1,2,3], 2) %}", [[1, 2], [3]]],
    ["{% $range(1, 7, 3) %}", [1, 4, 7]],
    ["{% $range(3, 1, -1) %}", [3, 2, 1]],
    ["{% $range(-1.7, 2.9, 1) %}", [-1, 0, 1, 2]],
    ["{% $range(1, 9, 9) %}", 1],
    ["{% $partition([1,2,3], 2.9) %}", [[1, 2], [3]]],
    ["{% [1/0, -1/0, 0/0] %}", ["Infinity", "-Infinity", "NaN"]],
    ["{% $hash('keyturn', 'MD5') %}", "f44849daf8157df32151a60f99e4d90a"],
    ["{% $random(7) = $random(7) %}", true],
    ["{% $uuid() %}", "an-id"],
    ["{% $parse('{\"a\":[1]}') %}", { a: [1] }],
    ["{% $millis() %}", 0],
    ["{% $now() %}", "1970-01-01T00:00:00.000Z"],
  ])("%s", async (output, value) => {
    const { execution } = start({ A: { Type: "Succeed", Output: output } });
    await execution.ended;
    expect(execution.error).toBeUndefined();
    expect(execution.output?.value).toEqual(value);
  });

  test.each([
    ["{% $eval('1') %}", "threw an error during evaluation. T1006: Attempted to invoke a non-function"],
    ["{% $states.input.none %}", "returned nothing (undefined)."],
    ["{% $range(9, 1, 1) %}", "returned nothing (undefined)."],
    ["{% $range(1, 9) %}", "returned nothing (undefined)."],
    ["{% $partition([], 2) %}", "returned nothing (undefined)."],
    ["{% $partition([1], 0) %}", "returned nothing (undefined)."],
    ["{% $hash('x') %}", "returned nothing (undefined)."],
    ["{% $error('stop here') %}", "threw an error during evaluation. D3137: stop here"],
    ["{% function($x) { $x } %}", "returned an unsupported result type."],
  ])("%s fails the state", async (output, reason) => {
    const { execution } = start({ A: { Type: "Succeed", Output: output } });
    await execution.ended;
    expect(execution).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
    expect(execution.cause).toContain(`specified for the field 'Output' ${reason}`);
  });
});

describe("tasks", () => {
  test("a task that passes its limit is cancelled and fails with States.Timeout", async () => {
    const { execution, clock, tasks, types } = start({ A: task({ TimeoutSeconds: "{% 5 %}" }) });
    await settle();
    await clock.advance(4_999);
    expect(execution.status).toBe("RUNNING");
    await clock.advance(1);
    await execution.ended;
    expect(execution).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect(tasks[0]?.cancelled).toBe(true);
    expect(types()).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "LambdaFunctionScheduled",
      "LambdaFunctionStarted",
      "LambdaFunctionTimedOut",
      "ExecutionFailed",
    ]);
  });

  test("heartbeats put the heartbeat's limit off, and its end is caught as States.Timeout", async () => {
    const { execution, clock, tasks } = start({
      A: task({ HeartbeatSeconds: 10, Catch: [{ ErrorEquals: ["States.Timeout"], Next: "B" }] }),
      B: { Type: "Succeed", Output: "{% $states.input.Error %}" },
    });
    await settle();
    await clock.advance(9_000);
    tasks[0]?.report.heartbeat();
    await clock.advance(9_000);
    expect(execution.status).toBe("RUNNING");
    await clock.advance(1_000);
    await execution.ended;
    expect(execution.output?.value).toBe("States.HeartbeatTimeout");
  });

  test("retries wait as long as their retrier says, and count in the context", async () => {
    const { execution, clock, tasks } = start({
      A: task({
        Arguments: "{% $states.context.State.RetryCount %}",
        Retry: [{ ErrorEquals: ["Busy"], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 5, MaxAttempts: 2 }],
      }),
    });
    for (const [attempt, waitMs] of [2_000, 5_000].entries()) {
      await settle();
      expect(tasks).toHaveLength(attempt + 1);
      tasks[attempt]?.report.failed("Busy", undefined);
      await settle();
      await clock.advance(waitMs - 1);
      expect(tasks).toHaveLength(attempt + 1);
      await clock.advance(1);
    }
    await settle();
    expect(tasks.map(({ request }) => request.input)).toEqual([0, 1, 2]);
    tasks[2]?.report.failed("Busy", "still");
    await execution.ended;
    expect(execution).toMatchObject({ status: "FAILED", error: "Busy", cause: "still" });
  });

  test.each([
    ["States.ALL", "Anything", true],
    ["States.ALL", "States.Runtime", false],
    ["States.ALL", "States.DataLimitExceeded", true],
    ["States.TaskFailed", "Anything", true],
    ["States.TaskFailed", "States.Timeout", false],
    ["Other", "Anything", false],
  ])("%s catches %s: %s", async (caught, error, isCaught) => {
    const { execution, tasks } = start({ A: task({ Catch: [{ ErrorEquals: [caught], Next: "B" }] }), B: { Type: "Succeed" } });
    await settle();
    tasks[0]?.report.failed(error, undefined);
    await execution.ended;
    expect(execution.status).toBe(isCaught ? "SUCCEEDED" : "FAILED");
  });

  test.each([
    [lambdaArn, lambdaArn, "LambdaFunctionFailed"],
    ["arn:aws:states:::lambda:invoke", "lambda", "TaskFailed"],
  ])("a result of %s above 256 KiB is the task's failure, which names %s", async (resource, named, event) => {
    const { execution, tasks, types } = start({
      A: task({ Resource: resource, Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }] }),
      B: { Type: "Succeed" },
    });
    await settle();
    tasks[0]?.report.succeeded("x".repeat(262_143));
    await execution.ended;
    expect(types().slice(4, 6)).toEqual([event, "TaskStateExited"]);
    expect(execution.output?.value).toEqual({
      Error: "States.DataLimitExceeded",
      Cause: `The state/task '${named}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    });
  });

  test("reports after the end change nothing", async () => {
    const { execution, tasks, types } = start({ A: task() });
    await settle();
    tasks[0]?.report.succeeded(1);
    tasks[0]?.report.failed("Late", undefined);
    await execution.ended;
    expect(execution).toMatchObject({ status: "SUCCEEDED" });
    expect(types()).not.toContain("LambdaFunctionFailed");
  });
});

describe("Parallel and Map", () => {
  const two = { Type: "Parallel", Branches: ["Left", "Right"].map((name) => ({ StartAt: name, States: { [name]: task() } })), End: true };

  test("the first branch that fails stops the others", async () => {
    const { execution, tasks, types } = start({ P: two });
    await settle();
    tasks[1]?.report.failed("Broken", "right");
    await execution.ended;
    expect(execution).toMatchObject({ status: "FAILED", error: "Broken", cause: "right" });
    expect(tasks[0]?.cancelled).toBe(true);
    expect(types().filter((type) => type === "TaskStateAborted")).toHaveLength(2);
    expect(types().slice(-2)).toEqual(["ParallelStateFailed", "ExecutionFailed"]);
  });

  test("a Map runs no more iterations at once than MaxConcurrency, and keeps the items' order", async () => {
    const inner = { StartAt: "Item", States: { Item: task() } };
    const { execution, tasks } = start({ M: { Type: "Map", Items: ["a", "b", "c"], MaxConcurrency: 2, ItemProcessor: inner, End: true } });
    await settle();
    expect(tasks).toHaveLength(2);
    tasks[1]?.report.succeeded("B");
    await settle();
    expect(tasks.map(({ request }) => request.input)).toEqual(["a", "b", "c"]);
    tasks[2]?.report.succeeded("C");
    tasks[0]?.report.succeeded("A");
    await execution.ended;
    expect(execution.output?.value).toEqual(["A", "B", "C"]);
  });

  test.each([
    [{ ToleratedFailureCount: 1 }, [1], [1, 2]],
    [{ ToleratedFailurePercentage: "{% 66.7 %}" }, [1, 2, 0], [1, 2, 3]],
  ])("a Map tolerates as many failures as it says (%j), and one more fails it", async (limit, few, many) => {
    const item = { Type: "Choice", Choices: [{ Condition: "{% $states.input = 0 %}", Next: "Good" }], Default: "Bad" };
    const inner = { StartAt: "Item", States: { Item: item, Good: { Type: "Succeed" }, Bad: { Type: "Fail", Error: "Bad" } } };
    const map = (items: number[]) => ({ Type: "Map", Items: items, ...limit, ItemProcessor: inner, End: true });
    const tolerated = start({ M: map(few) }).execution;
    const exceeded = start({ M: map(many) }).execution;
    await Promise.all([tolerated.ended, exceeded.ended]);
    expect(tolerated.status).toBe("SUCCEEDED");
    expect(exceeded).toMatchObject({ status: "FAILED", error: "States.ExceedToleratedFailureThreshold" });
  });
});

describe("stop, limits and redrive", () => {
  test("a stop cancels the task and records what it stopped", async () => {
    const { execution, tasks, types } = start({ A: task() });
    await settle();
    execution.stop("Operator", "not today");
    expect(execution).toMatchObject({ status: "ABORTED", error: "Operator", cause: "not today" });
    await settle();
    expect(tasks[0]?.cancelled).toBe(true);
    expect(types().slice(-2)).toEqual(["TaskStateAborted", "ExecutionAborted"]);
  });

  test("an execution that passes the machine's limit is TIMED_OUT", async () => {
    const { execution, clock } = start({ A: { Type: "Wait", Seconds: 60, End: true } }, { more: { TimeoutSeconds: 5 } });
    await settle();
    await clock.advance(5_000);
    expect(execution.status).toBe("TIMED_OUT");
    const last = { type: "ExecutionTimedOut", previousEventId: 0, details: { error: "States.Timeout" } };
    expect(execution.history.entries.at(-1)).toMatchObject(last);
  });

  test("a redrive resumes in the failed state with its input and variables, and with retries anew", async () => {
    const { execution, tasks, types } = start({
      A: { Type: "Pass", Assign: { kept: "yes" }, Output: { from: "A" }, Next: "B" },
      B: task({ Output: { kept: "{% $kept %}", redrives: "{% $states.context.Execution.RedriveCount %}", input: "{% $states.input %}" } }),
    });
    await settle();
    tasks[0]?.report.failed("Broken", undefined);
    await execution.ended;
    execution.redrive();
    await settle();
    tasks[1]?.report.succeeded({});
    await execution.ended;
    expect(execution.output?.value).toEqual({ kept: "yes", redrives: 1, input: { from: "A" } });
    expect(types().slice(8)).toEqual([
      "ExecutionRedriven",
      "LambdaFunctionScheduled",
      "LambdaFunctionStarted",
      "LambdaFunctionSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
  });

  test("a redrive runs only the branches that did not end well", async () => {
    const branches = ["Left", "Right"].map((name) => ({ StartAt: name, States: { [name]: task() } }));
    const { execution, tasks } = start({ P: { Type: "Parallel", Branches: branches, End: true } });
    await settle();
    tasks[0]?.report.succeeded("left");
    await settle();
    tasks[1]?.report.failed("Broken", undefined);
    await execution.ended;
    execution.redrive();
    await settle();
    expect(tasks.map(({ request }) => request.state)).toEqual(["Left", "Right", "Right"]);
    tasks[2]?.report.succeeded("right");
    await execution.ended;
    expect(execution.output?.value).toEqual(["left", "right"]);
  });

  test("a redrive is refused for what succeeded, and 14 days after the end", async () => {
    const done = start({ A: { Type: "Succeed" } });
    const failed = start({ A: { Type: "Fail" } });
    await Promise.all([done.execution.ended, failed.execution.ended]);
    expect(() => done.execution.redrive()).toThrow("Execution is SUCCEEDED and cannot be redriven");
    await failed.clock.advance(14 * 24 * 3600 * 1000 + 1);
    expect(() => failed.execution.redrive()).toThrow("14 days");
  });
});
