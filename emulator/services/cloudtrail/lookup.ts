// CloudTrail's LookupEvents: one attribute, a span of time, newest first.

import type { LookupAttribute, LookupEventsRequest, LookupEventsResponse } from "@aws-sdk/client-cloudtrail";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { ownMember } from "../../own-member.ts";
import type { Operation } from "../../service.ts";
import type { Trail, TrailEvent } from "./trail.ts";

const mostResults = 50;

const attributes: Readonly<Record<string, (event: TrailEvent, value: string) => boolean>> = {
  AccessKeyId: ({ accessKeyId }, value) => accessKeyId === value,
  EventId: ({ id }, value) => id === value,
  EventName: ({ name }, value) => name === value,
  EventSource: ({ source }, value) => source === value,
  ReadOnly: ({ isReadOnly }, value) => String(isReadOnly) === value,
  ResourceName: ({ resources }, value) => resources.some(({ ResourceName }) => ResourceName === value),
  ResourceType: ({ resources }, value) => resources.some(({ ResourceType }) => ResourceType === value),
  Username: ({ userName }, value) => userName === value,
};

export const lookupEvents = (trail: Trail): Operation<LookupEventsRequest, LookupEventsResponse> => ({
  permissions: () => [{ action: "cloudtrail:LookupEvents", resource: "*" }],
  run({ LookupAttributes = [], StartTime, EndTime, EventCategory, MaxResults = mostResults, NextToken }) {
    if (EventCategory !== undefined) throw notImplemented(`LookupEvents with EventCategory ${EventCategory}`);
    if (MaxResults < 1 || MaxResults > mostResults) {
      throw new AwsError("InvalidMaxResultsException", `MaxResults must be between 1 and ${mostResults}.`);
    }
    const [fromMs, toMs] = [StartTime?.getTime() ?? Number.NEGATIVE_INFINITY, EndTime?.getTime() ?? Number.POSITIVE_INFINITY];
    if (fromMs > toMs) throw new AwsError("InvalidTimeRangeException", "The start time must not be after the end time.");
    const isAsked = attributeTest(LookupAttributes);
    const found = trail.visible().filter((event) => event.atMs >= fromMs && event.atMs <= toMs && isAsked(event));
    const rest = found.slice(NextToken === undefined ? 0 : startAfter(NextToken, found));
    const shown = rest.slice(0, MaxResults);
    const last = shown.at(-1);
    return {
      Events: shown.map(described),
      ...(last === undefined || rest.length <= MaxResults ? {} : { NextToken: tokenOf(last) }),
    };
  },
});

function attributeTest(given: readonly LookupAttribute[]): (event: TrailEvent) => boolean {
  const [only, ...others] = given;
  if (only === undefined) return () => true;
  const { AttributeKey = "", AttributeValue = "" } = only;
  const test = ownMember(attributes, AttributeKey);
  if (others.length > 0 || test === undefined || AttributeValue === "") {
    throw new AwsError(
      "InvalidLookupAttributesException",
      "LookupAttributes takes one attribute of those that CloudTrail knows, with a value.",
    );
  }
  return (event) => test(event, AttributeValue);
}

const tokenOf = (event: TrailEvent): string => Buffer.from(`${event.atMs} ${event.position}`).toString("base64url");

/** How many of `found` the earlier pages showed; events that came in since move none of those that are left. */
function startAfter(token: string, found: readonly TrailEvent[]): number {
  const [, atMs, position] = /^(\d+) (\d+)$/.exec(Buffer.from(token, "base64url").toString("utf8")) ?? [];
  if (atMs === undefined) throw new AwsError("InvalidNextTokenException", "The token is none that LookupEvents gave.");
  const next = found.findIndex((event) => event.atMs < Number(atMs) || (event.atMs === Number(atMs) && event.position < Number(position)));
  return next === -1 ? found.length : next;
}

const described = (event: TrailEvent) => ({
  EventId: event.id,
  EventName: event.name,
  ReadOnly: String(event.isReadOnly),
  AccessKeyId: event.accessKeyId,
  EventTime: new Date(event.atMs),
  EventSource: event.source,
  Username: event.userName,
  Resources: [...event.resources],
  CloudTrailEvent: event.record,
});
