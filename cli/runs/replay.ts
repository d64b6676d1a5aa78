// `keyturn replay RUN`: goes on where a run failed, after saying what that means; gives it the code if it needs one.

import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  RedriveExecutionCommand,
} from "@aws-sdk/client-sfn";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { readRun } from "../local/follow-run.ts";
import { parseCode } from "../one-time-code.ts";
import { CommandFailed, type ExitCode, exitCodes } from "../outcome.ts";
import { type Colours, colours, table, wrap } from "../terminal.ts";
import { conduct } from "./conduct.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { humanProgress, silentProgress } from "./progress.ts";
import { planRedrive, type RedrivePlan } from "./redrive-plan.ts";
import { parseRunId, runArgument } from "./run-argument.ts";
import { endJson, endText, exitCodeOf, readEnd } from "./run-end.ts";

export const replay = command({
  meta: { name: "replay", description: "Go on with a run where it failed or was stopped." },
  args: {
    run: runArgument,
    plan: { type: "boolean", description: "Only say which states would run again, and whether a code is needed." },
    code: { type: "string", valueHint: "digits", description: "The one-time code; asked for in a terminal if one is needed." },
    json: { type: "boolean", description: "Print one JSON document at the end and nothing else; never asks." },
    ...sessionArguments,
  },
  examples: ["keyturn replay 20261122-010628-x7kq2 --plan", "keyturn replay 20261122-010628-x7kq2"],
  run: ({ args }) => {
    const run = parseRunId(args.run);
    const code = args.code === undefined ? undefined : parseCode(args.code);
    return asOperator(args, async (operator) => {
      const { plan, visits } = await planOf(run, operator);
      const json = args.json === true;
      if (!plan.possible) {
        if (!json) throw new CommandFailed(impossibleText(run, plan));
        console.log(JSON.stringify({ run, plan }));
        return exitCodes.failed;
      }
      if (!json) console.log(possibleText(run, plan, colours(process.stdout)));
      if (args.plan === true) {
        if (json) console.log(JSON.stringify({ run, plan }));
        return exitCodes.done;
      }
      await operator.sfn.send(new RedriveExecutionCommand({ executionArn: operator.executionArn(run) }));
      return watch(run, { operator, code, json, visits });
    });
  },
});

async function planOf(run: string, operator: Operator): Promise<{ plan: RedrivePlan; visits: number }> {
  const { sfn, executionArn: arnOf, session } = operator;
  const executionArn = arnOf(run);
  const [view, { redriveStatus, redriveStatusReason }, hasOtherDefinition] = await Promise.all([
    readRun(sfn, executionArn),
    sfn.send(new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" })),
    wasDeployedAnew(executionArn, operator),
  ]);
  const refusal = redriveStatus === "NOT_REDRIVABLE" ? (redriveStatusReason ?? redriveStatus) : undefined;
  const plan = planRedrive({ run, view, refusal, hasOtherDefinition, nowMs: session.nowMs(), flags: session.flags });
  return { plan, visits: view.visits.length };
}

async function wasDeployedAnew(executionArn: string, { sfn, stateMachineArn }: Operator): Promise<boolean> {
  const [then, now] = await Promise.all([
    sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn })),
    sfn.send(new DescribeStateMachineCommand({ stateMachineArn })),
  ]);
  // A revision is also made by what a run does not notice, such as another log level.
  return then.revisionId !== now.revisionId && (then.definition !== now.definition || then.roleArn !== now.roleArn);
}

async function watch(
  run: string,
  { operator, code, json, visits }: { operator: Operator; code: string | undefined; json: boolean; visits: number },
): Promise<ExitCode> {
  const shown = colours(process.stdout);
  const progress = json ? silentProgress : humanProgress(operator.session.nowMs, shown);
  progress.note(`\nRun ${run} goes on.`);
  const isInteractive = !json && process.stdin.isTTY && process.stdout.isTTY;
  const conducted = await conduct({ run, operator, progress, isInteractive, code, reported: visits });
  const end = await readEnd(conducted, { run, operator });
  console.log(json ? endJson(end) : `\n${endText(conducted, end, { ...shown, flags: operator.session.flags })}`);
  return exitCodeOf(conducted, end.report);
}

function possibleText(run: string, plan: Extract<RedrivePlan, { possible: true }>, { paint }: Colours): string {
  const { resumesAt, states, code } = plan;
  const rows = states.map(({ name, does }) => [name, does]);
  rows.push(["code", `${code.needed ? "needed" : "not needed"}. ${code.why}`]);
  return `${paint("bold", `Run ${run} can go on at ${resumesAt}`)}\n${table(rows)}`;
}

const impossibleText = (run: string, { why, instead }: Extract<RedrivePlan, { possible: false }>): string =>
  `${wrap(`Run ${run} cannot be replayed. ${why}`)}\nInstead:\n${instead.map((line) => `  ${line}`).join("\n")}`;
