// CloudTrail's event history, as far as it tells who called Step Functions.

import { type CloudTrailClient, type Event, paginateLookupEvents } from "@aws-sdk/client-cloudtrail";
import * as z from "zod/mini";
import type { CallName, FindCalls, TrailCall } from "./callers.ts";

const text = z.optional(z.nullable(z.string()));

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
const Record = z.object({
  eventSource: z.string(),
  eventTime: z.iso.datetime(),
  errorCode: text,
  sourceIPAddress: text,
  userIdentity: z.object({ arn: text, invokedBy: text }),
  requestParameters: z.optional(z.nullable(z.object({ executionArn: text, taskToken: text }))),
  responseElements: z.optional(z.nullable(z.object({ executionArn: text }))),
});

export const trailOf =
  (client: CloudTrailClient): FindCalls =>
  async (name, { fromMs, toMs }) => {
    const calls: TrailCall[] = [];
    const pages = paginateLookupEvents(
      { client },
      {
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: name }],
        StartTime: new Date(fromMs),
        EndTime: new Date(toMs),
      },
    );
    for await (const { Events = [] } of pages) calls.push(...Events.flatMap((event) => callOf(event, name) ?? []));
    return calls;
  };

function callOf(event: Event, name: CallName): TrailCall | undefined {
  const record = Record.parse(JSON.parse(event.CloudTrailEvent ?? "null"));
  // A refused call began, went on and ended nothing.
  if (record.eventSource !== "states.amazonaws.com" || (record.errorCode ?? "") !== "") return undefined;
  const { arn, invokedBy } = record.userIdentity;
  const execution = record.responseElements?.executionArn ?? record.requestParameters?.executionArn;
  const token = record.requestParameters?.taskToken;
  return {
    event: event.EventId ?? "",
    atMs: Date.parse(record.eventTime),
    by: arn ?? invokedBy ?? `unknown to CloudTrail's ${name}`,
    sourceIp: record.sourceIPAddress ?? null,
    ...(execution == null ? {} : { execution }),
    ...(token == null ? {} : { token }),
  };
}
