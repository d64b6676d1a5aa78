// Reads what tasks and jobs wrote to CloudWatch Logs.

import { setTimeout as sleep } from "node:timers/promises";
import { type CloudWatchLogsClient, FilterLogEventsCommand, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import * as z from "zod";
import { functionLogGroup, jobLogGroup } from "../../core/naming.ts";

/** All lines of one job attempt, in order. */
export async function readJobLog(logs: CloudWatchLogsClient, of: { job: string; stream: string }): Promise<readonly string[]> {
  const lines: string[] = [];
  const query = { logGroupName: jobLogGroup(of.job), logStreamNames: [of.stream] };
  for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, query)) {
    lines.push(...events.map(({ message = "" }) => message.trimEnd()));
  }
  return lines;
}

const TaskLine = z.object({ run: z.string(), state: z.string(), cold: z.boolean() });

/** A line reaches the log a moment after the task's answer reaches the state machine. */
const lateLineMs = 1500;
const pollMs = 25;

/**
 * Whether the `visit`-th invocation (from 0) of a state in a run found a warm process; undefined if its log line does not come.
 * The tasks say so themselves, in the line that each invocation logs.
 */
export async function wasColdStart(
  logs: CloudWatchLogsClient,
  of: { task: string; run: string; state: string; visit: number; signal: AbortSignal },
): Promise<boolean | undefined> {
  const giveUpAtMs = performance.now() + lateLineMs;
  for (;;) {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: functionLogGroup(of.task), filterPattern: `"${of.run}"` }),
    );
    const lines = events.flatMap(({ message = "" }) => taskLine(message)).filter(({ run, state }) => run === of.run && state === of.state);
    const line = lines[of.visit];
    if (line !== undefined) return line.cold;
    if (performance.now() > giveUpAtMs) return undefined;
    await sleep(pollMs, undefined, { signal: of.signal });
  }
}

/** The log holds the runtime's own lines too. */
function taskLine(message: string): z.output<typeof TaskLine>[] {
  if (!message.startsWith("{")) return [];
  const parsed = TaskLine.safeParse(JSON.parse(message));
  return parsed.success ? [parsed.data] : [];
}
