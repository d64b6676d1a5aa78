// Step Functions' API on executions: start, watch, stop, redrive.

import type {
  DescribeExecutionInput,
  GetExecutionHistoryInput,
  ListExecutionsInput,
  RedriveExecutionInput,
  StartExecutionInput,
  StopExecutionInput,
} from "@aws-sdk/client-sfn";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Operation, Permission, Service } from "../../service.ts";
import { type Execution, NotRedrivable } from "../../states/execution.ts";
import type { Executions } from "./executions.ts";
import { historyEvent } from "./history-event.ts";
import { assertStateMachineArn, invalidArn, invalidToken, pageLimit } from "./names.ts";
import type { StateMachines } from "./state-machines.ts";

interface Dependencies {
  readonly stateMachines: StateMachines;
  readonly executions: Executions;
}

const executionArnForm = /^arn:[\w-]+:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+$/;

const onExecution = (action: string, arn: string | undefined): readonly Permission[] => {
  if (arn === undefined || !executionArnForm.test(arn)) throw invalidArn(arn);
  return [{ action, resource: arn }];
};

const summary = (execution: Execution): object => ({
  executionArn: execution.identity.executionArn,
  stateMachineArn: execution.identity.stateMachineArn,
  name: execution.identity.name,
  status: execution.status,
  startDate: new Date(execution.startedAtMs),
  ...(execution.stoppedAtMs === undefined ? {} : { stopDate: new Date(execution.stoppedAtMs) }),
  redriveCount: execution.redriveCount,
  ...(execution.redrivenAtMs === undefined ? {} : { redriveDate: new Date(execution.redrivenAtMs) }),
});

/** What only those see who may open the machine's key. */
const payloads = (execution: Execution): object => ({
  input: execution.inputText,
  inputDetails: { included: true },
  ...(execution.output === undefined ? {} : { output: execution.output.text, outputDetails: { included: true } }),
  ...(execution.error === undefined ? {} : { error: execution.error }),
  ...(execution.cause === undefined ? {} : { cause: execution.cause }),
});

function redriveState(execution: Execution): object {
  const refusal = execution.redriveRefusal();
  return refusal === undefined ? { redriveStatus: "REDRIVABLE" } : { redriveStatus: "NOT_REDRIVABLE", redriveStatusReason: refusal };
}

export function executionOperations({ stateMachines, executions }: Dependencies): Service["operations"] {
  const startExecution: Operation<StartExecutionInput> = {
    permissions: ({ stateMachineArn }) => [{ action: "states:StartExecution", resource: assertStateMachineArn(stateMachineArn) }],
    async run({ stateMachineArn = "", name, input }) {
      const { identity, startedAtMs } = await executions.start(stateMachines.get(stateMachineArn), { name, input });
      return { executionArn: identity.executionArn, startDate: new Date(startedAtMs) };
    },
  };
  const describeExecution: Operation<DescribeExecutionInput> = {
    permissions: ({ executionArn }) => onExecution("states:DescribeExecution", executionArn),
    async run({ executionArn, includedData }, call) {
      const { execution, stateMachine } = executions.get(executionArn);
      const withData = includedData !== "METADATA_ONLY";
      if (withData) await stateMachine.key?.openFor(call);
      return { ...summary(execution), ...redriveState(execution), ...(withData ? payloads(execution) : {}) };
    },
  };
  const listExecutions: Operation<ListExecutionsInput> = {
    permissions: ({ stateMachineArn }) => [{ action: "states:ListExecutions", resource: assertStateMachineArn(stateMachineArn) }],
    run({ stateMachineArn = "", statusFilter, redriveFilter, maxResults, nextToken: token, mapRunArn }) {
      if (mapRunArn !== undefined) throw notImplemented("ListExecutions of a Map Run");
      stateMachines.get(stateMachineArn);
      const chosen = executions
        .list(stateMachineArn)
        .filter(({ status }) => statusFilter === undefined || status === statusFilter)
        .filter(({ redriveCount }) => redriveFilter === undefined || redriveCount > 0 === (redriveFilter === "REDRIVEN"));
      const { items, nextToken } = page(chosen, { limit: pageLimit(maxResults), token, invalid: invalidToken });
      return { executions: items.map(summary), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };
  const getExecutionHistory: Operation<GetExecutionHistoryInput> = {
    permissions: ({ executionArn }) => onExecution("states:GetExecutionHistory", executionArn),
    async run({ executionArn, reverseOrder, includeExecutionData = true, maxResults, nextToken: token }, call) {
      const { execution, stateMachine } = executions.get(executionArn);
      if (includeExecutionData) await stateMachine.key?.openFor(call);
      const { entries } = execution.history;
      const ordered = reverseOrder === true ? entries.toReversed() : entries;
      const { items, nextToken } = page(ordered, { limit: pageLimit(maxResults), token, invalid: invalidToken });
      return {
        events: items.map((entry) => historyEvent(entry, { includeExecutionData })),
        ...(nextToken === undefined ? {} : { nextToken }),
      };
    },
  };
  const stopExecution: Operation<StopExecutionInput> = {
    permissions: ({ executionArn }) => onExecution("states:StopExecution", executionArn),
    async run({ executionArn, error, cause }) {
      const { execution, stateMachine } = executions.get(executionArn);
      await stateMachine.key?.seal();
      execution.stop(error, cause);
      return { stopDate: new Date(execution.stoppedAtMs ?? execution.startedAtMs) };
    },
  };
  const redriveExecution: Operation<RedriveExecutionInput> = {
    permissions: ({ executionArn }) => onExecution("states:RedriveExecution", executionArn),
    run({ executionArn }, call) {
      const started = executions.get(executionArn);
      try {
        executions.redrive(started);
      } catch (cause) {
        if (!(cause instanceof NotRedrivable)) throw cause;
        throw new AwsError("ExecutionNotRedrivable", cause.message, { cause });
      }
      return { redriveDate: new Date(started.execution.redrivenAtMs ?? call.nowMs) };
    },
  };
  return {
    StartExecution: startExecution,
    DescribeExecution: describeExecution,
    ListExecutions: listExecutions,
    GetExecutionHistory: getExecutionHistory,
    StopExecution: stopExecution,
    RedriveExecution: redriveExecution,
  };
}
