// The event that Step Functions puts on the bus for each status of an execution.
// Source: "Automating Step Functions event delivery with EventBridge", Step Functions Developer Guide.

import type { Execution } from "../../states/execution.ts";
import type { ServiceEvent } from "../events/event.ts";

/** Escaped input and output share this much of an event; the input goes first, then the output. */
const mostPayloadBytes = 248 * 1024;

const escapedBytes = (text: string | undefined): number => (text === undefined ? 0 : Buffer.byteLength(JSON.stringify(text)));

/**
 * @param of.isSealed - the machine has a customer managed key. No page says what such an event holds; whoever relied on data would break
 *   where AWS leaves it out, so it is left out here: input, output, error and cause.
 */
export function statusEvent(execution: Execution, { isSealed }: { isSealed: boolean }): ServiceEvent {
  const { executionArn, stateMachineArn, name } = execution.identity;
  const output = execution.output?.text;
  const fitsOutput = !isSealed && escapedBytes(output) <= mostPayloadBytes;
  const fitsInput = !isSealed && escapedBytes(execution.inputText) + escapedBytes(output) <= mostPayloadBytes;
  const refusal = execution.redriveRefusal();
  return {
    source: "aws.states",
    detailType: "Step Functions Execution Status Change",
    resources: [executionArn],
    detail: {
      executionArn,
      stateMachineArn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name,
      status: execution.status,
      startDate: execution.startedAtMs,
      stopDate: execution.stoppedAtMs ?? null,
      input: fitsInput ? execution.inputText : null,
      inputDetails: { included: fitsInput },
      output: fitsOutput ? (output ?? null) : null,
      outputDetails: output === undefined ? null : { included: fitsOutput },
      error: isSealed ? null : (execution.error ?? null),
      cause: isSealed ? null : (execution.cause ?? null),
      redriveCount: execution.redriveCount,
      redriveDate: execution.redrivenAtMs ?? null,
      redriveStatus: refusal === undefined ? "REDRIVABLE" : "NOT_REDRIVABLE",
      redriveStatusReason: refusal ?? null,
    },
  };
}
