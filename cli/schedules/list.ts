// `keyturn schedules`: when each job starts by itself, whether it does, and what waits.

import { missedStartsQueueName } from "../../core/naming.ts";
import { localMoment, scheduleWords } from "../../core/schedule-words.ts";
import { sessionArguments } from "../aws-session.ts";
import { command, commandWithin } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { colours, table, wrap } from "../terminal.ts";
import {
  asScheduleOperator,
  countMissedStarts,
  type DeployedSchedule,
  deployedSchedules,
  type WaitingRuns,
  waitingRuns,
} from "./deployed-schedules.ts";
import { disabledFacts, disabledWords, firingWords } from "./words.ts";

const list = command({
  meta: { name: "schedules", description: "List the schedules, or turn one off and on." },
  args: { json: { type: "boolean", description: "Print one JSON document." }, ...sessionArguments },
  values: { profile: profileNames },
  examples: [
    "keyturn schedules",
    'keyturn schedules disable credential-report --reason "Audit in progress"',
    "keyturn schedules enable credential-report",
  ],
  run: ({ args }) =>
    asScheduleOperator(args, async (operator) => {
      const schedules = await deployedSchedules(operator);
      const waiting = await waitingRuns(schedules, operator);
      const rows = schedules.map((schedule) => ({ schedule, waiting: waiting.get(schedule.job) ?? { pending: [] } }));
      const missedStarts = await countMissedStarts(operator);
      const { flags } = operator.session;
      console.log(args.json ? JSON.stringify({ schedules: rows.map(listed), missedStarts }) : listText(rows, { missedStarts, flags }));
    }),
});

export const schedules = commandWithin(list, {
  disable: async () => (await import("./turn.ts")).disable,
  enable: async () => (await import("./turn.ts")).enable,
});

interface Row {
  readonly schedule: DeployedSchedule;
  readonly waiting: WaitingRuns;
}

const stateOf = ({ disabled, isEnabled }: DeployedSchedule): "on" | "off" | "off in EventBridge" =>
  disabled !== undefined ? "off" : isEnabled ? "on" : "off in EventBridge";

function listed({ schedule, waiting }: Row): object {
  const { job, expression, timeZone, admin, reason, whilePending, disabled, nextMs } = schedule;
  const state = stateOf(schedule);
  return {
    job,
    expression,
    timeZone,
    words: scheduleWords(expression, timeZone),
    admin,
    reason,
    whilePending,
    state,
    disabled: disabled === undefined ? null : disabledFacts(disabled),
    next: state === "on" ? nextMs.map((ms) => ({ utc: new Date(ms).toISOString(), local: localMoment(ms, timeZone) })) : [],
    pending: waiting.pending,
    queued: waiting.queued ?? null,
  };
}

/** What happens at the next firing while a run waits for its code. */
const policies: Readonly<Record<DeployedSchedule["whilePending"], string>> = {
  skip: "skip: the next firing starts nothing",
  queue: "queue: the newest firing starts when the run that waits has ended",
  replace: "replace: the next firing stops it and starts",
};

function listText(rows: readonly Row[], { missedStarts, flags }: { missedStarts: number; flags: string }): string {
  const { paint } = colours(process.stdout);
  const none = rows.length === 0 ? ["No job has a schedule (schedule in its job.ts)."] : [];
  const blocks = rows.map(({ schedule, waiting }) => `${paint("bold", schedule.job)}\n${table(factsOf(schedule, waiting))}`);
  const [first] = rows.flatMap(({ waiting }) => waiting.pending);
  const answer = first === undefined ? [] : [paint("cyan", `Answer one that waits with: keyturn approve ${first}${flags}`)];
  const what = missedStarts === 1 ? "1 start was" : `${missedStarts} starts were`;
  const missed =
    missedStarts === 0
      ? []
      : [
          paint(
            "yellow",
            wrap(`${what} put aside in the last 14 days, in the queue ${missedStartsQueueName}: docs/operating.md says how to read it.`),
          ),
        ];
  return [...none, ...blocks, ...missed, ...answer].join("\n\n");
}

function factsOf(schedule: DeployedSchedule, { pending, queued }: WaitingRuns): [string, string][] {
  const { expression, timeZone, admin, reason, whilePending, disabled, nextMs } = schedule;
  const state = stateOf(schedule);
  return [
    ["fires", `${scheduleWords(expression, timeZone)} (${expression})`],
    ["as", `${admin}: ${reason}`],
    ["state", disabled === undefined ? state : disabledWords(disabled)],
    ...(state === "on" ? nextMs.map((ms, index): [string, string] => [index === 0 ? "next" : "", firingWords(ms, timeZone)]) : []),
    ["pending", pending.length === 0 ? "nothing" : `${pending.join(", ")} waits for a code`],
    ...(queued === undefined ? [] : [["queued", `${queued} starts when the run before it has ended`] as [string, string]]),
    ["while pending", policies[whilePending]],
  ];
}
