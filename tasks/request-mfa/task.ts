// Composes what a person reads when a run waits for a code: who asked for what, why now, until when, and how to answer.

import { oneLine } from "../../core/foreign-text.ts";
import { jobRoleName } from "../../core/naming.ts";
import type { Order } from "../../core/order.ts";
import { consoleUrl, factLines, type Notification, type Publish, regionOf, subjectLine, utc } from "../notification.ts";

/** Why a run asks for a code, as the workflow says it. */
export const reasonsToAsk = ["no-code", "replayed", "refused", "session-expired"] as const;

export type Because = (typeof reasonsToAsk)[number];

export interface RequestMfaInput {
  readonly order: Order;
  readonly because: Because;
  /** Text of the error that led here. */
  readonly message?: string | undefined;
  /** The execution's ARN. */
  readonly execution: string;
  /** When the wait ends, ISO 8601. */
  readonly deadline: string;
}

/** When refused codes lock an admin; what validate-mfa is given too. */
export interface Lock {
  readonly maxRefusals: number;
  /** The time in which refusals count, and that of the lock. */
  readonly seconds: number;
}

export interface RequestMfaDependencies {
  readonly publish: Publish;
  readonly nowMs: () => number;
  readonly lock: Lock;
}

export async function requestMfa(input: RequestMfaInput, { publish, nowMs, lock }: RequestMfaDependencies): Promise<void> {
  await publish(composeNotification(input, { nowMs: nowMs(), lock }));
}

/** The notification. It holds no task token and no code: whoever answers finds the token with permissions of their own. */
export function composeNotification(input: RequestMfaInput, { nowMs, lock }: { nowMs: number; lock: Lock }): Notification {
  const { order, because, message, execution, deadline } = input;
  const { run, job, admin } = order;
  const parameters = Object.entries(order.parameters).map(([name, value]) => `${name} = ${oneLine(JSON.stringify(value))}`);
  const facts: readonly (readonly [string, string])[] = [
    ["Job", job],
    ["Admin", `${admin} (the code must come from this person's authenticator)`],
    ["Reason", order.reason === undefined ? "none was given" : oneLine(order.reason)],
    ["Parameters", parameters.length === 0 ? "none" : parameters.join(", ")],
    ["Permissions", `those of ${jobRoleName(job)}, for ${duration(order.credentialSeconds)} at most`],
    ["Run", run],
    ["Answer by", `${utc(deadline)} (in ${duration((Date.parse(deadline) - nowMs) / 1000)}); after that the run fails`],
  ];
  const lines = [
    `Keyturn waits for a one-time MFA code from ${admin} before it goes on with ${job}.`,
    "",
    ...factLines(facts),
    "",
    `Why now: ${because === "no-code" && message !== undefined ? "the run still has no code." : reasons[because]}`,
    ...(message === undefined ? [] : [`         ${oneLine(message)}`]),
    "",
    "You did not expect this? Then give no code: without one nothing privileged happens. Stop the run with",
    "",
    `    keyturn stop ${run}`,
    "",
    "To answer, choose one way:",
    "",
    "1. Keyturn's command line, which asks for the code and seals it:",
    "",
    `    keyturn approve ${run}`,
    "",
    "2. The AWS CLI and jq (in AWS CloudShell both are there). The first command finds the task token of the waiting step, the second",
    "   answers; put the six digits in place of CODE:",
    "",
    `    TOKEN=$(aws stepfunctions get-execution-history --region ${regionOf(execution)} --execution-arn ${execution} \\`,
    "      --reverse-order --max-items 1000 --page-size 1000 --output json | jq -r '[.events[].taskScheduledEventDetails",
    `      | select(.resource == "invoke.waitForTaskToken") | .parameters | fromjson | .Payload.taskToken][0]')`,
    `    aws stepfunctions send-task-success --region ${regionOf(execution)} --task-token "$TOKEN" --task-output '{"mfaCode": "CODE"}'`,
    "",
    "3. The AWS console: open the execution, choose the step RequestMfa and its input, copy taskToken, and use it in the second command",
    "   of way 2 in AWS CloudShell:",
    "",
    `    ${consoleUrl(execution)}`,
    "",
    "A code is good for about 30 seconds and for one run.",
    `${lock.maxRefusals === 1 ? "One refused code locks" : `${lock.maxRefusals} refused codes within ${duration(lock.seconds)} lock`} ${admin} out for ${duration(lock.seconds)}.`,
  ];
  return { subject: subjectLine(`Keyturn: ${admin}, please approve ${job} (${run})`), message: `${lines.join("\n")}\n` };
}

const reasons: Readonly<Record<Because, string>> = {
  "no-code": "the run was started without a code, as a schedule does.",
  replayed: "somebody replays a run that ended before, and what its last code opened is of no use any more.",
  refused: "the code that was given was not accepted.",
  "session-expired": "the MFA session has ended before the job could start; a fresh code opens a new one.",
};

function duration(seconds: number): string {
  const minutes = Math.max(0, Math.round(seconds / 60));
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} hours${rest === 0 ? "" : ` ${rest} minutes`}`;
}
