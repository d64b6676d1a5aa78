// The history of an execution: what happened, in AWS's order, with the details that GetExecutionHistory returns.

import type { HistoryEventType } from "@aws-sdk/client-sfn";

export interface HistoryEntry {
  readonly id: number;
  readonly previousEventId: number;
  readonly atMs: number;
  readonly type: HistoryEventType;
  /** Payloads are JSON texts, as on the wire. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Most events of one execution (Step Functions quotas). */
export const historyLimit = 25_000;

/** Events that carry no details at all. */
const bare = /^(Parallel|Map|Task|Wait)State(Started|Succeeded|Failed|Aborted)$|^LambdaFunctionStarted$/;

/** Which event-details member of the API a type's details go to. */
export function detailsMember(type: HistoryEventType): string | undefined {
  if (type.endsWith("StateEntered")) return "stateEnteredEventDetails";
  if (type.endsWith("StateExited")) return "stateExitedEventDetails";
  if (type !== "MapStateStarted" && bare.test(type)) return undefined;
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

export class History {
  readonly entries: HistoryEntry[] = [];

  record(type: HistoryEventType, at: { ms: number; previousEventId: number }, details?: Readonly<Record<string, unknown>>): number {
    const id = this.entries.length + 1;
    const { ms: atMs, previousEventId } = at;
    this.entries.push(details === undefined ? { id, previousEventId, atMs, type } : { id, previousEventId, atMs, type, details });
    return id;
  }
}
