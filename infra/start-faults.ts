// What is wrong with how a job starts without a person: its schedule and its events, checked before anything is built.

import { eventRuleName, runEndRuleName, scheduledRunEndedRuleName } from "../core/naming.ts";
import { reasonFault } from "../core/reason.ts";
import { isTimeZone, parseScheduleExpression } from "../core/schedule-expression.ts";
import type { EventPlace, JobDefinition, JobEvent, JobSchedule } from "../jobs/definition.ts";
import { bucketsWatchedBy } from "./start-rules.ts";

/** With a job's 40 characters, a rule's name has the 64 that EventBridge allows. */
const eventNameMaxLength = 15;
const perHourMost = 20;

/** One sentence per fault, each with the way out. */
export const startFaults = (job: JobDefinition, jobs: readonly JobDefinition[]): string[] => [
  ...(job.schedule ? scheduleFaults(job.schedule, job) : []),
  ...(job.events ?? []).flatMap((event) =>
    [...eventFaults(event, job), ...bucketFaults(event, jobs)].map((fault) => `its event ${event.name}: ${fault}`),
  ),
];

const ownRules: readonly string[] = [scheduledRunEndedRuleName, ...["announce-end", "record-run"].map(runEndRuleName)];

/** Rules of several jobs, or of one job's several events, that would have one name. */
export function ruleFaults(jobs: readonly JobDefinition[]): string[] {
  const rules = jobs.flatMap((job) => (job.events ?? []).map((event) => ({ job: job.name, event: event.name })));
  const named = Map.groupBy(rules, ({ job, event }) => eventRuleName(job, event));
  return [...named].flatMap(([rule, those]) => {
    const who = those.map(({ job, event }) => `${event} of ${job}`).join(" and ");
    if (ownRules.includes(rule)) return [`jobs/catalogue.ts: the event ${who} would have the name of Keyturn's own rule: rename it`];
    return those.length > 1 ? [`jobs/catalogue.ts: the events ${who} would both be ${rule}: rename one of them`] : [];
  });
}

function* scheduleFaults({ expression, timeZone = "UTC", admin, reason }: JobSchedule, job: JobDefinition): Generator<string> {
  if (!isTimeZone(timeZone)) yield `schedule.timeZone ${timeZone} is no time zone: write an IANA name, as Europe/Berlin`;
  const fault = expressionFault(expression);
  if (fault !== undefined) yield `schedule.expression ${expression} ${fault}`;
  yield* consentFaults({ of: "schedule.", admin, reason }, job);
  if (!job.parameters.safeParse({}).success) {
    yield "a scheduled run gets no parameters: let each be optional or have a default, or take the schedule off the job";
  }
}

function expressionFault(expression: string): string | undefined {
  if (/^at\(/.test(expression)) return "fires once and never again: write cron(…) or rate(…), or start that run by hand";
  try {
    // The time zone has a fault of its own, and changes nothing about the form.
    const fires = parseScheduleExpression(expression, { timeZone: "UTC", anchorMs: 0 }).next(0);
    return fires === undefined ? "never fires: no such day comes" : undefined;
  } catch {
    return "is none that EventBridge Scheduler takes: write cron(minutes hours day-of-month month day-of-week year), with ? for one of the two days, or rate(7 days)";
  }
}

function* eventFaults(event: JobEvent, job: JobDefinition): Generator<string> {
  const { name, parameters = {}, perHour } = event;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > eventNameMaxLength) {
    yield `its name must be kebab-case, at most ${eventNameMaxLength} characters`;
  }
  if (perHour !== undefined && (!Number.isInteger(perHour) || perHour < 1 || perHour > perHourMost)) {
    yield `perHour must be a whole number from 1 to ${perHourMost}`;
  }
  const { source } = event.pattern(anyPlace);
  if (!Array.isArray(source) || source.length === 0) {
    yield "its pattern must name the source: without it any event in the account starts runs";
  }
  yield* consentFaults({ of: "", admin: event.admin, reason: event.reason }, job);
  yield* parameterFaults(parameters, job);
}

function* bucketFaults(event: JobEvent, jobs: readonly JobDefinition[]): Generator<string> {
  for (const watched of bucketsWatchedBy(event)) {
    if (!jobs.some(({ name }) => name === watched)) yield `its pattern asks for the bucket of ${watched}, which is no job of the catalogue`;
  }
}

function* parameterFaults(given: Readonly<Record<string, string>>, job: JobDefinition): Generator<string> {
  const known = Object.keys(job.parameters.shape);
  for (const [name, path] of Object.entries(given)) {
    if (!known.includes(name))
      yield `parameters.${name}: unknown; ${job.name} takes ${known.length === 0 ? "no parameters" : known.join(", ")}`;
    if (!/^\$(\.[A-Za-z0-9_-]+)+$/.test(path)) yield `parameters.${name}: ${path} is no path of members: write it like $.detail.object.key`;
  }
  const { error } = job.parameters.safeParse({});
  const missing = new Set((error?.issues ?? []).map(({ path }) => String(path[0])).filter((name) => !Object.hasOwn(given, name)));
  for (const name of missing) yield `parameters.${name}: the event must give it, for it has no default`;
}

/** Who is asked, and with which words. */
function* consentFaults({ of, admin, reason }: { of: string; admin: string; reason: string }, job: JobDefinition): Generator<string> {
  if (!job.admins.includes(admin)) {
    yield `${of}admin ${admin} may not launch it: name ${job.admins.join(" or ")}, or add ${admin} to its admins`;
  }
  const fault = reasonFault(reason);
  if (fault !== undefined) yield `${of}reason ${fault}`;
  // EventBridge puts values in place of what stands between them.
  if (/[<>]/.test(reason)) yield `${of}reason must be without < and >, which mean something to EventBridge`;
}

const anyPlace: EventPlace = {
  partition: "aws",
  account: "111122223333",
  region: "us-east-1",
  bucketArn: "arn:aws:s3:::any",
  bucketOf: (job) => job,
};
