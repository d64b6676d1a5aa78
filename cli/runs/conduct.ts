// Follows a run to its end and answers when it asks: with the code that was given, then with those that a person gives.

import { type Following, followRun, type RunView, readRun } from "../local/follow-run.ts";
import { type Interruption, listenForInterruption } from "../local/interruption.ts";
import { askForCode } from "../one-time-code.ts";
import { answerWith, type CodeRequest, codeRequestOf } from "./code-request.ts";
import type { Operator } from "./operator-session.ts";
import type { Progress } from "./progress.ts";
import type { RunExecution } from "./run-execution.ts";
import { type Stopped, stopRun } from "./stop-run.ts";

export interface Conducting {
  readonly of: RunExecution;
  readonly operator: Operator;
  readonly progress: Progress;
  /** Whether somebody is there to be asked. */
  readonly isInteractive: boolean;
  /** Given beforehand, for the first question. */
  readonly code?: string | undefined;
  /** Visits that were seen before. */
  readonly reported?: number;
  /** Return as soon as the run has gone past validation. */
  readonly untilAccepted?: boolean;
}

export interface Conducted {
  /** `stopped`: by whoever watched; `left`: they went away, and the run goes on. */
  readonly how: "ended" | "waits" | "accepted" | "left" | "stopped";
  readonly view: RunView;
  /** A code was given, and another answer came before it. */
  readonly wasLate: boolean;
  readonly stopped?: Stopped;
}

export async function conduct(conducting: Conducting): Promise<Conducted> {
  const interruption = listenForInterruption();
  const followed: Watch["followed"] = { wasLate: false };
  try {
    return await followAndAnswer(conducting, { interruption, followed });
  } catch (error) {
    const isHere = conducting.isInteractive && (interruption.by === "SIGINT" || isPromptEnd(error));
    if (!interruption.signal.aborted && !isHere) throw error;
    const { of, operator } = conducting;
    const { view = await readRun(operator.sfn, operator.executionArn(of.execution)), wasLate } = followed;
    if (isHere && (await wantsItStopped(of.run))) {
      const stopped = await stopRun(of, operator);
      return { how: "stopped", view: stopped.view, wasLate, stopped };
    }
    return { how: "left", view, wasLate };
  } finally {
    interruption.release();
  }
}

/** Ctrl-C in a prompt comes as a key, not as a signal. */
const isPromptEnd = (error: unknown): boolean => error instanceof Error && error.name === "ExitPromptError";

interface Watch {
  readonly interruption: Interruption;
  /** How far it got, for whoever is interrupted. */
  readonly followed: { view?: RunView; wasLate: boolean };
}

async function followAndAnswer(conducting: Conducting, { interruption, followed }: Watch): Promise<Conducted> {
  const { of, operator, progress } = conducting;
  const answered = new Set<string>();
  let { code } = conducting;
  let reported = conducting.reported ?? 0;
  const following = (signal: AbortSignal): Following => ({
    sfn: operator.sfn,
    executionArn: operator.executionArn(of.execution),
    pollMs: operator.pollMs,
    signal,
    reported,
    onLeft: async (visit, index) => {
      reported = index + 1;
      progress.left(visit);
    },
  });
  const asksAnew = (view: RunView): boolean => {
    followed.view = view;
    progress.seen(view);
    const request = codeRequestOf(view);
    return (
      (request !== undefined && !answered.has(request.taskToken)) ||
      (conducting.untilAccepted === true && isAccepted(view, conducting.reported ?? 0))
    );
  };
  for (;;) {
    const view = await followRun(following(interruption.signal), asksAnew);
    followed.view = view;
    progress.seen(view);
    // A code that is left over was not needed any more.
    const wasLate = followed.wasLate || code !== undefined;
    if (view.status !== "RUNNING") return { how: "ended", view, wasLate };
    const request = codeRequestOf(view);
    if (request === undefined) return { how: "accepted", view, wasLate };
    if (code === undefined) {
      if (!conducting.isInteractive) return { how: "waits", view, wasLate: followed.wasLate };
      progress.request(request);
      code = await askWhileItWaits(request, { conducting, signal: interruption.signal });
    }
    answered.add(request.taskToken);
    const isFirst = code !== undefined && (await answerWith(code, request, operator));
    if (code !== undefined && !isFirst) followed.wasLate = true;
    code = undefined;
    if (!isFirst) progress.note("Somebody else has answered, or stopped the run, or its time is up.");
  }
}

/** A session was opened since. */
const isAccepted = ({ visits }: RunView, since: number): boolean =>
  visits.slice(since).some(({ name, leftAtMs, error }) => name === "ValidateMfa" && leftAtMs !== undefined && error === undefined);

/** Undefined when the question was closed meanwhile. */
async function askWhileItWaits(
  request: CodeRequest,
  { conducting, signal }: { conducting: Conducting; signal: AbortSignal },
): Promise<string | undefined> {
  const { operator, of } = conducting;
  const closed = new AbortController();
  const both = AbortSignal.any([closed.signal, signal]);
  const watching = followRun(
    { sfn: operator.sfn, executionArn: operator.executionArn(of.execution), pollMs: operator.pollMs, signal: both },
    (view) => codeRequestOf(view)?.taskToken !== request.taskToken,
  ).then(
    () => closed.abort(),
    // Its own end, or a failure that the next look at the run meets as well.
    () => undefined,
  );
  try {
    return await askForCode(`The code that ${request.order.admin}'s authenticator shows now:`, { signal: both });
  } catch (error) {
    if (closed.signal.aborted && !signal.aborted && error instanceof Error && error.name === "AbortPromptError") return undefined;
    throw error;
  } finally {
    closed.abort();
    await watching;
  }
}

/** Leaving is what happens unless somebody says otherwise: also on a second Ctrl-C. */
async function wantsItStopped(run: string): Promise<boolean> {
  const { select } = await import("@inquirer/prompts");
  try {
    return await select({
      message: `Run ${run} is still going.`,
      choices: [
        { name: "leave it going", value: false },
        { name: "stop it", value: true },
      ],
      default: false,
    });
  } catch (error) {
    if (isPromptEnd(error)) return false;
    throw error;
  }
}
