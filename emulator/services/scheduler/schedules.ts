// The schedules and schedule groups of the account, and the moments at which they fire.

import { InvalidExpression, parseScheduleExpression, type Recurrence } from "../../../core/schedule-expression.ts";
import { AwsError } from "../../aws-error.ts";
import type { Timer } from "../../clock.ts";
import type { Environment } from "../../service.ts";

export interface Target {
  readonly arn: string;
  readonly roleArn: string;
  readonly input: string;
  readonly deadLetterQueueArn?: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
}

export interface Schedule {
  readonly name: string;
  readonly group: string;
  readonly arn: string;
  readonly description?: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly isEnabled: boolean;
  readonly startMs?: number;
  readonly endMs?: number;
  /** A schedule that will not fire again is deleted. */
  readonly deletesAfterCompletion: boolean;
  readonly target: Target;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface ScheduleGroup {
  readonly name: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** One due invocation. */
export interface Firing {
  readonly schedule: Schedule;
  readonly groupArn: string;
  readonly scheduledAtMs: number;
  /** The same for every attempt at this firing. */
  readonly executionId: string;
}

interface Entry {
  readonly schedule: Schedule;
  readonly recurrence: Recurrence;
  timer?: Timer;
}

export const defaultGroup = "default";

const key = (group: string, name: string): string => `${group}/${name}`;

export class Schedules {
  readonly #environment: Environment;
  readonly #fire: (firing: Firing) => void;
  readonly #groups = new Map<string, ScheduleGroup>();
  readonly #entries = new Map<string, Entry>();

  constructor(environment: Environment, fire: (firing: Firing) => void) {
    this.#environment = environment;
    this.#fire = fire;
    this.addGroup(defaultGroup, {});
  }

  arn(resource: string): string {
    return `arn:aws:scheduler:${this.#environment.region}:${this.#environment.account}:${resource}`;
  }

  groups(): readonly ScheduleGroup[] {
    return [...this.#groups.values()];
  }

  list(): readonly Schedule[] {
    return [...this.#entries.values()].map(({ schedule }) => schedule);
  }

  addGroup(name: string, tags: Readonly<Record<string, string>>): ScheduleGroup {
    if (this.#groups.has(name)) throw conflict(`Schedule group ${name} already exists.`);
    const group = { name, arn: this.arn(`schedule-group/${name}`), createdAtMs: this.#environment.clock.now(), tags };
    this.#groups.set(name, group);
    return group;
  }

  group(name: string): ScheduleGroup {
    const group = this.#groups.get(name);
    if (group === undefined) throw notFound(`Schedule group ${name} does not exist.`);
    return group;
  }

  /** Deletes the group and every schedule in it. */
  deleteGroup(name: string): void {
    this.group(name);
    if (name === defaultGroup) throw validation("The default schedule group cannot be deleted.");
    for (const { group, name: schedule } of this.list().filter((of) => of.group === name)) this.delete(group, schedule);
    this.#groups.delete(name);
  }

  add(of: Omit<Schedule, "arn" | "createdAtMs" | "modifiedAtMs">): Schedule {
    this.group(of.group);
    if (this.#entries.has(key(of.group, of.name))) throw conflict(`Schedule ${of.name} already exists.`);
    const nowMs = this.#environment.clock.now();
    return this.#put({ ...of, arn: this.arn(`schedule/${of.group}/${of.name}`), createdAtMs: nowMs, modifiedAtMs: nowMs });
  }

  /** Everything that `of` leaves out is reset, as in UpdateSchedule. */
  replace(of: Omit<Schedule, "arn" | "createdAtMs" | "modifiedAtMs">): Schedule {
    const { arn, createdAtMs } = this.get(of.group, of.name);
    const schedule = { ...of, arn, createdAtMs, modifiedAtMs: this.#environment.clock.now() };
    // Parsed before the old one is given up: an invalid expression changes nothing.
    this.#parse(schedule);
    this.delete(of.group, of.name);
    return this.#put(schedule);
  }

  get(group: string, name: string): Schedule {
    return this.#entry(group, name).schedule;
  }

  delete(group: string, name: string): void {
    this.#entry(group, name).timer?.cancel();
    this.#entries.delete(key(group, name));
  }

  /** When the schedule fires next; `undefined` when it will not: disabled, over, or past its end. */
  nextFiring(group: string, name: string): number | undefined {
    const { schedule, recurrence } = this.#entry(group, name);
    return schedule.isEnabled ? next(schedule, recurrence, this.#environment.clock.now()) : undefined;
  }

  stop(): void {
    for (const { timer } of this.#entries.values()) timer?.cancel();
  }

  #put(schedule: Schedule): Schedule {
    const entry: Entry = { schedule, recurrence: this.#parse(schedule) };
    this.#entries.set(key(schedule.group, schedule.name), entry);
    // A moment earlier: a rate's first firing is the moment of its creation.
    this.#arm(entry, this.#environment.clock.now() - 1);
    return schedule;
  }

  #arm(entry: Entry, afterMs: number): void {
    const { schedule, recurrence } = entry;
    const atMs = schedule.isEnabled ? next(schedule, recurrence, afterMs) : undefined;
    if (atMs === undefined) return;
    entry.timer = this.#environment.clock.at(atMs, () => {
      this.#arm(entry, atMs);
      if (schedule.deletesAfterCompletion && next(schedule, recurrence, atMs) === undefined) this.delete(schedule.group, schedule.name);
      const executionId = Buffer.from(this.#environment.randomBytes(8)).toString("hex");
      this.#fire({ schedule, groupArn: this.group(schedule.group).arn, scheduledAtMs: atMs, executionId });
    });
  }

  #parse({ expression, timeZone, startMs, createdAtMs }: Schedule): Recurrence {
    try {
      return parseScheduleExpression(expression, { timeZone, anchorMs: startMs ?? createdAtMs });
    } catch (error) {
      if (error instanceof InvalidExpression) throw validation(error.message);
      throw error;
    }
  }

  #entry(group: string, name: string): Entry {
    const entry = this.#entries.get(key(group, name));
    if (entry === undefined) throw notFound(`Schedule ${name} does not exist.`);
    return entry;
  }
}

function next(schedule: Schedule, recurrence: Recurrence, afterMs: number): number | undefined {
  const { startMs, endMs } = schedule;
  // Start and end bound recurring schedules only.
  if (recurrence.isOnce) return recurrence.next(afterMs);
  const atMs = recurrence.next(Math.max(afterMs, (startMs ?? Number.NEGATIVE_INFINITY) - 1));
  return atMs === undefined || (endMs !== undefined && atMs > endMs) ? undefined : atMs;
}

export const validation = (message: string): AwsError => new AwsError("ValidationException", message);
const conflict = (message: string): AwsError => new AwsError("ConflictException", message, { statusCode: 409 });
const notFound = (message: string): AwsError => new AwsError("ResourceNotFoundException", message, { statusCode: 404 });
