// `keyturn local demo`: a privileged job from a one-time code to its result, and what stands in the way of everybody else.

import { renderUnicodeCompact } from "uqr";
import { errorMessage, type StateVisit } from "../../core/run-history.ts";
import { reportTable } from "../../jobs/credential-report/report.ts";
import config from "../../keyturn.config.ts";
import { command } from "../command.ts";
import { readJobMessages } from "../job-messages.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { colours, duration } from "../terminal.ts";
import type { DemoActs } from "./demo-acts.ts";
import type { DemoResult } from "./demo-result.ts";
import { type DemoScreen, humanScreen, silentScreen } from "./demo-screen.ts";
import type { RunView } from "./follow-run.ts";
import { listenForInterruption } from "./interruption.ts";
import type { EnrolledAdmin, PopulatedAccount } from "./local-account.ts";
import { repositoryRoot } from "./repository.ts";
import { synthesise } from "./synthesis.ts";

const job = "credential-report";
const admin = "alice";

export const demo = command({
  meta: { name: "demo", description: "Watch a privileged job run, from a one-time code to its result; needs no account." },
  args: {
    interactive: { type: "boolean", description: "Show a QR code and ask for the one-time code of your own phone." },
    json: { type: "boolean", description: "Print one JSON document at the end and nothing else." },
  },
  examples: ["keyturn local demo", "keyturn local demo --interactive", "keyturn local demo --json"],
  run: async ({ args }) => {
    const { json = false, interactive = false } = args;
    if (json && interactive) throw new UsageError("--json and --interactive exclude each other: a person reads, a program does not.");
    if (interactive && !(process.stdin.isTTY && process.stdout.isTTY)) {
      throw new UsageError("--interactive asks a person, so it needs a terminal. Leave it out: the demo has an authenticator of its own.");
    }
    const screen = json ? silentScreen : humanScreen({ print: (text) => console.log(text), colours: colours(process.stdout) });
    const interruption = listenForInterruption();
    try {
      const result = await playDemo({ screen, interactive, signal: interruption.signal });
      screen.summary(result);
      if (json) console.log(JSON.stringify(result));
    } catch (error) {
      // In a prompt the terminal hands Ctrl-C over as a key; no signal comes.
      throw interruption.signal.aborted || (error instanceof Error && error.name === "ExitPromptError")
        ? new CommandFailed("Interrupted; everything that was started is stopped.", { cause: error })
        : error;
    } finally {
      interruption.release();
    }
  },
});

interface Playing {
  readonly screen: DemoScreen;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}

async function playDemo(playing: Playing): Promise<DemoResult> {
  const { screen, signal } = playing;
  screen.heading("Keyturn on this machine: no account, no network, nothing kept.");
  const startedAtMs = performance.now();
  // Loaded while the child process synthesises.
  const [accounts, acts, { assembly, reused }] = await Promise.all([
    import("./local-account.ts"),
    import("./demo-acts.ts"),
    synthesise(repositoryRoot, { signal }),
  ]);
  const synthesisedAtMs = performance.now();
  screen.done("stacks", `${reused ? "unchanged since the last synthesis" : "synthesised"} (${duration(synthesisedAtMs - startedAtMs)})`);
  const local = await accounts.startPopulatedAccount(config, { port: 0, assembly });
  const demoActs = new acts.DemoActs(local, signal);
  try {
    const readyMs = performance.now() - synthesisedAtMs;
    screen.done("emulator", `account ${local.account} at ${local.endpoint}, ready ${duration(readyMs)} later`);
    const enrolled = local.admins.get(admin);
    if (enrolled === undefined)
      throw new CommandFailed(`keyturn.config.ts has no admin ${admin}, whom the demo plays. Add ${admin} to admins.`);
    screen.done("alice", "enrolled by the IAM admin: access key, virtual MFA device, secret");
    const { runMs, ...played } = await playRuns({ ...playing, local, acts: demoActs, enrolled });
    return { ...played, timings: { synthMs: whole(synthesisedAtMs - startedAtMs), readyMs: whole(readyMs), runMs: whole(runMs) } };
  } finally {
    demoActs.destroy();
    await local.emulator.stop();
  }
}

const whole = Math.round;

interface Scene extends Playing {
  readonly local: PopulatedAccount;
  readonly acts: DemoActs;
  readonly enrolled: EnrolledAdmin;
}

type Played = Omit<DemoResult, "timings"> & { readonly runMs: number };

async function playRuns(scene: Scene): Promise<Played> {
  const { acts, screen, enrolled } = scene;
  const refusals: { what: string; error: string }[] = [];
  const refused = (what: string, error: string): void => {
    refusals.push({ what, error });
    screen.refused(what, error);
  };
  const run = `demo-${new Date(scene.local.emulator.clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const startedAtMs = performance.now();

  screen.heading(`The operator starts run ${run} of ${job}, with a wrong code`);
  const input = { job, admin, reason: "A look at who holds which credentials" };
  const executionArn = await acts.startRun(run, { ...input, mfaCode: enrolled.authenticator.wrongCode() });
  const watched = watcher(run, scene);
  screen.states();
  let view = await acts.untilItWaits({ executionArn, onLeft: watched.onLeft }, 1);
  refused("a wrong code", mfaRefusal(view));
  screen.waiting("The run waits at RequestMfa for another code.");

  screen.heading("Meanwhile the operator tries to read alice's access key");
  refused("the operator reading alice's secret", await acts.readSecretAsOperator(admin));

  const answered = await answerUntilAccepted({ view, executionArn, onLeft: watched.onLeft, reported: watched.count }, scene);
  view = answered.view;
  const runMs = performance.now() - startedAtMs;
  const finished = acts.jobOf(view);
  const log = readJobMessages(await acts.jobLog(job, finished.logStream));
  screen.heading("The job's own log");
  screen.lines(log.text);
  if (view.status !== "SUCCEEDED") throw new CommandFailed(`Run ${run} ended as ${view.status}.`);
  screen.heading("Its report, read by the one role that may");
  screen.report(reportTable(await acts.readReport(log.outputs)));

  screen.heading("The same code again, in a second run");
  refused("the same code in a second run", await spendAgain(`${run}-again`, { ...input, mfaCode: answered.code }, scene));

  screen.heading("The job's definition submitted by hand: the captured envelope, another command");
  const command = ["--max-key-age-days=1", "--unused-days=1", "--path-prefix=/"];
  refused("the job submitted by hand with another command", await acts.submitByHand(finished.id, { job, command }));

  const states = watched.states.map(({ error: _error, ...state }) => state);
  const { id, exitCode, attempts } = finished;
  return { run, status: view.status, states, job: { id, exitCode, attempts }, outputs: log.outputs, refusals, runMs };
}

/** Shows each state as the run leaves it, and keeps it. */
function watcher(run: string, { acts, screen }: Scene) {
  const states: { name: string; role: string; durationMs: number; cold?: boolean; error?: string }[] = [];
  const visits: StateVisit[] = [];
  return {
    states,
    get count(): number {
      return visits.length;
    },
    onLeft: async (visit: StateVisit): Promise<void> => {
      visits.push(visit);
      const shown = await acts.shown(visit, { run, visits });
      if (shown === undefined) return;
      states.push(shown);
      screen.state(shown);
    },
  };
}

const mfaRefusal = (view: RunView): string => {
  const error = view.visits.findLast((visit) => visit.error !== undefined)?.error;
  if (view.status !== "RUNNING" || error === undefined) {
    throw new CommandFailed(
      `The run should wait for another code, but it is ${view.status}${view.failure === undefined ? "" : `: ${errorMessage(view.failure)}`}.`,
    );
  }
  return errorMessage(error);
};

/** Gives the good code (asks the person again while theirs is refused) and the run as it ended. */
async function answerUntilAccepted(
  from: { view: RunView; executionArn: string; onLeft: (visit: StateVisit) => Promise<void>; reported: number },
  scene: Scene,
): Promise<{ view: RunView; code: string }> {
  const { acts, screen, interactive, enrolled, signal } = scene;
  if (interactive) {
    screen.heading("Scan this with an authenticator app; it is alice's virtual MFA device");
    screen.picture(renderUnicodeCompact(enrolled.device.uri, { border: 2 }));
  }
  let { view } = from;
  let reported = from.reported;
  for (let times = 1; ; times++) {
    const code = interactive ? await askForCode(signal) : enrolled.authenticator.code();
    screen.heading(`The operator answers with ${interactive ? "the" : "the good"} code`);
    await acts.answer(view, code);
    screen.states();
    view = await acts.untilItWaits({ executionArn: from.executionArn, onLeft: from.onLeft, reported }, times + 1);
    reported = view.visits.filter(({ leftAtMs }) => leftAtMs !== undefined).length;
    if (view.status !== "RUNNING") return { view, code };
    const refusal = mfaRefusal(view);
    if (!interactive) throw new CommandFailed(`The good code was refused: ${refusal}`);
    screen.waiting(refusal);
  }
}

async function askForCode(signal: AbortSignal): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  return input(
    { message: "The six digits:", validate: (text) => /^\d{6}$/.test(text.trim()) || "A code has six digits." },
    { signal },
  ).then((text) => text.trim());
}

/** Starts another run with a spent code, and stops it where it waits for a better one. */
async function spendAgain(run: string, input: object, scene: Scene): Promise<string> {
  const { acts, screen } = scene;
  const executionArn = await acts.startRun(run, input);
  screen.states();
  const { onLeft } = watcher(run, scene);
  const view = await acts.untilItWaits({ executionArn, onLeft }, 1);
  const refusal = mfaRefusal(view);
  const stopped = await acts.stopRun(executionArn);
  if (stopped.status !== "ABORTED") throw new CommandFailed(`Run ${run} was stopped, but it is ${stopped.status}.`);
  return refusal;
}
