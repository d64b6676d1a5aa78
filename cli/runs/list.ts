// `keyturn runs`: the latest runs, and which of them wait for somebody.

import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  type ExecutionStatus,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
} from "@aws-sdk/client-sfn";
import { stateNames } from "../../core/naming.ts";
import { executionOf } from "../../core/resume.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { UsageError } from "../outcome.ts";
import { colours, duration, moment, table } from "../terminal.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { askedFor } from "./order-of-run.ts";

const statuses = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const satisfies readonly ExecutionStatus[];

export const list = command({
  meta: { name: "runs", description: "List the latest runs." },
  args: {
    limit: { type: "string", valueHint: "number", default: "20", description: "How many, from 1 to 100." },
    status: { type: "string", valueHint: "status", description: `Only those: ${statuses.join(", ").toLowerCase()}.` },
    json: { type: "boolean", description: "Print one JSON document." },
    ...sessionArguments,
  },
  values: { status: () => statuses.map((status) => status.toLowerCase()), profile: profileNames },
  examples: ["keyturn runs", "keyturn runs --status running", "keyturn runs --limit 100 --json"],
  run: ({ args }) => {
    const limit = limitOf(args.limit);
    const status = args.status === undefined ? undefined : statusOf(args.status);
    return asOperator(args, async (operator) => {
      const { executions = [] } = await operator.sfn.send(
        new ListExecutionsCommand({
          stateMachineArn: operator.stateMachineArn,
          maxResults: limit,
          ...(status === undefined ? {} : { statusFilter: status }),
        }),
      );
      const runs = await Promise.all(executions.map((execution) => listedRun(execution, operator)));
      console.log(args.json ? JSON.stringify(runs) : listText(runs, operator.session.flags));
    });
  },
});

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit;
  throw new UsageError(`--limit takes a number from 1 to 100, not ${text}.`);
}

function statusOf(text: string): ExecutionStatus {
  const status = statuses.find((one) => one === text.toUpperCase().replace("-", "_"));
  if (status !== undefined) return status;
  throw new UsageError(`--status takes one of ${statuses.join(", ").toLowerCase()}, not ${text}.`);
}

interface ListedRun {
  readonly run: string;
  /** Its name: the run's id, and in a replay a number behind it. */
  readonly execution: string;
  readonly job: string | null;
  readonly admin: string | null;
  readonly status: string;
  /** Where it is; null where it has ended. */
  readonly state: string | null;
  readonly waitsForCode: boolean;
  readonly redrives: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

async function listedRun(execution: ExecutionListItem, { sfn }: Operator): Promise<ListedRun> {
  const { executionArn, name = "", status = "", startDate, stopDate, redriveCount = 0 } = execution;
  const isRunning = status === "RUNNING";
  const [{ input = "null" }, place] = await Promise.all([
    sfn.send(new DescribeExecutionCommand({ executionArn })),
    isRunning ? placeOf(execution, sfn) : undefined,
  ]);
  const { job = null, admin = null } = askedFor(JSON.parse(input));
  return {
    run: executionOf(name).run,
    execution: name,
    job,
    admin,
    status,
    state: place?.state ?? null,
    waitsForCode: place?.waits ?? false,
    redrives: redriveCount,
    startedAt: startDate?.toISOString() ?? "",
    endedAt: stopDate?.toISOString() ?? null,
  };
}

/** Of the newest events alone; a state leaves far fewer behind than are asked for. */
async function placeOf({ executionArn }: ExecutionListItem, sfn: Operator["sfn"]): Promise<{ state: string; waits: boolean } | undefined> {
  const { events = [] } = await sfn.send(
    new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 200, includeExecutionData: false }),
  );
  const state = events.find(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)?.stateEnteredEventDetails?.name;
  if (state === undefined) return undefined;
  return { state, waits: state === stateNames.requestMfa && events[0]?.taskSubmittedEventDetails !== undefined };
}

function listText(runs: readonly ListedRun[], flags: string): string {
  if (runs.length === 0) return `No runs. Start one: keyturn run JOB${flags}`;
  const { paint } = colours(process.stdout);
  const rows = runs.map(({ execution, job, admin, status, state, waitsForCode, redrives, startedAt, endedAt }) => {
    const is =
      status !== "RUNNING" ? status.toLowerCase().replace("_", " ") : waitsForCode ? "waits for a code" : `in ${state ?? "its start"}`;
    const took = endedAt === null ? "" : duration(Date.parse(endedAt) - Date.parse(startedAt));
    const again = redrives === 0 ? "" : `, redriven${redrives === 1 ? "" : ` ${redrives} times`}`;
    return [execution, job ?? "?", admin ?? "?", `${is}${again}`, moment(Date.parse(startedAt)).slice(0, 16), took];
  });
  const waiting = runs.filter(({ waitsForCode }) => waitsForCode);
  const text = table([["RUN", "JOB", "ADMIN", "STATUS", "STARTED (UTC)", "TOOK"], ...rows]);
  const [first] = waiting;
  return first === undefined ? text : `${text}\n\n${paint("cyan", `Answer one that waits with: keyturn approve ${first.run}${flags}`)}`;
}
