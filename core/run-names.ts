// Names of runs that no person starts: which schedule or event asks for them, and when. A schedule knows its own runs by the exact form.

/** `credential-report-20261123T0700Z`. Firings of one schedule are a minute apart at least, so that each has a name, and the same one however often it is delivered. */
export const scheduledRunName = (job: string, scheduledAtMs: number): string => `${job}-${instant(scheduledAtMs).slice(0, 13)}Z`;

export interface ScheduledRun {
  readonly run: string;
  readonly job: string;
  /** The firing's minute. */
  readonly scheduledAtMs: number;
}

/** Nothing for a run that a person or an event started, and for one that replays a scheduled run in a new execution (`…-r2`). */
export function parseScheduledRunName(run: string): ScheduledRun | undefined {
  const [, job, year, month, day, hour, minute] = /^([a-z][a-z0-9-]*)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/.exec(run) ?? [];
  if (job === undefined) return undefined;
  const scheduledAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
  // Not every row of digits is a day of the calendar.
  return Number.isNaN(scheduledAtMs) || scheduledRunName(job, scheduledAtMs) !== run ? undefined : { run, job, scheduledAtMs };
}

/** `credential-report-finding-20261123T07Z-1`: the first run that the event asks for in that hour. At most 40 + 1 + 15 + 1 + 12 + 1 + 2 of 80 characters. */
export const eventRunName = (of: { job: string; event: string; atMs: number; nth: number }): string =>
  `${of.job}-${of.event}-${instant(of.atMs).slice(0, 11)}Z-${of.nth}`;

/** `20261123T070000…` */
const instant = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]/g, "");
