// `keyturn logs RUN`: what the job of a run wrote, or writes.

import { setTimeout as sleep } from "node:timers/promises";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { readJobMessages } from "../job-messages.ts";
import { type RunView, readRun } from "../local/follow-run.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { colours } from "../terminal.ts";
import { codeRequestOf } from "./code-request.ts";
import { LogStreamReader } from "./job-log.ts";
import { readJobs } from "./job-of-run.ts";
import { asOperator, type Operator } from "./operator-session.ts";
import { orderOf } from "./order-of-run.ts";
import { parseRun, runArgument } from "./run-argument.ts";
import { findExecution } from "./run-execution.ts";

export const logs = command({
  meta: { name: "logs", description: "Print the log of a run's job." },
  args: {
    run: runArgument,
    follow: { type: "boolean", description: "Go on printing until the run ends." },
    json: { type: "boolean", description: "Print one JSON document." },
    ...sessionArguments,
  },
  values: { profile: profileNames },
  examples: ["keyturn logs 20261122-010628-x7kq2", "keyturn logs 20261122-010628-x7kq2 --follow"],
  run: ({ args }) => {
    const named = parseRun(args.run);
    if (args.follow && args.json)
      throw new UsageError("--follow and --json exclude each other: one document has an end, a followed log has not.");
    return asOperator(args, async (operator) => {
      const { run, execution } = await findExecution(named, operator);
      const tail = new Tail(operator);
      let view = await tail.look(execution);
      if (args.json) {
        console.log(JSON.stringify({ run, attempts: tail.attempts }));
        return;
      }
      const { paint } = colours(process.stdout);
      let said = "";
      for (;;) {
        for (const { text, isHeading } of tail.news()) console.log(isHeading ? paint("dim", text) : text);
        if (!args.follow || view.status !== "RUNNING") break;
        const place = whereItIs(run, view, operator.session.flags);
        if (place !== said && tail.attempts.length === 0) console.error(place);
        said = place;
        await sleep(operator.pollMs);
        view = await tail.look(execution);
      }
      if (tail.attempts.length === 0) throw new CommandFailed(noLog(run, view, operator.session.flags));
    });
  },
});

interface AttemptLog {
  readonly batchJob: string;
  readonly logStream: string;
  readonly lines: string[];
}

/** All that the attempts of a run's jobs have written so far; each look fetches what is new. */
class Tail {
  readonly #operator: Operator;
  readonly #readers = new Map<string, { reader: LogStreamReader; log: AttemptLog; shown: number | undefined }>();

  constructor(operator: Operator) {
    this.#operator = operator;
  }

  get attempts(): readonly AttemptLog[] {
    return [...this.#readers.values()].map(({ log }) => log);
  }

  /** The run as it was before its log was read: whatever it had written by its end is in the log then. */
  async look(execution: string): Promise<RunView> {
    const { sfn, batch, executionArn } = this.#operator;
    const view = await readRun(sfn, executionArn(execution));
    const job = orderOf(view)?.job;
    if (job === undefined) return view;
    for (const { id, attempts } of await readJobs(batch, view)) {
      for (const { logStream } of attempts) if (logStream !== undefined) this.#open(job, { batchJob: id, logStream });
    }
    for (const { reader, log } of this.#readers.values()) log.lines.push(...(await reader.more()));
    return view;
  }

  #open(job: string, { batchJob, logStream }: { batchJob: string; logStream: string }): void {
    if (this.#readers.has(logStream)) return;
    const reader = new LogStreamReader(this.#operator.logs, { job, stream: logStream });
    this.#readers.set(logStream, { reader, log: { batchJob, logStream, lines: [] }, shown: undefined });
  }

  /** Lines that were not given before; those of a second attempt under a heading. */
  *news(): Generator<{ text: string; isHeading: boolean }> {
    let attempt = 0;
    for (const entry of this.#readers.values()) {
      attempt += 1;
      if (entry.shown === undefined && attempt > 1) yield { text: `── attempt ${attempt}: ${entry.log.logStream}`, isHeading: true };
      // Without the lines that the job writes for programs.
      for (const text of readJobMessages(entry.log.lines.slice(entry.shown ?? 0)).text) yield { text, isHeading: false };
      entry.shown = entry.log.lines.length;
    }
  }
}

function whereItIs(run: string, view: RunView, flags: string): string {
  if (codeRequestOf(view) !== undefined) return `Run ${run} waits for a code: keyturn approve ${run}${flags}`;
  return `Run ${run} is in ${view.visits.at(-1)?.name ?? "its first state"}; its job has written nothing yet.`;
}

function noLog(run: string, view: RunView, flags: string): string {
  if (view.status === "RUNNING") return `${whereItIs(run, view, flags)}\nTo wait for its log: keyturn logs ${run}${flags} --follow`;
  return `Run ${run} ended (${view.status}) without a job that wrote anything. Why: keyturn status ${run}${flags}`;
}
