// When a schedule fires: EventBridge Scheduler's rate, cron and at expressions, in the schedule's time zone. Checked at synth, shown by the CLI,
// followed by the emulator.

import { Cron, CronDate } from "croner";

export interface Recurrence {
  /** The first firing after `afterMs`, or `undefined` when there is none. Milliseconds since the epoch. */
  next(afterMs: number): number | undefined;
  /** Fires once and never again. */
  readonly isOnce: boolean;
}

/** The expression or its time zone is none that Scheduler takes. */
export class InvalidExpression extends Error {
  override readonly name = "InvalidExpression";
}

const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * @param of.anchorMs - where a rate begins to count: the schedule's start, or its creation
 *
 * Source: "Schedule types in EventBridge Scheduler", EventBridge Scheduler User Guide. Throws `InvalidExpression`.
 */
export function parseScheduleExpression(expression: string, of: { timeZone: string; anchorMs: number }): Recurrence {
  assertTimeZone(of.timeZone);
  const [, kind, inside = ""] = /^(rate|cron|at)\((.*)\)$/.exec(expression) ?? [];
  switch (kind) {
    case "rate":
      return rate(inside, of.anchorMs);
    case "cron":
      return cron(inside, of.timeZone);
    case "at":
      return once(inside, of.timeZone);
    default:
      throw new InvalidExpression(`Invalid Schedule Expression ${expression}.`);
  }
}

function assertTimeZone(timeZone: string): void {
  if (!isTimeZone(timeZone)) throw new InvalidExpression(`Invalid Schedule Expression Timezone ${timeZone}.`);
}

/** An IANA name; an offset such as `+01:00`, which JavaScript takes as well, is none. */
export function isTimeZone(timeZone: string): boolean {
  // Without a look: loading what is known of all zones takes longer than the rest of a start of keyturn.
  if (timeZone === "UTC") return true;
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}

function rate(inside: string, anchorMs: number): Recurrence {
  const [, value = "", unit = ""] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(inside) ?? [];
  const periodMs = Number(value) * (unitMs[unit as keyof typeof unitMs] ?? Number.NaN);
  if (Number.isNaN(periodMs)) throw new InvalidExpression(`Invalid Schedule Expression rate(${inside}).`);
  // A rate fires when it begins, and then after every period.
  return { isOnce: false, next: (afterMs) => anchorMs + Math.max(0, Math.floor((afterMs - anchorMs) / periodMs) + 1) * periodMs };
}

function cron(inside: string, timeZone: string): Recurrence {
  const fields = inside.trim().split(/\s+/);
  const [minutes, hours, dayOfMonth = "", month, dayOfWeek = "", year] = fields;
  // Exactly one of the two days is a question mark: the other one decides.
  if (fields.length !== 6 || (dayOfMonth === "?") === (dayOfWeek === "?"))
    throw new InvalidExpression(`Invalid Schedule Expression cron(${inside}).`);
  const day = dayOfMonth === "?" ? "*" : dayOfMonth;
  // A bare L among the days of the week is the week's last, Saturday.
  const weekday = dayOfWeek === "?" ? "*" : dayOfWeek === "L" ? "7" : dayOfWeek;
  try {
    const pattern = new Cron(`0 ${minutes} ${hours} ${day} ${month} ${weekday} ${year}`, {
      mode: "7-part",
      alternativeWeekdays: true,
      sloppyRanges: true,
      timezone: timeZone,
    });
    return { isOnce: false, next: (afterMs) => nextMatch(pattern, afterMs) };
  } catch (cause) {
    throw new InvalidExpression(`Invalid Schedule Expression cron(${inside}): ${(cause as Error).message}.`, { cause });
  }
}

/** A local time that a clock change leaves out does not fire, where croner would make up for it; one that comes twice fires once. */
function nextMatch(pattern: Cron, afterMs: number): number | undefined {
  let at = pattern.nextRun(new Date(afterMs));
  while (at !== null && !pattern.match(at)) at = pattern.nextRun(at);
  return at?.getTime();
}

function once(inside: string, timeZone: string): Recurrence {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inside) || Number.isNaN(Date.parse(`${inside}Z`))) {
    throw new InvalidExpression(`Invalid Schedule Expression at(${inside}).`);
  }
  const atMs = new CronDate(inside, timeZone).getTime();
  return { isOnce: true, next: (afterMs) => (afterMs < atMs ? atMs : undefined) };
}
