// Operations on log events: writing them, reading one stream, searching a group.

import type {
  FilterLogEventsCommandInput,
  FilterLogEventsCommandOutput,
  GetLogEventsCommandInput,
  GetLogEventsCommandOutput,
  PutLogEventsCommandInput,
  PutLogEventsCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
import { required } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Environment, Operation } from "../../service.ts";
import { filterPattern } from "./filter-pattern.ts";
import { groupName, groupPermission, streamPermission } from "./group-operations.ts";
import { invalidParameter, type LogEvent, type LogGroup, type LogGroups } from "./log-groups.ts";

const dayMs = 86_400_000;
const tooNewMs = 2 * 3_600_000;
const tooOldMs = 14 * dayMs;
const longestBatch = 10_000;

type Rejected = PutLogEventsCommandOutput["rejectedLogEventsInfo"];

/** Events come in order of time, so what is too old leads and what is too new trails. */
function rejections(times: readonly number[], of: { nowMs: number; group: LogGroup }): { from: number; to: number; info: Rejected } {
  const before = (limitMs: number): number => times.filter((time) => time < limitMs).length;
  const tooOld = before(of.nowMs - tooOldMs);
  const expired = of.group.retentionDays === undefined ? 0 : before(of.nowMs - of.group.retentionDays * dayMs);
  const to = times.filter((time) => time <= of.nowMs + tooNewMs).length;
  const info = {
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
    ...(to < times.length ? { tooNewLogEventStartIndex: to } : {}),
  };
  return { from: Math.max(tooOld, expired), to, info: Object.keys(info).length > 0 ? info : undefined };
}

const within = (event: LogEvent, of: { fromMs: number | undefined; untilMs: number | undefined }): boolean =>
  event.timestampMs >= (of.fromMs ?? 0) && event.timestampMs < (of.untilMs ?? Number.POSITIVE_INFINITY);

export function eventOperations(groups: LogGroups, environment: Environment): Record<string, Operation> {
  const putLogEvents: Operation<PutLogEventsCommandInput, Partial<PutLogEventsCommandOutput>> = {
    permissions: (input) =>
      streamPermission(groups, {
        action: "PutLogEvents",
        group: groupName(groups, input),
        stream: required(input.logStreamName, "logStreamName"),
      }),
    async run(input) {
      const group = groups.get(groupName(groups, input));
      const stream = groups.stream(group, required(input.logStreamName, "logStreamName"));
      const events = required(input.logEvents, "logEvents").map((event) => ({
        timestampMs: required(event.timestamp, "logEvents.timestamp"),
        message: required(event.message, "logEvents.message"),
      }));
      if (events.length > longestBatch) throw invalidParameter(`A batch has at most ${longestBatch} log events, not ${events.length}.`);
      const times = events.map((event) => event.timestampMs);
      if (times.some((time, index) => time < (times[index - 1] ?? 0))) {
        throw invalidParameter("Log events in a single PutLogEvents request must be in chronological order.");
      }
      const { from, to, info } = rejections(times, { nowMs: environment.clock.now(), group });
      await groups.write(group, stream, events.slice(from, to));
      return { nextSequenceToken: environment.uuid(), ...(info === undefined ? {} : { rejectedLogEventsInfo: info }) };
    },
  };

  const getLogEvents: Operation<GetLogEventsCommandInput, Partial<GetLogEventsCommandOutput>> = {
    permissions: (input) =>
      streamPermission(groups, {
        action: "GetLogEvents",
        group: groupName(groups, input),
        stream: required(input.logStreamName, "logStreamName"),
      }),
    async run(input) {
      const group = groups.get(groupName(groups, input));
      const stream = groups.stream(group, required(input.logStreamName, "logStreamName"));
      const all = await groups.read(group, [stream]);
      const events = all.filter((event) => within(event, { fromMs: input.startTime, untilMs: input.endTime }));
      const limit = input.limit ?? longestBatch;
      // A token is a direction and a position between events; at either end it comes back unchanged, which tells the client to stop.
      const [, direction, position] = /^([fb])\/(\d+)$/.exec(input.nextToken ?? (input.startFromHead ? "f/0" : `b/${events.length}`)) ?? [];
      if (direction === undefined) throw invalidParameter("The specified nextToken is invalid.");
      const at = Math.min(Number(position), events.length);
      const [start, end] = direction === "f" ? [at, Math.min(at + limit, events.length)] : [Math.max(at - limit, 0), at];
      return {
        events: events
          .slice(start, end)
          .map((event) => ({ timestamp: event.timestampMs, message: event.message, ingestionTime: event.ingestedAtMs })),
        nextForwardToken: `f/${end}`,
        nextBackwardToken: `b/${start}`,
      };
    },
  };

  const filterLogEvents: Operation<FilterLogEventsCommandInput, Partial<FilterLogEventsCommandOutput>> = {
    permissions: (input) => groupPermission(groups, "FilterLogEvents", groupName(groups, input)),
    async run(input) {
      const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
      if (names !== undefined && prefix !== undefined) {
        throw invalidParameter("LogStreamNamePrefix and LogStreamNames are mutually exclusive.");
      }
      const group = groups.get(groupName(groups, input));
      const streams =
        names?.map((name) => groups.stream(group, name)) ??
        [...group.streams.values()].filter((stream) => stream.name.startsWith(prefix ?? ""));
      const matches = filterPattern(input.filterPattern ?? "");
      const found = (await groups.read(group, streams)).filter(
        (event) => within(event, { fromMs: input.startTime, untilMs: input.endTime }) && matches(event.message),
      );
      const { items, nextToken } = page(found, {
        limit: input.limit ?? longestBatch,
        token: input.nextToken,
        invalid: () => invalidParameter("The specified nextToken is invalid."),
      });
      return {
        events: items.map((event) => ({
          logStreamName: event.stream,
          timestamp: event.timestampMs,
          message: event.message,
          ingestionTime: event.ingestedAtMs,
          eventId: event.id,
        })),
        searchedLogStreams: [],
        ...(nextToken === undefined ? {} : { nextToken }),
      };
    },
  };

  return { PutLogEvents: putLogEvents, GetLogEvents: getLogEvents, FilterLogEvents: filterLogEvents };
}
