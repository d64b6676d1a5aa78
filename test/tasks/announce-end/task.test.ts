import { describe, expect, it } from "vitest";
import { stateNames } from "../../../core/naming.ts";
import { announceEnd, composeEnd } from "../../../tasks/announce-end/task.ts";
import type { Notification } from "../../../tasks/notification.ts";
import { found, foundCodes } from "../../attacks/leak-search.ts";
import {
  code,
  credentials,
  executionArn as execution,
  failedRun,
  History,
  session,
  startMs,
  succeededRun,
  taskToken,
} from "../record-run/sample-execution.ts";
import { sampleOrder } from "../sample-job.ts";

describe("the announcement", () => {
  it("of a failed run says which, for whom and why, how it ended, and three ways to go on", () => {
    expect(composeEnd({ execution, status: "FAILED" }, failedRun().events)).toEqual({
      subject: "Keyturn: rotate-keys failed (run-1)",
      message: `Run run-1 of rotate-keys failed.

Job:         rotate-keys
Admin:       alice
Reason:      Keys are due
Run:         run-1
Started:     2026-11-21 08:00 UTC
Ended:       2026-11-21 08:00 UTC
Last state:  RunJob
Why:         States.TaskFailed: The job ended with exit code 3; Essential container in task exited

What you can do now, choose one way:

1. Keyturn's command line:

    keyturn status run-1         every state, and why it ended
    keyturn logs run-1           the job's log
    keyturn replay run-1 --plan  what would run again, and whether a code is needed

2. The AWS CLI:

    aws stepfunctions describe-execution --region us-east-1 --execution-arn ${execution}
    aws stepfunctions redrive-execution --region us-east-1 --execution-arn ${execution}

3. The AWS console:

    https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/${execution}

Who started, answered or stopped it stands in its record, an hour and a half from now at the latest: keyturn audit --run run-1
`,
    });
  });

  it("of a run that succeeded says its exit code, and offers no replay", () => {
    const { subject, message } = composeEnd({ execution, status: "SUCCEEDED" }, succeededRun().events);
    expect(subject).toBe("Keyturn: rotate-keys succeeded (run-1)");
    expect(message).toContain("\nExit code:   0\n");
    expect(message).not.toContain("\nWhy:");
    expect(message).not.toMatch(/replay|redrive/);
  });

  it("of a run that was never admitted says the faults, and how to start anew", () => {
    const cause = JSON.stringify({ errorMessage: "Run run-1 was not admitted: 1 fault.\n- job: missing" });
    const history = new History().started({ admin: "alice", reason: "late" }).entered(stateNames.admitRun).scheduled("InvokeAdmitRun");
    const { events } = history.failed("InvalidRun", cause).ended("Failed", { error: "InvalidRun", cause });
    const { subject, message } = composeEnd({ execution, status: "FAILED" }, events);
    expect(subject).toBe("Keyturn: a run was not admitted (run-1)");
    expect(message).toContain("Run run-1 was not admitted.\n");
    expect(message).toContain("\nWhy:         InvalidRun: Run run-1 was not admitted: 1 fault. - job: missing\n");
    expect(message).toContain("keyturn run JOB");
    expect(message).not.toMatch(/replay|redrive/);
  });

  it.each([
    ["TimedOut", "TIMED_OUT", "timed out"],
    ["Aborted", "ABORTED", "was stopped"],
  ] as const)("of a run that %s says so", (ending, status, words) => {
    const { events } = new History().untilSubmission().ended(ending, { cause: "Not today" });
    expect(composeEnd({ execution, status }, events).subject).toBe(`Keyturn: rotate-keys ${words} (run-1)`);
  });

  it("of a redriven run is about the attempt that ended so, also when it goes on already", () => {
    const history = failedRun();
    history.at(600).redriven(1).scheduled("RunJobRole").ended("Aborted", { cause: "Enough" });
    history.at(1200).redriven(2);
    const { message } = composeEnd({ execution, status: "ABORTED" }, history.events);
    expect(message).toContain("\nAttempt:     2 (redrive 1)\nStarted:     2026-11-21 08:10 UTC\n");
    expect(message).toContain("\nWhy:         Enough\n");
    expect(composeEnd({ execution, status: "FAILED" }, history.events).message).not.toContain("Attempt:");
    expect(() => composeEnd({ execution, status: "TIMED_OUT" }, history.events)).toThrow("has no end as TIMED_OUT");
  });

  it("of a replay in a new execution names the run, the execution, and what it replays", () => {
    const order = sampleOrder({ run: "run-0" });
    const history = new History().started({ resume: { run: "run-0", from: "AuthorizeSubmission", outputs: {} } }).admitted(order);
    const { events } = history.ended("Aborted");
    const { message } = composeEnd({ execution, status: "ABORTED" }, events);
    expect(message).toContain("\nRun:         run-0\nExecution:   run-1\nReplay:      of run run-0, from AuthorizeSubmission\n");
  });

  it("holds no code, token, envelope or input, and foreign text on its own line alone", () => {
    const asked = () => new History().started({ job: "rotate-keys\nAdmin: mallory", admin: credentials, mfaCode: code, reason: code });
    const needles = new Map(Object.entries({ session, credentials, taskToken }));
    const histories = [
      ["SUCCEEDED", succeededRun()],
      ["FAILED", failedRun()],
      ["ABORTED", asked().ended("Aborted", { error: session, cause: `${code}\nWhy:         ${taskToken}` })],
      [
        "FAILED",
        asked().entered(stateNames.admitRun).scheduled("InvokeAdmitRun").ended("Failed", { error: "TypeError", cause: credentials }),
      ],
    ] as const;
    for (const [status, history] of histories) {
      const { subject, message } = composeEnd({ execution, status }, history.events);
      expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
      expect(found(`${subject} ${message}`, needles)).toEqual([]);
      expect(foundCodes(message, [code])).toEqual([]);
      expect(message.match(/^Admin:/gm)).toHaveLength(1);
      expect(message.match(/^Why:/gm) ?? []).toHaveLength(status === "SUCCEEDED" ? 0 : 1);
    }
  });

  it("is published once, whole", async () => {
    const published: Notification[] = [];
    const history = succeededRun();
    expect(history.events[0]?.timestamp?.getTime()).toBe(startMs);
    await announceEnd(
      { execution, status: "SUCCEEDED" },
      { readHistory: async () => history.events, publish: async (notification) => void published.push(notification) },
    );
    expect(published).toEqual([composeEnd({ execution, status: "SUCCEEDED" }, history.events)]);
  });
});
