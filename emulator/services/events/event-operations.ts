// EventBridge's operations on events: putting them on the bus, and trying a pattern on one.

import type { PutEventsRequest, PutEventsRequestEntry, TestEventPatternRequest } from "@aws-sdk/client-eventbridge";
import { AwsError, notImplemented } from "../../aws-error.ts";
import type { Environment, Operation, Permission, Service } from "../../service.ts";
import { type BusEvent, busEvent } from "./event.ts";
import { parsePattern } from "./pattern.ts";

interface Dependencies {
  readonly environment: Environment;
  route(event: BusEvent): void;
}

const mostEntries = 10;
const largestTotalBytes = 1_048_576;

class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function eventOperations({ environment, route }: Dependencies): Service["operations"] {
  const { region, account } = environment;
  const onBus = (entry: PutEventsRequestEntry): Permission => {
    const bus = entry.EventBusName ?? "default";
    const arn = `arn:aws:events:${region}:${account}:event-bus/default`;
    if (bus !== "default" && bus !== arn) throw notImplemented(`The event bus ${bus}`);
    const context = {
      ...(entry.Source === undefined ? {} : { "events:source": entry.Source }),
      ...(entry.DetailType === undefined ? {} : { "events:detail-type": entry.DetailType }),
    };
    return { action: "events:PutEvents", resource: arn, context };
  };
  const putEvents: Operation<PutEventsRequest> = {
    permissions: ({ Entries = [], EndpointId }) => {
      if (EndpointId !== undefined) throw notImplemented("PutEvents with EndpointId");
      return Entries.map(onBus);
    },
    run({ Entries = [] }) {
      if (Entries.length === 0 || Entries.length > mostEntries) {
        throw new AwsError("ValidationException", `PutEvents takes 1 to ${mostEntries} entries.`);
      }
      if (Entries.reduce((total, entry) => total + sizeOf(entry), 0) > largestTotalBytes) {
        throw new AwsError("ValidationException", "Total size of the entries in the request is over the limit.");
      }
      const results = Entries.map((entry) => {
        try {
          const event = eventOf(entry, environment);
          route(event);
          return { EventId: event.id };
        } catch (error) {
          if (error instanceof Refused) return { ErrorCode: error.code, ErrorMessage: error.message };
          throw error;
        }
      });
      return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
    },
  };
  const testEventPattern: Operation<TestEventPatternRequest> = {
    permissions: () => [{ action: "events:TestEventPattern", resource: "*" }],
    run({ EventPattern = "", Event = "" }) {
      const matches = parsePattern(EventPattern);
      return { Result: matches(parseEvent(Event)) };
    },
  };
  return { PutEvents: putEvents, TestEventPattern: testEventPattern };
}

function eventOf({ Source, DetailType, Detail, Resources = [], Time }: PutEventsRequestEntry, environment: Environment): BusEvent {
  const required = Object.entries({ Source, DetailType, Detail }).find(([, value]) => value === undefined || value === "");
  if (required !== undefined) {
    throw new Refused("InvalidArgument", `Parameter ${required[0]} is not valid. Reason: ${required[0]} is a required argument.`);
  }
  if (/^aws\./i.test(Source ?? "")) throw new Refused("NotAuthorizedForSourceException", "Not authorized for the source.");
  return busEvent(
    { source: Source ?? "", detailType: DetailType ?? "", resources: Resources, detail: detailOf(Detail ?? ""), timeMs: Time?.getTime() },
    environment,
  );
}

function detailOf(text: string): object {
  const malformed = (cause?: unknown) => Object.assign(new Refused("MalformedDetail", "Detail is malformed."), { cause });
  let detail: unknown;
  try {
    detail = JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
  if (typeof detail !== "object" || detail === null || Array.isArray(detail)) throw malformed();
  return detail;
}

/** Bytes as EventBridge counts them: 14 for a time, the rest as UTF-8. */
const sizeOf = ({ Source = "", DetailType = "", Detail = "", Resources = [], Time }: PutEventsRequestEntry): number =>
  (Time === undefined ? 0 : 14) + [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

const requiredMembers = ["id", "account", "source", "time", "region", "resources", "detail-type"] as const;

function parseEvent(text: string): unknown {
  const invalid = (reason: string) => new AwsError("ValidationException", `Parameter Event is not valid. Reason: ${reason}`);
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid((cause as Error).message), { cause });
  }
  const lacking = requiredMembers.filter((name) => typeof event !== "object" || event === null || !Object.hasOwn(event, name));
  if (lacking.length > 0) throw invalid(`the event lacks ${lacking.join(", ")}`);
  return event;
}
