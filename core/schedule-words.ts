// A schedule's expression and its firings as people read them.

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

/** `at 07:00 on Mondays, Europe/Berlin`; what has no short words keeps its fields. Takes expressions that `parseScheduleExpression` takes. */
export function scheduleWords(expression: string, timeZone: string): string {
  const [, kind, inside = ""] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === "rate") return `every ${inside.replace(/^1 (\w+?)s?$/, "$1")}`;
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = inside.trim().toUpperCase().split(/\s+/);
  if (kind === undefined || !minutes || !hours || !dayOfMonth || !month || !dayOfWeek || !year) return `${expression}, ${timeZone}`;
  const time = timeWords(minutes, hours);
  const day = dayOfMonth === "?" ? weekdayWords(dayOfWeek) : dayOfMonthWords(dayOfMonth);
  const parts = [
    time,
    ...(day === "every day" && time.includes("every") ? [] : [day]),
    ...(month === "*" ? [] : [spanWords(month, { of: monthName, one: (name) => `in ${name}`, otherwise: `in months ${month}` })]),
    ...(year === "*" ? [] : [`in ${year}`]),
  ];
  return `${parts.join(" ")}, ${timeZone}`;
}

/** `Mon 2026-11-30 08:00 CET`: as the clocks there show it. */
export function localMoment(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${parts["weekday"]} ${parts["year"]}-${parts["month"]}-${parts["day"]} ${parts["hour"]}:${parts["minute"]} ${parts["timeZoneName"]}`;
}

const isNumber = (field: string): boolean => /^\d+$/.test(field);
const isNumbers = (field: string): boolean => field.split(",").every(isNumber);
const two = (number: string): string => number.padStart(2, "0");
/** More times a day than this are no list to read. */
const mostTimes = 6;

function timeWords(minutes: string, hours: string): string {
  const [, everyMinutes] = /^(?:\*|0)\/(\d+)$/.exec(minutes) ?? [];
  if (hours === "*") {
    if (minutes === "*") return "every minute";
    if (everyMinutes !== undefined) return `every ${everyMinutes} minutes`;
    if (isNumber(minutes)) return `at minute ${minutes} of every hour`;
  }
  const [, firstHour = "", everyHours] = /^(\*|\d+)\/(\d+)$/.exec(hours) ?? [];
  if (everyHours !== undefined && isNumber(minutes))
    return `every ${everyHours} hours from ${two(firstHour.replace("*", "0"))}:${two(minutes)}`;
  const times =
    isNumbers(minutes) && isNumbers(hours)
      ? hours.split(",").flatMap((hour) => minutes.split(",").map((minute) => `${two(hour)}:${two(minute)}`))
      : [];
  if (times.length > 0 && times.length <= mostTimes) return `at ${listed(times)}`;
  return `at minutes ${minutes} of hours ${hours}`;
}

function weekdayWords(field: string): string {
  if (field === "*") return "every day";
  const [, nth, ordinal] = /^(.+)#(\d)$/.exec(field) ?? [];
  if (nth !== undefined) return `on the ${ordinalWord(Number(ordinal))} ${dayName(nth) ?? nth} of the month`;
  if (field === "L") return "on Saturdays";
  const [, last] = /^(.+)L$/.exec(field) ?? [];
  if (last !== undefined) return `on the last ${dayName(last) ?? last} of the month`;
  return spanWords(field, { of: dayName, one: (name) => `on ${name}s`, otherwise: `on days of the week ${field}` });
}

function dayOfMonthWords(field: string): string {
  if (field === "*") return "every day";
  if (field === "L") return "on the last day of the month";
  if (field === "LW") return "on the last weekday of the month";
  const [, nearest] = /^(\d+)W$/.exec(field) ?? [];
  if (nearest !== undefined) return `on the weekday nearest the ${ordinalWord(Number(nearest))}`;
  const [, first = "", step] = /^(\*|\d+)\/(\d+)$/.exec(field) ?? [];
  if (step !== undefined) return `every ${step} days from the ${ordinalWord(Number(first.replace("*", "1")))} of the month`;
  const of = (day: string) => (isNumber(day) ? `the ${ordinalWord(Number(day))}` : undefined);
  return `${spanWords(field, { of, one: (name) => `on ${name}`, otherwise: `on days ${field}` })} of the month`;
}

/** One, several, or from one to another of what has names. */
function spanWords(
  field: string,
  by: { of: (part: string) => string | undefined; one: (name: string) => string; otherwise: string },
): string {
  const [, from, to] = /^([^-,]+)-([^-,]+)$/.exec(field) ?? [];
  const [first, last] = [by.of(from ?? ""), by.of(to ?? "")];
  if (first !== undefined && last !== undefined) return `from ${first} to ${last}`;
  const names = field.split(",").map(by.of);
  return names.some((name) => name === undefined)
    ? by.otherwise
    : listed(names.map((name, index) => (index === 0 ? by.one(name ?? "") : by.one(name ?? "").replace(/^(on|in) /, ""))));
}

/** By number (Sunday is 1) or by its first letters. */
const dayName = (part: string): string | undefined => (isNumber(part) ? days[Number(part) - 1] : named(days, part));
const monthName = (part: string): string | undefined => (isNumber(part) ? months[Number(part) - 1] : named(months, part));
const named = (names: readonly string[], short: string): string | undefined =>
  short.length === 3 ? names.find((name) => name.toUpperCase().startsWith(short)) : undefined;

const listed = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

function ordinalWord(number: number): string {
  const ending = number % 100 >= 11 && number % 100 <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th");
  return `${number}${ending}`;
}
