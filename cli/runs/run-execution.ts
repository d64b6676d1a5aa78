// A run's executions: the first has the run's id for a name, and a replay in a new execution has that with a number.

import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { executionName, executionOf, isReplayable, mostExecutions } from "../../core/resume.ts";
import type { Operator } from "./operator-session.ts";
import type { NamedRun } from "./run-argument.ts";

export interface RunExecution {
  readonly run: string;
  /** Its name. */
  readonly execution: string;
  /** 1 is the start, 2 the first replay in a new execution. */
  readonly number: number;
}

/** Of a run that has just been started, and of a name that is meant as it is. */
export const executionNamed = (execution: string): RunExecution => ({ execution, ...executionOf(execution) });

/** The execution that is meant: the newest where only the run is named. A run that is not there is the next call's to miss. */
export async function findExecution({ run, execution }: NamedRun, operator: Operator): Promise<RunExecution> {
  if (execution !== undefined) return executionNamed(execution);
  let number = 1;
  while (isReplayable(run) && number < mostExecutions && (await exists(executionName(run, number + 1), operator))) number += 1;
  return { run, execution: executionName(run, number), number };
}

async function exists(execution: string, { sfn, executionArn }: Operator): Promise<boolean> {
  try {
    // Without its data, which only the key would open.
    await sfn.send(new DescribeExecutionCommand({ executionArn: executionArn(execution), includedData: "METADATA_ONLY" }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ExecutionDoesNotExist") return false;
    throw error;
  }
}
