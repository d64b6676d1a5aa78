// Every state in which a run can end × what has happened since: how `keyturn replay` goes on, from where, with or without a code, and to what end.

import { BatchClient, ListJobsCommand, TerminateJobCommand } from "@aws-sdk/client-batch";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import type { Fault } from "../../emulator/faults.ts";
import { betweenLooks } from "../support/between-looks.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { startMovableKeyturn } from "./local-keyturn.ts";

const minute = 60_000;
const stateMachineArn = "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn";

let local: Awaited<ReturnType<typeof startMovableKeyturn>>;
let sfn: SFNClient;
let batch: BatchClient;
beforeAll(async () => {
  local = await startMovableKeyturn();
  await endRecordSweep(local.local);
  sfn = signedIn(SFNClient, local.local.administrator, local.local);
  batch = signedIn(BatchClient, local.local.administrator, local.local);
});
afterAll(async () => {
  sfn?.destroy();
  batch?.destroy();
  await local?.stop();
});

const crashed = new AwsError("ResourceConflictException", "A test's Lambda has crashed.", { statusCode: 409 });
const denied = new AwsError("AccessDenied", "A test refuses this.", { statusCode: 403 });
const throttled = new AwsError("Throttling", "Rate exceeded", { statusCode: 400 });

/** While it stands, the state fails for good: none of its retries is for this error. */
const crash = (callerRole: string): Fault => ({ service: "lambda", operation: "Invoke", callerRole, times: 100, error: crashed });
const launcherFails: Fault = { service: "kms", operation: "Decrypt", callerRole: "LauncherCredentialReport", times: 100, error: denied };
const jobHangs: Fault = { service: "iam", operation: "ListUsers", callerRole: "BatchRoleCredentialReport", times: 1000, error: throttled };

type Failure = (run: string) => Promise<void>;

const start = async (run: string, code?: string): Promise<string> => {
  const input = { job: "credential-report", admin: "alice", ...(code === undefined ? {} : { mfaCode: code }) };
  const { executionArn = "" } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name: run, input: JSON.stringify(input) }));
  return executionArn;
};

async function until(executionArn: string, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== "RUNNING") throw new Error(`${executionArn} is ${status}`);
    await betweenLooks();
  }
}

async function ended(executionArn: string): Promise<void> {
  for (;;) {
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== "RUNNING") return expect(status).toBe("FAILED");
    await betweenLooks();
  }
}

const waits = (executionArn: string, times: number) =>
  until(executionArn, async () => {
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }));
    const tokens = events.filter(({ taskSubmittedEventDetails: of }) => of?.resource === "invoke.waitForTaskToken");
    return tokens.length === times && events.at(-1)?.taskSubmittedEventDetails !== undefined;
  });

const failing =
  (fault: Fault, { withCode }: { withCode: boolean }): Failure =>
  async (run) => {
    const broken = local.local.emulator.gateway.faults.add(fault);
    await ended(await start(run, withCode ? await local.code() : undefined));
    broken.lift();
  };

const failures = {
  "AdmitRun, Lambda crashed": failing(crash("InvokeAdmitRun"), { withCode: false }),
  "RequestMfa, Lambda crashed": failing(crash("InvokeRequestMfa"), { withCode: false }),
  "RequestMfa, nobody answered": async (run) => {
    const executionArn = await start(run);
    await waits(executionArn, 1);
    await local.local.emulator.clock.advance(4 * 60 * minute + minute);
    await ended(executionArn);
  },
  "RequestMfa, wrong code, then stopped": async (run) => {
    const executionArn = await start(run, local.wrongCode());
    await waits(executionArn, 1);
    await sfn.send(new StopExecutionCommand({ executionArn }));
  },
  "ValidateMfa, Lambda crashed": failing(crash("InvokeValidateMfa"), { withCode: true }),
  "RetrieveCredentials, Lambda crashed": failing(crash("InvokeRetrieveCredentials"), { withCode: true }),
  "AuthorizeSubmission, Lambda crashed": failing(crash("InvokeAuthorizeSubmission"), { withCode: true }),
  "RunJob, job failed": failing(launcherFails, { withCode: true }),
  "RunJob, job killed": async (run) => {
    const hanging = local.local.emulator.gateway.faults.add(jobHangs);
    const executionArn = await start(run, await local.code());
    const running = async () => (await batch.send(new ListJobsCommand({ jobQueue: "keyturn-spot", jobStatus: "RUNNING" }))).jobSummaryList;
    await until(executionArn, async () => (await running())?.length === 1);
    const [job] = (await running()) ?? [];
    await batch.send(new TerminateJobCommand({ jobId: job?.jobId, reason: "A test kills it." }));
    await ended(executionArn);
    hanging.lift();
  },
} as const satisfies Record<string, Failure>;

/** Changes what can change between the end of a run and its replay, and gives back what undoes it. */
const since = {
  nothing: async () => async () => undefined,
  "session expired": async () => {
    await local.local.emulator.clock.advance(16 * minute);
    return async () => undefined;
  },
  "15 days later": async () => {
    await local.local.emulator.clock.advance(15 * 24 * 60 * minute);
    return async () => undefined;
  },
  "definition changed": async () => {
    const { definition = "" } = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
    const other = JSON.stringify({ ...(JSON.parse(definition) as object), Comment: "Another" });
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: other }));
    return async () => {
      await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
    };
  },
} as const;

type Row = readonly [
  failed: keyof typeof failures,
  since: keyof typeof since,
  way: "redriven" | "new execution",
  at: string,
  code: "code" | "no code",
];

const rows: readonly Row[] = [
  ["RunJob, job failed", "nothing", "redriven", "RunJob", "no code"],
  ["RunJob, job failed", "definition changed", "new execution", "AuthorizeSubmission", "no code"],
  ["RunJob, job killed", "nothing", "redriven", "RunJob", "no code"],
  ["RunJob, job killed", "definition changed", "new execution", "AuthorizeSubmission", "no code"],
  ["AuthorizeSubmission, Lambda crashed", "nothing", "redriven", "AuthorizeSubmission", "no code"],
  ["AuthorizeSubmission, Lambda crashed", "definition changed", "new execution", "AuthorizeSubmission", "no code"],
  ["RetrieveCredentials, Lambda crashed", "nothing", "redriven", "RetrieveCredentials", "no code"],
  ["RetrieveCredentials, Lambda crashed", "definition changed", "new execution", "RetrieveCredentials", "no code"],
  ["ValidateMfa, Lambda crashed", "nothing", "new execution", "RequestMfa", "code"],
  ["ValidateMfa, Lambda crashed", "definition changed", "new execution", "RequestMfa", "code"],
  ["RequestMfa, wrong code, then stopped", "nothing", "new execution", "RequestMfa", "code"],
  ["RequestMfa, wrong code, then stopped", "definition changed", "new execution", "RequestMfa", "code"],
  ["RequestMfa, Lambda crashed", "nothing", "new execution", "RequestMfa", "code"],
  ["AdmitRun, Lambda crashed", "nothing", "new execution", "AdmitRun", "code"],
  ["AdmitRun, Lambda crashed", "definition changed", "new execution", "AdmitRun", "code"],
  ["RetrieveCredentials, Lambda crashed", "session expired", "new execution", "RequestMfa", "code"],
  ["AuthorizeSubmission, Lambda crashed", "session expired", "new execution", "RequestMfa", "code"],
  ["RunJob, job failed", "session expired", "new execution", "RequestMfa", "code"],
  ["RequestMfa, nobody answered", "nothing", "new execution", "RequestMfa", "code"],
  ["AdmitRun, Lambda crashed", "15 days later", "new execution", "AdmitRun", "code"],
  ["RequestMfa, wrong code, then stopped", "15 days later", "new execution", "RequestMfa", "code"],
  ["ValidateMfa, Lambda crashed", "15 days later", "new execution", "RequestMfa", "code"],
  ["RetrieveCredentials, Lambda crashed", "15 days later", "new execution", "RequestMfa", "code"],
  ["AuthorizeSubmission, Lambda crashed", "15 days later", "new execution", "RequestMfa", "code"],
  ["RunJob, job failed", "15 days later", "new execution", "RequestMfa", "code"],
];

describe("a run that ended in", { timeout: 120_000 }, () => {
  it.each(rows)("%s; since then: %s → %s at %s, %s; it succeeds under the same run id", async (failed, change, way, at, code) => {
    const run = `table-${rows.findIndex((row) => row[0] === failed && row[1] === change)}`;
    await failures[failed](run);
    const undo = await since[change]();
    const { stdout, stderr, code: exit } = await local.keyturn("replay", run, ...(code === "code" ? ["--code", await local.code()] : []));
    await undo();
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain(`Run ${run} can go on at ${at}\n`);
    expect(stdout.includes("in a new execution")).toBe(way === "new execution");
    expect(stdout).toContain(code === "code" ? "  needed. " : "  not needed. ");
    expect(stdout).toContain(`Run ${run} succeeded`);
  });
});
