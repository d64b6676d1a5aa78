// The state machine's executions, read as the record needs them.

import { DescribeExecutionCommand, paginateListExecutions, type SFNClient } from "@aws-sdk/client-sfn";
import type { ReadHistory } from "../read-history.ts";
import type { Execution } from "./facts.ts";

/** An execution and how many of its attempts have ended: their numbers are below that. */
export interface EndedAttempts {
  readonly arn: string;
  readonly name: string;
  readonly startedAtMs: number;
  readonly ended: number;
}

export interface Executions {
  describe(arn: string): Promise<EndedAttempts>;
  /** With its whole history. */
  read(execution: EndedAttempts): Promise<Execution>;
  /** Every one that Step Functions still has (90 days), the newest first. */
  list(): AsyncIterable<EndedAttempts>;
}

interface Described {
  readonly executionArn?: string | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly startDate?: Date | undefined;
  readonly redriveCount?: number | undefined;
}

export const executionsOf = (
  sfn: SFNClient,
  { stateMachineArn, readHistory }: { stateMachineArn: string; readHistory: ReadHistory },
): Executions => ({
  async describe(executionArn) {
    return endedAttempts(await sfn.send(new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" })));
  },
  async read({ arn, name, startedAtMs }) {
    return { arn, name, startedAtMs, events: await readHistory(arn) };
  },
  async *list() {
    for await (const { executions = [] } of paginateListExecutions({ client: sfn }, { stateMachineArn, maxResults: 1000 })) {
      for (const execution of executions) yield endedAttempts(execution);
    }
  },
});

function endedAttempts({ executionArn = "", name = "", status, startDate, redriveCount = 0 }: Described): EndedAttempts {
  // The one under way has not ended; a redrive that is still pending is none yet.
  const ended = status === "RUNNING" ? redriveCount : redriveCount + 1;
  return { arn: executionArn, name, startedAtMs: startDate?.getTime() ?? 0, ended };
}
