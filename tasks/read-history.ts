// An execution's history as a whole, for the tasks that look back on one.

import { paginateGetExecutionHistory, type SFNClient } from "@aws-sdk/client-sfn";
import type { HistoryEvent } from "../core/run-history.ts";

export type ReadHistory = (executionArn: string) => Promise<readonly HistoryEvent[]>;

export const historyReader =
  (client: SFNClient): ReadHistory =>
  async (executionArn) => {
    const events: HistoryEvent[] = [];
    for await (const page of paginateGetExecutionHistory({ client }, { executionArn, maxResults: 1000, includeExecutionData: true })) {
      events.push(...(page.events ?? []));
    }
    return events;
  };
