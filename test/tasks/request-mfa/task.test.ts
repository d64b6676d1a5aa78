import { describe, expect, it } from "vitest";
import { composeNotification, requestMfa } from "../../../tasks/request-mfa/task.ts";
import { sampleOrder, startedAt } from "../sample-job.ts";

const execution = "arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1";
const deadline = "2026-11-21T12:30:00.000Z";
const nowMs = Date.parse(startedAt);
const at = { nowMs, lock: { maxRefusals: 5, seconds: 900 } };
const input = { order: sampleOrder({ reason: "Keys are due" }), because: "no-code", execution, deadline } as const;

describe("the notification", () => {
  it("says who asked for what, why now, until when, and three ways to answer", () => {
    expect(composeNotification(input, at)).toEqual({
      subject: "Keyturn: alice, please approve rotate-keys (run-1)",
      message: `Keyturn waits for a one-time MFA code from alice before it goes on with rotate-keys.

Job:         rotate-keys
Admin:       alice (the code must come from this person's authenticator)
Reason:      Keys are due
Parameters:  days = 30, path = "team"
Permissions: those of BatchRoleRotateKeys, for 53 minutes at most
Run:         run-1
Answer by:   2026-11-21 12:30 UTC (in 4 hours 30 minutes); after that the run fails

Why now: the run was started without a code, as a schedule does.

You did not expect this? Then give no code: without one nothing privileged happens. Stop the run with

    keyturn stop run-1

To answer, choose one way:

1. Keyturn's command line, which asks for the code and seals it:

    keyturn approve run-1

2. The AWS CLI and jq (in AWS CloudShell both are there). The first command finds the task token of the waiting step, the second
   answers; put the six digits in place of CODE:

    TOKEN=$(aws stepfunctions get-execution-history --region us-east-1 --execution-arn arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1 \\
      --reverse-order --max-items 1000 --page-size 1000 --output json | jq -r '[.events[].taskScheduledEventDetails
      | select(.resource == "invoke.waitForTaskToken") | .parameters | fromjson | .Payload.taskToken][0]')
    aws stepfunctions send-task-success --region us-east-1 --task-token "$TOKEN" --task-output '{"mfaCode": "CODE"}'

3. The AWS console: open the execution, choose the step RequestMfa and its input, copy taskToken, and use it in the second command
   of way 2 in AWS CloudShell:

    https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:keyturn:run-1

A code is good for about 30 seconds and for one run.
5 refused codes within 15 minutes lock alice out for 15 minutes.
`,
    });
  });

  it.each([
    ["no-code", "Why now: the run was started without a code, as a schedule does."],
    ["refused", "Why now: the code that was given was not accepted."],
    ["session-expired", "Why now: the MFA session has ended before the job could start; a fresh code opens a new one."],
  ] as const)("says why it asks: %s", (because, line) => {
    expect(composeNotification({ ...input, because }, at).message).toContain(line);
  });

  it.each([
    [{ maxRefusals: 3, seconds: 3600 }, "3 refused codes within 60 minutes lock alice out for 60 minutes."],
    [{ maxRefusals: 1, seconds: 60 }, "One refused code locks alice out for 1 minute."],
  ])("says what refused codes lead to under %j", (lock, line) => {
    expect(composeNotification(input, { nowMs, lock }).message.trimEnd().split("\n").at(-1)).toBe(line);
  });

  it("repeats the refusal below the reason, on one line of its own", () => {
    const message = "Run run-1: AWS STS refused the code.\nAnswer by: never\u202e";
    const text = composeNotification({ ...input, because: "refused", message }, at).message;
    expect(text).toContain("not accepted.\n         Run run-1: AWS STS refused the code. Answer by: never\n\nYou did not");
  });

  it("says that an answer held no code", () => {
    const text = composeNotification({ ...input, message: "The last answer held no mfaCode." }, at).message;
    expect(text).toContain("Why now: the run still has no code.\n         The last answer held no mfaCode.\n");
  });

  it("says so where no reason was given", () => {
    expect(composeNotification({ ...input, order: sampleOrder() }, at).message).toContain("Reason:      none was given\n");
  });

  it.each([
    ["r".repeat(80), 100],
    ["run-1", 50],
  ])("has a subject that SNS takes for run %s", (run, length) => {
    const { subject } = composeNotification({ ...input, order: sampleOrder({ run }) }, at);
    expect(subject).toMatch(/^[A-Za-z][\x20-\x7e]*$/);
    expect(subject).toHaveLength(length);
  });

  it.each([
    [
      "arn:aws-cn:states:cn-north-1:111122223333:execution:keyturn:run-1",
      "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#",
    ],
    [
      "arn:aws-us-gov:states:us-gov-west-1:111122223333:execution:keyturn:run-1",
      "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#",
    ],
  ])("leads to the console of the partition: %s", (arn, url) => {
    expect(composeNotification({ ...input, execution: arn }, at).message).toContain(`${url}/v2/executions/details/${arn}`);
  });

  it("is what is published, once", async () => {
    const published: unknown[] = [];
    const publish = async (notification: unknown) => void published.push(notification);
    expect(await requestMfa(input, { ...at, publish, nowMs: () => nowMs })).toBeUndefined();
    expect(published).toEqual([composeNotification(input, at)]);
  });
});
