// One event of a history in the form of the API.

import { detailsMember, type HistoryEntry } from "../../states/history.ts";

/** Members that are execution data, each with the API's note on whether it was cut. */
const dataMembers: Readonly<Record<string, string | undefined>> = {
  input: "inputDetails",
  output: "outputDetails",
  assignedVariables: "assignedVariablesDetails",
  parameters: undefined,
};

const whole = { truncated: false };

export function historyEvent(entry: HistoryEntry, { includeExecutionData }: { includeExecutionData: boolean }): object {
  const { id, previousEventId, atMs, type, details } = entry;
  const event = { id, previousEventId, timestamp: new Date(atMs), type };
  const member = detailsMember(type);
  if (member === undefined || details === undefined) return event;
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(details)) {
    const isData = Object.hasOwn(dataMembers, name);
    if (isData && !includeExecutionData) continue;
    shown[name] = value;
    const note = dataMembers[name];
    if (note !== undefined) shown[note] = whole;
  }
  return { ...event, [member]: shown };
}
