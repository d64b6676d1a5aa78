// A run that waits for a code, seen as an operator sees it: by its history, where the task token stands.

import { setTimeout as sleep } from "node:timers/promises";
import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from "@aws-sdk/client-sfn";

const pollMs = 20;

/** Gives the task token; throws if the run ends instead. */
export async function untilItWaits(sfn: SFNClient, executionArn: string): Promise<string> {
  for (;;) {
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 20 }));
    const [last] = events;
    if (last?.taskSubmittedEventDetails?.resource === "invoke.waitForTaskToken") return tokenIn(events);
    if (last?.type?.startsWith("Execution") === true && last.type !== "ExecutionStarted") {
      throw new Error(
        `${executionArn} ended with ${last.type} instead of waiting: ${last.executionFailedEventDetails?.cause ?? "no cause"}`,
      );
    }
    await sleep(pollMs);
  }
}

/** @param events - newest first */
function tokenIn(events: readonly HistoryEvent[]): string {
  const scheduled = events.find(({ taskScheduledEventDetails: of }) => of?.resource === "invoke.waitForTaskToken");
  const { Payload } = JSON.parse(scheduled?.taskScheduledEventDetails?.parameters ?? "{}") as { Payload?: { taskToken?: string } };
  if (Payload?.taskToken === undefined) throw new Error("the waiting task has no token in the history");
  return Payload.taskToken;
}
