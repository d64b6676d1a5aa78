// `keyturn approve RUN`: gives a waiting run its code, after showing who asked for what.

import { stateNames } from "../../core/naming.ts";
import { errorMessage } from "../../core/run-history.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { followRun, type RunView, readRun } from "../local/follow-run.ts";
import { parseCode } from "../one-time-code.ts";
import { CommandFailed, type ExitCode, exitCodes } from "../outcome.ts";
import { colours, wrap } from "../terminal.ts";
import { codeRequestOf, whyItWaits } from "./code-request.ts";
import { type Conducted, conduct } from "./conduct.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { humanProgress, requestText, silentProgress } from "./progress.ts";
import { parseRun, runArgument } from "./run-argument.ts";
import { findExecution } from "./run-execution.ts";
import { stoppedText } from "./stop.ts";

export const approve = command({
  meta: { name: "approve", description: "Give a waiting run its one-time code." },
  args: {
    run: runArgument,
    code: { type: "string", valueHint: "digits", description: "The one-time code; asked for in a terminal if left out." },
    json: { type: "boolean", description: "Print one JSON document at the end and nothing else; never asks." },
    ...sessionArguments,
  },
  values: { profile: profileNames },
  examples: ["keyturn approve 20261122-010628-x7kq2", "keyturn approve 20261122-010628-x7kq2 --code 123456 --json"],
  run: ({ args }) => {
    const named = parseRun(args.run);
    const code = args.code === undefined ? undefined : parseCode(args.code);
    return asOperator(args, async (operator) => {
      const of = await findExecution(named, operator);
      const { run } = of;
      const view = await whenItAsks(of.execution, operator);
      const request = codeRequestOf(view);
      if (request === undefined) throw new CommandFailed(whyNot(run, view, operator.session.flags));
      const isInteractive = !args.json && process.stdin.isTTY && process.stdout.isTTY;
      const shown = colours(process.stdout);
      const progress = args.json ? silentProgress : humanProgress(operator.session.nowMs, shown);
      // With a code given beforehand nobody is asked, so nothing would show what it is given for.
      if (!args.json && (code !== undefined || !isInteractive)) console.log(requestText(request, shown, operator.session.nowMs()));
      const conducted = await conduct({
        of,
        operator,
        progress,
        isInteractive,
        code,
        reported: view.visits.length,
        untilAccepted: true,
      });
      return report(conducted, { run, json: args.json === true, flags: operator.session.flags });
    });
  },
});

/** A run that has just been started is on its way to the question. */
async function whenItAsks(execution: string, { sfn, executionArn, pollMs }: Operator): Promise<RunView> {
  const beforeIt: ReadonlySet<string> = new Set([stateNames.admitRun, stateNames.resumeAt, stateNames.hasMfaCode, stateNames.validateMfa]);
  const isOnItsWay = ({ visits }: RunView): boolean => {
    const state = visits.at(-1);
    return state === undefined || beforeIt.has(state.name) || (state.name === stateNames.requestMfa && !state.isWaiting);
  };
  const following = { sfn, executionArn: executionArn(execution), pollMs, signal: new AbortController().signal };
  const now = await readRun(sfn, executionArn(execution));
  return now.status === "RUNNING" && isOnItsWay(now) ? followRun(following, (view) => !isOnItsWay(view)) : now;
}

function whyNot(run: string, { status, visits, failure }: RunView, flags: string): string {
  if (status !== "RUNNING") {
    const why = failure === undefined || failure.name === "" ? "" : ` ${errorMessage(failure)}`;
    return `Run ${run} has ended (${status}); nobody waits for a code.${why}\nSee keyturn status ${run}${flags}`;
  }
  return `Run ${run} does not wait for a code: it is in ${visits.at(-1)?.name ?? "its first state"}. See keyturn status ${run}${flags}`;
}

function report(conducted: Conducted, { run, json, flags }: { run: string; json: boolean; flags: string }): ExitCode {
  const { view, wasLate, how, stopped } = conducted;
  const request = codeRequestOf(view);
  // An accepted code opens a session before anything else can go wrong.
  const isAccepted = how === "accepted" || view.status === "SUCCEEDED";
  const failed = view.failure === undefined ? null : errorMessage(view.failure);
  const why = request === undefined ? failed : whyItWaits(request);
  if (json) {
    console.log(JSON.stringify({ run, status: view.status, accepted: isAccepted && !wasLate, late: wasLate, why }));
  } else if (stopped !== undefined) console.log(stoppedText(stopped));
  else console.log(said({ isAccepted, wasLate, why, waits: request !== undefined }, { run, flags, view }));
  if (wasLate) return exitCodes.failed;
  if (isAccepted) return exitCodes.done;
  return request === undefined ? exitCodes.failed : exitCodes.waitingForMfa;
}

/** A sentence, and on a line of its own what people copy. */
function said(
  of: { isAccepted: boolean; wasLate: boolean; why: string | null; waits: boolean },
  { run, flags, view }: { run: string; flags: string; view: RunView },
): string {
  const text = (sentence: string, next: string): string => `${wrap(sentence)}\n  ${next}`;
  const status = `keyturn status ${run}${flags}`;
  if (of.wasLate) return text(`Your code was not used: somebody else answered run ${run} first. See`, status);
  if (of.isAccepted) return text(`The code was accepted; run ${run} goes on. Watch it with`, `keyturn logs ${run}${flags} --follow`);
  if (of.waits) return text(`Run ${run} still waits for a code: ${of.why} Once more:`, `keyturn approve ${run}${flags}`);
  return text(`Run ${run} is ${view.status}${of.why === null ? "" : `: ${of.why}`}. See`, status);
}
