import { describe, expect, it } from "vitest";
import { localMoment, scheduleWords } from "../../core/schedule-words.ts";

describe("a schedule in words", () => {
  it.each([
    ["rate(1 day)", "every day"],
    ["rate(1 minutes)", "every minute"],
    ["rate(36 hours)", "every 36 hours"],
    ["cron(0 7 ? * MON *)", "at 07:00 on Mondays, Europe/Berlin"],
    ["cron(0 7 ? * 2 *)", "at 07:00 on Mondays, Europe/Berlin"],
    ["cron(30 8 ? * mon,THU *)", "at 08:30 on Mondays and Thursdays, Europe/Berlin"],
    ["cron(0 7,19 ? * MON-FRI *)", "at 07:00 and 19:00 from Monday to Friday, Europe/Berlin"],
    ["cron(0 12 ? * 6#1 *)", "at 12:00 on the 1st Friday of the month, Europe/Berlin"],
    ["cron(0 12 ? * FRIL *)", "at 12:00 on the last Friday of the month, Europe/Berlin"],
    ["cron(0 0 L * ? *)", "at 00:00 on the last day of the month, Europe/Berlin"],
    ["cron(0 0 15W * ? *)", "at 00:00 on the weekday nearest the 15th, Europe/Berlin"],
    ["cron(0 0 1,15 * ? *)", "at 00:00 on the 1st and the 15th of the month, Europe/Berlin"],
    ["cron(0 0 1-7 * ? *)", "at 00:00 from the 1st to the 7th of the month, Europe/Berlin"],
    ["cron(0 0 1 1,7 ? *)", "at 00:00 on the 1st of the month in January and July, Europe/Berlin"],
    ["cron(0 0 1 JAN-MAR ? 2027)", "at 00:00 on the 1st of the month from January to March in 2027, Europe/Berlin"],
    ["cron(0/15 * * * ? *)", "every 15 minutes, Europe/Berlin"],
    ["cron(* * * * ? *)", "every minute, Europe/Berlin"],
    ["cron(5 * * * ? *)", "at minute 5 of every hour, Europe/Berlin"],
    ["cron(30 */4 * * ? *)", "every 4 hours from 00:30, Europe/Berlin"],
    ["cron(0/15 8-17 ? * 2-6 *)", "at minutes 0/15 of hours 8-17 from Monday to Friday, Europe/Berlin"],
    ["cron(0 7 1/7 * ? *)", "at 07:00 every 7 days from the 1st of the month, Europe/Berlin"],
  ])("%s is %s", (expression, words) => {
    expect(scheduleWords(expression, "Europe/Berlin")).toBe(words);
  });
});

describe("a firing", () => {
  it.each([
    ["Europe/Berlin", "2026-10-25T00:30:00Z", "Sun 2026-10-25 02:30 CEST"],
    ["Europe/Berlin", "2026-10-25T01:30:00Z", "Sun 2026-10-25 02:30 CET"],
    ["UTC", "2026-12-31T23:59:00Z", "Thu 2026-12-31 23:59 UTC"],
    ["Europe/Berlin", "2026-12-31T23:00:00Z", "Fri 2027-01-01 00:00 CET"],
  ])("is shown as clocks in %s show it: %s", (timeZone, utc, expected) => {
    expect(localMoment(Date.parse(utc), timeZone)).toBe(expected);
  });
});
