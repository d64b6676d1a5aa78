// Lambda start-scheduled-run: invoked by EventBridge Scheduler for a firing, and by EventBridge when a run has ended that one may wait for.

import { GetExecutionHistoryCommand, paginateListExecutions, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import * as z from "zod/mini";
import { scheduleParameter } from "../../core/naming.ts";
import { isPending } from "../../core/pending-run.ts";
import { defineTask } from "../define-task.ts";
import { jsonText, parseEnvironment } from "../environment.ts";
import { startRun } from "../start-run.ts";
import { startScheduledRun } from "./task.ts";

const Environment = z.object({ KEYTURN_STATE_MACHINE: z.string() });

const request = { job: z.string(), admin: z.string(), reason: z.string() };
const Firing = z.pipe(
  z.strictObject({ ...request, whilePending: z.enum(["skip", "queue", "replace"]), scheduledAt: z.iso.datetime() }),
  z.transform(({ scheduledAt, ...rest }) => ({ ...rest, scheduledAtMs: Date.parse(scheduledAt) })),
);
const Ended = z.strictObject({ ended: z.string() });
const Newest = jsonText(z.strictObject({ scheduledAt: z.iso.datetime(), request: z.strictObject(request) }));

const stateMachineArn = parseEnvironment(Environment, process.env).KEYTURN_STATE_MACHINE;
const executionArn = (run: string): string => `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${run}`;
const sfn = new SFNClient({});
const ssm = new SSMClient({});

/** The parameter's text, where there is one. */
async function parameter(Name: string): Promise<string | undefined> {
  try {
    return (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

async function running(): Promise<readonly string[]> {
  const names: string[] = [];
  const query = { stateMachineArn, statusFilter: "RUNNING" as const };
  for await (const { executions = [] } of paginateListExecutions({ client: sfn, pageSize: 1000 }, query)) {
    names.push(...executions.map(({ name = "" }) => name));
  }
  return names;
}

export const handler = defineTask({
  state: "StartScheduledRun",
  parse: (event) => z.union([Firing, Ended]).parse(event),
  perform: (input) =>
    startScheduledRun(input, {
      // Whatever stands in it: a parameter that cannot be read as what it should be must not turn a schedule on.
      isDisabled: async (job) => (await parameter(scheduleParameter(job, "disabled"))) !== undefined,
      running,
      isPending: async (run) => {
        // Without data: what the run was given is no business of this function, and its role could not open it.
        const query = { executionArn: executionArn(run), reverseOrder: true, maxResults: 1000, includeExecutionData: false };
        return isPending((await sfn.send(new GetExecutionHistoryCommand(query))).events ?? []);
      },
      start: (run, of) => startRun(run, { input: of, stateMachineArn, sfn }),
      replace: async (run, by) => {
        const cause = `${by}, the next run of the same schedule, takes its place.`;
        await sfn.send(new StopExecutionCommand({ executionArn: executionArn(run), error: "Replaced", cause }));
      },
      newest: async (job) => {
        const text = await parameter(scheduleParameter(job, "newest"));
        if (text === undefined) return undefined;
        const { scheduledAt, request: of } = Newest.parse(text);
        return { scheduledAtMs: Date.parse(scheduledAt), request: of };
      },
      remember: async ({ scheduledAtMs, request: of }) => {
        const Value = JSON.stringify({ scheduledAt: new Date(scheduledAtMs).toISOString(), request: of });
        await ssm.send(new PutParameterCommand({ Name: scheduleParameter(of.job, "newest"), Type: "String", Overwrite: true, Value }));
      },
    }),
  describe: (done) => ({ ...done }),
});
