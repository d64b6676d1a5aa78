// `keyturn schedules disable` and `enable`: a parameter that start-scheduled-run looks for; the schedule itself stays as it was deployed.

import { DeleteParameterCommand, ParameterAlreadyExists, ParameterNotFound, PutParameterCommand } from "@aws-sdk/client-ssm";
import { scheduleParameter } from "../../core/naming.ts";
import { reasonFault } from "../../core/reason.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames, scheduledJobNames } from "../completion/values.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { wrap } from "../terminal.ts";
import {
  asScheduleOperator,
  type DeployedSchedule,
  deployedSchedule,
  deployedSchedules,
  readDisabled,
  type ScheduleOperator,
} from "./deployed-schedules.ts";
import { disabledFacts, disabledWords, firingWords } from "./words.ts";

const name = { type: "positional", required: true, description: "the job whose schedule it is, as keyturn schedules lists it" } as const;
const json = { type: "boolean", description: "Print one JSON document." } as const;

export const disable = command({
  meta: { name: "disable", description: "Turn a schedule off: its firings start nothing." },
  args: { name, reason: { type: "string", valueHint: "text", description: "Why, for those who find it off." }, json, ...sessionArguments },
  values: { name: scheduledJobNames, profile: profileNames },
  examples: ['keyturn schedules disable credential-report --reason "Audit in progress"'],
  run: ({ args }) =>
    asScheduleOperator(args, async (operator) => {
      const fault = args.reason === undefined ? undefined : reasonFault(args.reason);
      if (fault !== undefined) throw new UsageError(`--reason: ${fault}.`);
      const { job } = await known(args.name, operator);
      const changed = await turnOff(job, { operator, reason: args.reason });
      const disabled = (await readDisabled(job, operator)) ?? {};
      if (args.json) {
        console.log(JSON.stringify({ job, state: "off", changed, disabled: disabledFacts(disabled) }));
        return;
      }
      const { flags } = operator.session;
      console.log(
        changed
          ? `The schedule of ${job} is off: its firings start nothing.`
          : wrap(`The schedule of ${job} was ${disabledWords(disabled)}`),
      );
      console.log(
        wrap(`A run that waits already goes on waiting: keyturn runs${flags}. Turn it on again: keyturn schedules enable ${job}${flags}`),
      );
    }),
});

export const enable = command({
  meta: { name: "enable", description: "Turn a schedule on again." },
  args: { name, json, ...sessionArguments },
  values: { name: scheduledJobNames, profile: profileNames },
  examples: ["keyturn schedules enable credential-report"],
  run: ({ args }) =>
    asScheduleOperator(args, async (operator) => {
      const { job, timeZone, isEnabled, nextMs } = await known(args.name, operator);
      const changed = await turnOn(job, operator);
      const [next] = isEnabled ? nextMs : [];
      if (args.json) {
        const state = isEnabled ? "on" : "off in EventBridge";
        console.log(JSON.stringify({ job, state, changed, next: next === undefined ? null : new Date(next).toISOString() }));
        return;
      }
      const now = changed ? "is on again" : "was on";
      console.log(
        isEnabled
          ? wrap(
              `The schedule of ${job} ${now}.${next === undefined ? " It does not fire any more." : ` It fires next ${firingWords(next, timeZone)}.`}`,
            )
          : wrap(
              `The schedule of ${job} ${changed ? "is turned on again here" : "was on here"}, but it is off in EventBridge: whoever turned it off there, or who deploys keyturn-workflow, turns it on.`,
            ),
      );
    }),
});

async function known(job: string, operator: ScheduleOperator): Promise<DeployedSchedule> {
  // A name that could be none would be a parameter of somebody else's.
  const found = /^[a-z][a-z0-9-]*$/.test(job) ? await deployedSchedule(job, operator) : undefined;
  if (found !== undefined) return found;
  const those = (await deployedSchedules(operator)).map((one) => one.job).join(", ");
  throw new CommandFailed(`No job ${JSON.stringify(job.slice(0, 60))} has a schedule. Those that have: ${those === "" ? "none" : those}.`);
}

/** Whether it was on. */
async function turnOff(job: string, { operator, reason }: { operator: ScheduleOperator; reason: string | undefined }): Promise<boolean> {
  const at = new Date(operator.session.nowMs()).toISOString();
  const Value = JSON.stringify({ by: operator.session.caller.arn, at, ...(reason === undefined ? {} : { reason }) });
  try {
    // Without Overwrite: of two who turn it off, the first one's word stands.
    await operator.ssm.send(new PutParameterCommand({ Name: scheduleParameter(job, "disabled"), Type: "String", Value }));
    return true;
  } catch (error) {
    if (error instanceof ParameterAlreadyExists) return false;
    throw error;
  }
}

/** Whether it was off. */
async function turnOn(job: string, { ssm }: ScheduleOperator): Promise<boolean> {
  try {
    await ssm.send(new DeleteParameterCommand({ Name: scheduleParameter(job, "disabled") }));
    return true;
  } catch (error) {
    if (error instanceof ParameterNotFound) return false;
    throw error;
  }
}
