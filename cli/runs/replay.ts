// `keyturn replay RUN`: goes on where a run failed, after saying what that means; gives it the code if it needs one.

import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  RedriveExecutionCommand,
} from "@aws-sdk/client-sfn";
import { GetParameterCommand } from "@aws-sdk/client-ssm";
import { jobDefinitionParameter } from "../../core/naming.ts";
import { resumableStates } from "../../core/resume.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { type RunView, readRun } from "../local/follow-run.ts";
import { askForCode, parseCode } from "../one-time-code.ts";
import { CommandFailed, type ExitCode, exitCodes, UsageError } from "../outcome.ts";
import { type Colours, colours, table, wrap } from "../terminal.ts";
import { conduct } from "./conduct.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { askedFor } from "./order-of-run.ts";
import { outputsOf } from "./outputs-of-run.ts";
import { humanProgress, silentProgress } from "./progress.ts";
import { planReplay, type ReplayPlan, type ReplayState, replayStates } from "./replay-plan.ts";
import { resumeRun } from "./resume-run.ts";
import { parseRun, runArgument } from "./run-argument.ts";
import { endJson, endText, exitCodeOf, readEnd } from "./run-end.ts";
import { findExecution, type RunExecution } from "./run-execution.ts";

export const replay = command({
  meta: { name: "replay", description: "Go on with a run where it failed or was stopped, or from an earlier state." },
  args: {
    run: runArgument,
    from: { type: "string", valueHint: "state", description: `Go on at an earlier state: ${replayStates.join(", ")}.` },
    plan: { type: "boolean", description: "Only say which states would run again, and whether a code is needed." },
    code: { type: "string", valueHint: "digits", description: "The one-time code; asked for in a terminal if one is needed." },
    force: { type: "boolean", description: "Also a run that succeeded; say why with --reason." },
    reason: { type: "string", valueHint: "text", description: "Why, in one line; that of the run if left out." },
    json: { type: "boolean", description: "Print one JSON document at the end and nothing else; never asks." },
    ...sessionArguments,
  },
  values: { from: () => replayStates, profile: profileNames },
  examples: [
    "keyturn replay 20261122-010628-x7kq2 --plan",
    "keyturn replay 20261122-010628-x7kq2",
    "keyturn replay 20261122-010628-x7kq2 --from RetrieveCredentials",
    'keyturn replay 20261122-010628-x7kq2 --force --reason "The report was lost"',
  ],
  run: ({ args }) => {
    const named = parseRun(args.run);
    const from = args.from === undefined ? undefined : parseState(args.from);
    const given = args.code === undefined ? undefined : parseCode(args.code);
    if (args.force === true && args.reason === undefined) {
      throw new UsageError("--force runs once more what has succeeded: say why with --reason.");
    }
    return asOperator(args, async (operator) => {
      const of = await findExecution(named, operator);
      const { plan, view } = await planOf(of, { from, isForced: args.force === true }, operator);
      const json = args.json === true;
      if (!plan.possible) {
        if (!json) throw new CommandFailed(impossibleText(of.run, plan));
        console.log(JSON.stringify({ run: of.run, plan }));
        return exitCodes.failed;
      }
      if (!json) console.log(possibleText(of, plan, colours(process.stdout)));
      if (args.plan === true) {
        if (json) console.log(JSON.stringify({ run: of.run, plan }));
        return exitCodes.done;
      }
      const isInteractive = !json && process.stdin.isTTY && process.stdout.isTTY;
      const code = given ?? (isInteractive && plan.way === "resume" && plan.code.needed ? await askBeforehand(view) : undefined);
      const goesOn = await goOn(of, { plan, view, code, reason: args.reason, operator });
      return watch(goesOn.of, { ...goesOn, operator, json, isInteractive });
    });
  },
});

function parseState(text: string): ReplayState {
  const state = replayStates.find((name) => name.toLowerCase() === text.toLowerCase());
  if (state !== undefined) return state;
  throw new UsageError(`--from takes one of ${replayStates.join(", ")}, not ${text}.`);
}

async function planOf(
  of: RunExecution,
  { from, isForced }: { from: ReplayState | undefined; isForced: boolean },
  operator: Operator,
): Promise<{ plan: ReplayPlan; view: RunView }> {
  const { sfn, executionArn: arnOf, session } = operator;
  const executionArn = arnOf(of.execution);
  const [view, { redriveStatus, redriveStatusReason }, hasOtherDefinition] = await Promise.all([
    readRun(sfn, executionArn),
    sfn.send(new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" })),
    wasDeployedAnew(executionArn, operator),
  ]);
  const refusal = redriveStatus === "NOT_REDRIVABLE" ? (redriveStatusReason ?? redriveStatus) : undefined;
  const jobDefinition = await currentDefinition(view, operator);
  const facts = { of, view, refusal, hasOtherDefinition, jobDefinition, nowMs: session.nowMs(), flags: session.flags, from, isForced };
  return { plan: planReplay(facts), view };
}

async function wasDeployedAnew(executionArn: string, { sfn, stateMachineArn }: Operator): Promise<boolean> {
  const [then, now] = await Promise.all([
    sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn })),
    sfn.send(new DescribeStateMachineCommand({ stateMachineArn })),
  ]);
  // A revision is also made by what a run does not notice, such as another log level.
  return then.revisionId !== now.revisionId && (then.definition !== now.definition || then.roleArn !== now.roleArn);
}

/** What a new order would name; undefined where the job is not deployed any more, or none was ever admitted. */
async function currentDefinition(view: RunView, { ssm }: Operator): Promise<string | undefined> {
  const job = outputsOf(view).AdmitRun?.job;
  if (job === undefined) return undefined;
  try {
    return (await ssm.send(new GetParameterCommand({ Name: jobDefinitionParameter(job) }))).Parameter?.Value;
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return undefined;
    throw error;
  }
}

async function askBeforehand(view: RunView): Promise<string> {
  const admin = outputsOf(view).AdmitRun?.admin ?? askedFor(view.input).admin ?? "the admin";
  try {
    return await askForCode(`Go on with the code that ${admin}'s authenticator shows now:`);
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new CommandFailed("Nothing was replayed.", { cause: error });
    throw error;
  }
}

interface GoesOn {
  readonly of: RunExecution;
  /** For the first question that the execution asks; one that was handed to its start is not given again. */
  readonly code?: string | undefined;
  /** Visits of the execution that lie behind it. */
  readonly visits: number;
}

async function goOn(
  of: RunExecution,
  replaying: {
    plan: Extract<ReplayPlan, { possible: true }>;
    view: RunView;
    code: string | undefined;
    reason: string | undefined;
    operator: Operator;
  },
): Promise<GoesOn> {
  const { plan, view, code, reason, operator } = replaying;
  if (plan.way === "redrive") {
    await operator.sfn.send(new RedriveExecutionCommand({ executionArn: operator.executionArn(of.execution) }));
    return { of, code, visits: view.visits.length };
  }
  const from = resumableStates.find((state) => state === plan.resumesAt);
  if (from === undefined) throw new Error(`a new execution cannot resume at ${plan.resumesAt}`);
  return { of: await resumeRun({ of, view, from, code: plan.code.needed ? code : undefined, reason }, operator), visits: 0 };
}

async function watch(
  of: RunExecution,
  watching: { operator: Operator; code?: string | undefined; json: boolean; isInteractive: boolean; visits: number },
): Promise<ExitCode> {
  const { operator, code, json, isInteractive, visits } = watching;
  const shown = colours(process.stdout);
  const progress = json ? silentProgress : humanProgress(operator.session.nowMs, shown);
  progress.note(`\nRun ${of.run} goes on${of.number === 1 ? "" : `, as execution ${of.execution}`}.`);
  const conducted = await conduct({ of, operator, progress, isInteractive, code, reported: visits });
  const end = await readEnd(conducted, { of, operator });
  console.log(json ? endJson(end) : `\n${endText(conducted, end, { ...shown, flags: operator.session.flags })}`);
  return exitCodeOf(conducted, end.report);
}

function possibleText(of: RunExecution, plan: Extract<ReplayPlan, { possible: true }>, { paint }: Colours): string {
  const { way, why, resumesAt, states, code } = plan;
  const rows = states.map(({ name, does }) => [
    name,
    name === "AdmitRun" && way === "resume" && does === "kept" ? "kept, and checked again" : does,
  ]);
  const without = code.needed ? " Without one the run asks for it." : "";
  rows.push(["code", `${code.needed ? "needed" : "not needed"}. ${code.why}${without}`]);
  if (why !== undefined) rows.push(["how", `in a new execution. ${why}`]);
  return `${paint("bold", `Run ${of.run} can go on at ${resumesAt}`)}\n${table(rows)}`;
}

const impossibleText = (run: string, { why, instead }: Extract<ReplayPlan, { possible: false }>): string =>
  `${wrap(`Run ${run} cannot be replayed so. ${why}`)}\nInstead:\n${instead.map((line) => `  ${line}`).join("\n")}`;
