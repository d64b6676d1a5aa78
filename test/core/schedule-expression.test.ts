// When schedules fire, above all where clocks change. Sources: EventBridge Scheduler's documentation; the dates are of the tz database.

import { describe, expect, it } from "vitest";
import { isTimeZone, parseScheduleExpression } from "../../core/schedule-expression.ts";

/** The first firings after `from`, as UTC. */
function firings(expression: string, of: { timeZone?: string; from: string; count?: number; anchor?: string }): readonly string[] {
  const { timeZone = "UTC", from, count = 3, anchor = "2026-01-01T00:00:00Z" } = of;
  const recurrence = parseScheduleExpression(expression, { timeZone, anchorMs: Date.parse(anchor) });
  const found: string[] = [];
  for (let ms = recurrence.next(Date.parse(from)); ms !== undefined && found.length < count; ms = recurrence.next(ms)) {
    found.push(new Date(ms).toISOString().slice(0, 16));
  }
  return found;
}

describe("a schedule fires", () => {
  it.each<[string, Parameters<typeof firings>[1], readonly string[]]>([
    ["cron(0 7 ? * MON *)", { from: "2026-11-22T12:00:00Z" }, ["2026-11-23T07:00", "2026-11-30T07:00", "2026-12-07T07:00"]],
    // Sunday is 1, so that 2 is Monday.
    ["cron(0 7 ? * 2 *)", { from: "2026-11-22T12:00:00Z", count: 1 }, ["2026-11-23T07:00"]],
    ["cron(0 7 ? * 2#1 *)", { from: "2026-11-22T12:00:00Z", count: 2 }, ["2026-12-07T07:00", "2027-01-04T07:00"]],
    ["cron(0 7 ? * 6L *)", { from: "2026-11-22T12:00:00Z", count: 2 }, ["2026-11-27T07:00", "2026-12-25T07:00"]],
    ["cron(0 7 ? * L *)", { from: "2026-11-22T12:00:00Z", count: 1 }, ["2026-11-28T07:00"]],
    ["cron(0 7 L * ? *)", { from: "2026-11-22T12:00:00Z", count: 2 }, ["2026-11-30T07:00", "2026-12-31T07:00"]],
    ["cron(0/20 7 1 1 ? 2028)", { from: "2026-11-22T12:00:00Z", count: 9 }, ["2028-01-01T07:00", "2028-01-01T07:20", "2028-01-01T07:40"]],
    ["rate(36 hours)", { from: "2026-01-01T12:00:00Z", count: 2 }, ["2026-01-02T12:00", "2026-01-04T00:00"]],
    // A day is 24 hours, whatever the clocks do.
    [
      "rate(1 day)",
      { timeZone: "Europe/Berlin", anchor: "2027-03-27T07:00:00Z", from: "2027-03-27T08:00:00Z", count: 2 },
      ["2027-03-28T07:00", "2027-03-29T07:00"],
    ],
  ])("%s from %j", (expression, of, expected) => {
    expect(firings(expression, of)).toEqual(expected);
  });
});

describe("where clocks change, a schedule fires", () => {
  it.each<[string, string, string, string, readonly string[]]>([
    [
      "at the same local time, in autumn",
      "cron(0 7 * * ? *)",
      "Europe/Berlin",
      "2026-10-24T00:00Z",
      ["2026-10-24T05:00", "2026-10-25T06:00", "2026-10-26T06:00"],
    ],
    [
      "at the same local time, in spring",
      "cron(0 7 * * ? *)",
      "America/New_York",
      "2027-03-13T00:00Z",
      ["2027-03-13T12:00", "2027-03-14T11:00", "2027-03-15T11:00"],
    ],
    [
      "not at a local time that is left out",
      "cron(30 2 * * ? *)",
      "Europe/Berlin",
      "2027-03-26T12:00Z",
      ["2027-03-27T01:30", "2027-03-29T00:30", "2027-03-30T00:30"],
    ],
    [
      "not at the first minute that is left out",
      "cron(0 2 * * ? *)",
      "America/New_York",
      "2027-03-13T00:00Z",
      ["2027-03-13T07:00", "2027-03-15T06:00", "2027-03-16T06:00"],
    ],
    [
      "once at a local time that comes twice",
      "cron(30 2 * * ? *)",
      "Europe/Berlin",
      "2026-10-24T12:00Z",
      ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"],
    ],
    [
      "once at a local time that comes twice, overseas",
      "cron(30 1 * * ? *)",
      "America/New_York",
      "2026-10-31T12:00Z",
      ["2026-11-01T05:30", "2026-11-02T06:30", "2026-11-03T06:30"],
    ],
    [
      "by half an hour in Lord Howe",
      "cron(0 7 * * ? *)",
      "Australia/Lord_Howe",
      "2027-04-02T00:00Z",
      ["2027-04-02T20:00", "2027-04-03T20:30", "2027-04-04T20:30"],
    ],
  ])("%s: %s, %s", (_what, expression, timeZone, from, expected) => {
    expect(firings(expression, { timeZone, from })).toEqual(expected);
  });
});

it.each([
  ["UTC", true],
  ["Europe/Berlin", true],
  ["America/Argentina/Buenos_Aires", true],
  ["Europe/Bonn", false],
  ["+01:00", false],
  ["", false],
])("%s is a time zone: %s", (timeZone, expected) => {
  expect(isTimeZone(timeZone)).toBe(expected);
});
