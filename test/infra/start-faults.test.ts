// What is refused at synth of how a job starts without a person: each fault with its way out, and all of them at once.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseConfig } from "../../infra/config.ts";
import type { JobDefinition, JobEvent, JobSchedule } from "../../jobs/definition.ts";
import { announce } from "./sample-jobs.ts";
import { validConfig } from "./valid-config.ts";

const { schedule: _, events: __, ...byHand } = announce;
const schedule: JobSchedule = { expression: "cron(0 7 ? * MON *)", admin: "bob", reason: "Weekly" };
const event: JobEvent = { name: "alarm", pattern: () => ({ source: ["example.alarms"] }), admin: "bob", reason: "An alarm went off" };

function faultsOf(...jobs: readonly JobDefinition[]): readonly string[] {
  try {
    parseConfig(validConfig, jobs);
    return [];
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .slice(1)
      .map((line) => line.replace("  - ", ""));
  }
}

describe("a schedule", () => {
  it.each<[string, Partial<JobSchedule>]>([
    ["every Monday", {}],
    ["a rate", { expression: "rate(1 minute)" }],
    ["hours, not days", { expression: "rate(36 hours)" }],
    ["weekdays by name", { expression: "cron(15,45 8-17/2 ? 1-6 MON-FRI *)" }],
    ["the last day of the month", { expression: "cron(0 0 L * ? *)" }],
    ["the first Friday", { expression: "cron(0 12 ? * 6#1 *)" }],
    ["the weekday nearest the 15th", { expression: "cron(0 12 15W * ? 2027-2030)" }],
    ["a zone of the sea", { timeZone: "Etc/GMT+5" }],
    ["a zone of a city", { timeZone: "America/Argentina/Buenos_Aires" }],
  ])("may be %s", (_what, change) => {
    expect(faultsOf({ ...byHand, schedule: { ...schedule, ...change } })).toEqual([]);
  });

  const noExpression = (expression: string) =>
    `job announce: schedule.expression ${expression} is none that EventBridge Scheduler takes: write cron(minutes hours day-of-month month day-of-week year), with ? for one of the two days, or rate(7 days)`;

  it.each<[string, Partial<JobSchedule>, string]>([
    ["five fields", { expression: "cron(0 7 * * MON)" }, noExpression("cron(0 7 * * MON)")],
    ["two days", { expression: "cron(0 7 1 * MON *)" }, noExpression("cron(0 7 1 * MON *)")],
    ["two question marks", { expression: "cron(0 7 ? * ? *)" }, noExpression("cron(0 7 ? * ? *)")],
    ["an hour too many", { expression: "cron(0 24 * * ? *)" }, noExpression("cron(0 24 * * ? *)")],
    ["cron's own form", { expression: "0 7 * * 1" }, noExpression("0 7 * * 1")],
    ["no rate", { expression: "rate(0 days)" }, noExpression("rate(0 days)")],
    ["weeks", { expression: "rate(1 week)" }, noExpression("rate(1 week)")],
    [
      "one time",
      { expression: "at(2027-01-01T00:00:00)" },
      "job announce: schedule.expression at(2027-01-01T00:00:00) fires once and never again: write cron(…) or rate(…), or start that run by hand",
    ],
    [
      "a day that no month has",
      { expression: "cron(0 7 30 2 ? *)" },
      "job announce: schedule.expression cron(0 7 30 2 ? *) never fires: no such day comes",
    ],
    [
      "a zone that is none",
      { timeZone: "Europe/Bonn" },
      "job announce: schedule.timeZone Europe/Bonn is no time zone: write an IANA name, as Europe/Berlin",
    ],
    ["an offset", { timeZone: "+01:00" }, "job announce: schedule.timeZone +01:00 is no time zone: write an IANA name, as Europe/Berlin"],
    [
      "an admin who may not",
      { admin: "carol" },
      "job announce: schedule.admin carol may not launch it: name alice or bob, or add carol to its admins",
    ],
    ["no reason", { reason: " " }, "job announce: schedule.reason is empty; leave it out or say why"],
    ["a reason of two lines", { reason: "a\nb" }, "job announce: schedule.reason must be one line without control characters"],
    [
      "a reason that Scheduler would fill in",
      { reason: "run <aws.scheduler.execution-id>" },
      "job announce: schedule.reason must be without < and >, which mean something to EventBridge",
    ],
  ])("is refused with %s", (_what, change, fault) => {
    expect(faultsOf({ ...byHand, schedule: { ...schedule, ...change } })).toEqual([fault]);
  });

  it("is refused for a job whose parameters it could not give", () => {
    const needy = { ...byHand, schedule, parameters: z.strictObject({ text: z.string() }) };
    expect(faultsOf(needy)).toEqual([
      "job announce: a scheduled run gets no parameters: let each be optional or have a default, or take the schedule off the job",
    ]);
  });

  it("has all its faults named at once, with those of everything else", () => {
    const faults = faultsOf({
      ...byHand,
      memoryMiB: 1,
      schedule: { expression: "weekly", timeZone: "Mars/Phobos", admin: "carol", reason: "" },
      events: [{ ...event, admin: "dave" }],
    });
    expect(faults).toHaveLength(6);
  });
});

describe("an event", () => {
  it.each<[string, Partial<JobEvent>, string]>([
    ["a name in capitals", { name: "Alarm" }, "its event Alarm: its name must be kebab-case, at most 15 characters"],
    ["a name too long", { name: "a-name-too-long-" }, "its event a-name-too-long-: its name must be kebab-case, at most 15 characters"],
    ["no run an hour", { perHour: 0 }, "its event alarm: perHour must be a whole number from 1 to 20"],
    ["too many runs an hour", { perHour: 21 }, "its event alarm: perHour must be a whole number from 1 to 20"],
    ["half a run an hour", { perHour: 0.5 }, "its event alarm: perHour must be a whole number from 1 to 20"],
    [
      "a pattern of any source",
      { pattern: () => ({ source: [] }) },
      "its event alarm: its pattern must name the source: without it any event in the account starts runs",
    ],
    [
      "an admin who may not",
      { admin: "carol" },
      "its event alarm: admin carol may not launch it: name alice or bob, or add carol to its admins",
    ],
    [
      "a reason that the event would fill in",
      { reason: "because of <reason>" },
      "its event alarm: reason must be without < and >, which mean something to EventBridge",
    ],
    [
      "a parameter that the job does not know",
      { parameters: { day: "$.time" } },
      "its event alarm: parameters.day: unknown; announce takes text",
    ],
    [
      "the bucket of no job",
      { pattern: ({ bucketOf }) => ({ source: ["aws.s3"], detail: { bucket: { name: [bucketOf("anounce")] } } }) },
      "its event alarm: its pattern asks for the bucket of anounce, which is no job of the catalogue",
    ],
    [
      "a path with an index",
      { parameters: { text: "$.resources[0]" } },
      "its event alarm: parameters.text: $.resources[0] is no path of members: write it like $.detail.object.key",
    ],
    [
      "a path to everything",
      { parameters: { text: "$" } },
      "its event alarm: parameters.text: $ is no path of members: write it like $.detail.object.key",
    ],
  ])("is refused with %s", (_what, change, fault) => {
    expect(faultsOf({ ...byHand, events: [{ ...event, ...change }] })).toEqual([`job announce: ${fault}`]);
  });

  it("is refused where it does not give what the job needs, and is not where it does", () => {
    const needy = { ...byHand, parameters: z.strictObject({ text: z.string(), more: z.string().default("") }) };
    expect(faultsOf({ ...needy, events: [event] })).toEqual([
      "job announce: its event alarm: parameters.text: the event must give it, for it has no default",
    ]);
    expect(faultsOf({ ...needy, events: [{ ...event, parameters: { text: "$.detail.text" } }] })).toEqual([]);
  });

  it("is refused where its rule would have another's name", () => {
    const job = { ...byHand, name: "announce-it", events: [event] };
    expect(faultsOf({ ...byHand, events: [{ ...event, name: "it-alarm" }] }, job)).toEqual([
      "jobs/catalogue.ts: the events it-alarm of announce and alarm of announce-it would both be keyturn-announce-it-alarm: rename one of them",
    ]);
    expect(faultsOf({ ...byHand, name: "scheduled", events: [{ ...event, name: "run-ended" }] })).toEqual([
      "jobs/catalogue.ts: the event run-ended of scheduled would have the name of Keyturn's own rule: rename it",
    ]);
    expect(faultsOf({ ...byHand, events: [{ ...event, name: "end" }] })).toEqual([
      "jobs/catalogue.ts: the event end of announce would have the name of Keyturn's own rule: rename it",
    ]);
  });
});
