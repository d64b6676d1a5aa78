// `keyturn run JOB`: checks, shows what will be used, asks for the code last, starts the run and stays with it to its end.

import { setTimeout as sleep } from "node:timers/promises";
import { GetExecutionHistoryCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { adminsOfJob, jobNames, parametersOfJob, profileNames } from "../completion/values.ts";
import { askForCode, parseCode, sealCode } from "../one-time-code.ts";
import { CommandFailed, type ExitCode, exitCodes } from "../outcome.ts";
import { planOf, planText } from "../plan.ts";
import { colours, table } from "../terminal.ts";
import { conduct } from "./conduct.ts";
import { adminOf, admitBeforehand, everyParam, newRunId, type RunInput, readParameters, requireJob } from "./new-run.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { humanProgress, silentProgress } from "./progress.ts";
import { endJson, endText, exitCodeOf, readEnd } from "./run-end.ts";
import { executionNamed } from "./run-execution.ts";

export const run = command({
  meta: { name: "run", description: "Start a job, give the code, and watch it to its end." },
  args: {
    job: { type: "positional", required: true, description: "the job's name, as keyturn jobs lists it" },
    admin: {
      type: "string",
      valueHint: "name",
      description: "Whose code it will be; may be left out where only one admin may launch the job.",
    },
    param: { type: "string", valueHint: "name=value", description: "A parameter of the job; give it once for each." },
    code: { type: "string", valueHint: "digits", description: "The one-time code; asked for in a terminal if left out." },
    reason: { type: "string", valueHint: "text", description: "Why, in one line: for the notification and the record." },
    wait: { type: "boolean", default: true, description: "Stay until the run ends.", negativeDescription: "Start it and leave." },
    yes: { type: "boolean", description: "Do not ask before starting; with --code nothing is asked at all." },
    json: { type: "boolean", description: "Print one JSON document at the end and nothing else; never asks." },
    ...sessionArguments,
  },
  values: { job: jobNames, admin: adminsOfJob, param: parametersOfJob, profile: profileNames },
  repeated: ["param"],
  examples: [
    "keyturn run credential-report",
    'keyturn run credential-report --param maxKeyAgeDays=30 --reason "Quarterly review"',
    "keyturn run credential-report --code 123456 --yes --json",
    "keyturn run credential-report --no-wait --local",
  ],
  run: ({ args, rawArgs }) => {
    const job = requireJob(args.job);
    const input: RunInput = {
      job: job.name,
      admin: adminOf(job, args.admin),
      parameters: readParameters(everyParam(rawArgs), job),
      ...(args.reason === undefined ? {} : { reason: args.reason }),
    };
    const nowMs = Date.now();
    const id = newRunId(nowMs);
    const { parameters, command: program } = admitBeforehand(id, input, nowMs);
    const given = args.code === undefined ? undefined : parseCode(args.code);
    const isInteractive = !args.json && process.stdin.isTTY && process.stdout.isTTY;
    return asOperator(args, async (operator) => {
      if (!args.json) {
        console.log(
          `${planText(planOf(job, { at: placeOf(operator), parameters, run: id }), { without: ["Parameters", "Command"] })}\n\nThis run\n${runRows(id, { operator, input, parameters, program })}\n`,
        );
      }
      const code = await lastWord(given, { isInteractive, isSure: args.yes === true, admin: input.admin, reason: input.reason });
      await startRun(id, { input, code, operator });
      return watch(id, { operator, isInteractive, json: args.json === true, waits: args.wait !== false, hasCode: code !== undefined });
    });
  },
});

const placeOf = ({ session }: Operator) => ({ ...session.caller, region: session.options.region });

function runRows(
  id: string,
  of: { operator: Operator; input: RunInput; parameters: Readonly<Record<string, unknown>>; program: readonly string[] },
): string {
  const { operator, input, parameters, program } = of;
  const given = Object.entries(parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return table([
    ["run", id],
    ["in", `account ${operator.session.caller.account}, ${operator.session.options.region}, as ${operator.session.caller.arn}`],
    ["admin", input.admin],
    ["reason", input.reason ?? "none given (--reason)"],
    ["parameters", given.length === 0 ? "none" : given.join(", ")],
    ["command", program.join(" ")],
  ]);
}

/** The code, asked for last so that it is fresh: giving it is the consent. Undefined where nobody is there to give one. */
async function lastWord(
  given: string | undefined,
  of: { isInteractive: boolean; isSure: boolean; admin: string; reason: string | undefined },
): Promise<string | undefined> {
  if (!of.isInteractive || (given !== undefined && of.isSure)) return given;
  try {
    if (given === undefined) return await askForCode(`Start it with the code that ${of.admin}'s authenticator shows now:`);
    const { confirm } = await import("@inquirer/prompts");
    if (await confirm({ message: "Start it?", default: true })) return given;
  } catch (error) {
    if (!(error instanceof Error && error.name === "ExitPromptError")) throw error;
  }
  throw new CommandFailed("Nothing was started.");
}

async function startRun(id: string, { input, code, operator }: { input: RunInput; code: string | undefined; operator: Operator }) {
  const { sfn, kms, stateMachineArn } = operator;
  const sealed = code === undefined ? {} : { mfaCode: await sealCode(code, { kms, run: id, admin: input.admin }) };
  await sfn.send(new StartExecutionCommand({ stateMachineArn, name: id, input: JSON.stringify({ ...input, ...sealed }) }));
  await untilItIsThere(id, operator);
}

/** Step Functions shows an execution a moment after it has started it (DescribeExecution, API Reference: eventually consistent). */
async function untilItIsThere(id: string, { sfn, executionArn, pollMs }: Operator): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      await sfn.send(new GetExecutionHistoryCommand({ executionArn: executionArn(id), maxResults: 1 }));
      return;
    } catch (error) {
      if (!(error instanceof Error && error.name === "ExecutionDoesNotExist") || look === mostLooks) throw error;
      await sleep(pollMs);
    }
  }
}

const mostLooks = 15;

async function watch(
  id: string,
  of: { operator: Operator; isInteractive: boolean; json: boolean; waits: boolean; hasCode: boolean },
): Promise<ExitCode> {
  const { operator, json } = of;
  const { flags } = operator.session;
  if (!of.waits) {
    const next = of.hasCode ? `keyturn status ${id}${flags}` : `keyturn approve ${id}${flags}`;
    console.log(json ? JSON.stringify({ run: id, started: true, next }) : `Run ${id} is started. Next: ${next}`);
    return of.hasCode ? exitCodes.done : exitCodes.waitingForMfa;
  }
  const shown = colours(process.stdout);
  const progress = json ? silentProgress : humanProgress(operator.session.nowMs, shown);
  progress.note(`Run ${id} is started.`);
  const conducted = await conduct({ of: executionNamed(id), operator, progress, isInteractive: of.isInteractive });
  const end = await readEnd(conducted, { of: executionNamed(id), operator });
  console.log(json ? endJson(end) : `\n${endText(conducted, end, { ...shown, flags })}`);
  return exitCodeOf(conducted, end.report);
}
