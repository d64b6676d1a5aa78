// When a secret is rotated: the windows that its rules open, all of them in UTC and on the hour.

import { InvalidExpression, parseScheduleExpression } from "../../../core/schedule-expression.ts";
import { invalidParameter, type RotationRules } from "./secrets.ts";

export interface RotationWindow {
  readonly opensAtMs: number;
  readonly closesAtMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startOf = (periodMs: number, atMs: number): number => Math.floor(atMs / periodMs) * periodMs;

interface Rate {
  readonly count: number;
  readonly unit: "hour" | "day";
}

function rateOf({ automaticallyAfterDays, scheduleExpression = "" }: RotationRules): Rate | undefined {
  if (automaticallyAfterDays !== undefined) return { count: automaticallyAfterDays, unit: "day" };
  const [, count, unit] = /^rate\(([1-9]\d*) (hour|day)s?\)$/.exec(scheduleExpression) ?? [];
  return unit === "hour" || unit === "day" ? { count: Number(count), unit } : undefined;
}

/** Whole days between rotations, where the rules say a number of them. */
export function daysOf(rules: RotationRules): number | undefined {
  const rate = rateOf(rules);
  return rate?.unit === "day" ? rate.count : undefined;
}

/** Whether a value that somebody writes puts the next rotation off: an interval counts from it, a calendar does not. */
export const countsFromWrites = (rules: RotationRules): boolean => rateOf(rules) !== undefined;

/**
 * The first window that opens after `afterMs`. AWS rotates at some moment within it.
 *
 * Source: "Rotation schedules", AWS Secrets Manager User Guide.
 */
export function nextWindow(rules: RotationRules, of: { countsFromMs: number; afterMs: number }): RotationWindow {
  const rate = rateOf(rules);
  const opensAtMs = rate === undefined ? nextOfCalendar(rules, of.afterMs) : nextOfInterval(rate, of);
  return { opensAtMs, closesAtMs: opensAtMs + lengthMs(rules, opensAtMs) };
}

function nextOfInterval({ count, unit }: Rate, { countsFromMs, afterMs }: { countsFromMs: number; afterMs: number }): number {
  const unitMs = unit === "day" ? dayMs : hourMs;
  const firstMs = startOf(unitMs, countsFromMs + count * unitMs);
  if (firstMs > afterMs) return firstMs;
  return firstMs + (Math.floor((afterMs - firstMs) / (count * unitMs)) + 1) * count * unitMs;
}

function nextOfCalendar({ scheduleExpression = "" }: RotationRules, afterMs: number): number {
  const nextMs = parseScheduleExpression(scheduleExpression, { timeZone: "UTC", anchorMs: 0 }).next(afterMs);
  if (nextMs === undefined) throw invalidParameter(`The ScheduleExpression ${scheduleExpression} has no next date.`);
  return nextMs;
}

/** Without a duration a window in hours is one hour long, one in days goes on to the end of the day. */
function lengthMs(rules: RotationRules, opensAtMs: number): number {
  if (rules.duration !== undefined) return Number(rules.duration.slice(0, -1)) * hourMs;
  const hours = /^cron\(\S+ (\S+)/.exec(rules.scheduleExpression ?? "")?.[1] ?? "0";
  const isInHours = rateOf(rules)?.unit === "hour" || !/^\d+$/.test(hours);
  return isInHours ? hourMs : startOf(dayMs, opensAtMs) + dayMs - 1000 - opensAtMs;
}

/** Throws InvalidParameterException for rules that Secrets Manager does not take. */
export function assertRules(rules: RotationRules): void {
  const { automaticallyAfterDays: days, scheduleExpression: expression, duration } = rules;
  if (days !== undefined && expression !== undefined) {
    throw invalidParameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.");
  }
  if (days === undefined && expression === undefined) {
    throw invalidParameter("You must specify AutomaticallyAfterDays or ScheduleExpression in RotationRules.");
  }
  if (days !== undefined && (days < 1 || days > 1000)) throw invalidParameter("AutomaticallyAfterDays must be between 1 and 1000.");
  if (expression !== undefined) assertExpression(expression);
  if (duration !== undefined) {
    const hours = Number(/^([1-9]\d?)h$/.exec(duration)?.[1] ?? Number.NaN);
    if (!(hours <= 24)) throw invalidParameter(`The Duration ${duration} must be a number of hours, such as 3h.`);
    const opensAtHour = Number(/^cron\(\S+ (\d+) /.exec(expression ?? "")?.[1] ?? 0);
    if (opensAtHour + hours > 24) throw invalidParameter(`The rotation window of ${duration} must not extend into the next UTC day.`);
  }
}

function assertExpression(expression: string): void {
  const rate = rateOf({ scheduleExpression: expression });
  if (rate !== undefined) {
    const hours = rate.count * (rate.unit === "day" ? 24 : 1);
    if (hours < 4 || hours > 999 * 24) throw invalidParameter(`The rate ${expression} must be between 4 hours and 999 days.`);
    return;
  }
  const [, minutes, year] = /^cron\((\S+) \S+ \S+ \S+ \S+ (\S+)\)$/.exec(expression) ?? [];
  if (minutes !== "0" || year !== "*") {
    throw invalidParameter(
      `The ScheduleExpression ${expression} must be a rate in hours or days, or a cron that begins with 0 and ends with *.`,
    );
  }
  try {
    parseScheduleExpression(expression, { timeZone: "UTC", anchorMs: 0 });
  } catch (error) {
    if (error instanceof InvalidExpression) throw invalidParameter(error.message);
    throw error;
  }
}
