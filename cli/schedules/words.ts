// What people read of a schedule: when it fires, and who turned it off.

import { localMoment } from "../../core/schedule-words.ts";
import { moment } from "../terminal.ts";
import type { Disabled } from "./deployed-schedules.ts";

/** In the schedule's zone and in UTC. */
export const firingWords = (ms: number, timeZone: string): string =>
  timeZone === "UTC" ? localMoment(ms, timeZone) : `${localMoment(ms, timeZone)} (${moment(ms).slice(0, 16)} UTC)`;

/** Somebody's own words, without what could forge a line or steer a terminal. */
export function disabledWords({ by, at, reason }: Disabled): string {
  const since = at === undefined || Number.isNaN(Date.parse(at)) ? "" : ` since ${moment(Date.parse(at))}`;
  const who = by === undefined ? "" : `, by ${oneLine(by)}`;
  return `off${since}${who}${reason === undefined ? "" : `: ${oneLine(reason)}`}`;
}

/** For programs: null for what is not known. */
export const disabledFacts = ({ by, at, reason }: Disabled): object => ({ by: by ?? null, at: at ?? null, reason: reason ?? null });

const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
