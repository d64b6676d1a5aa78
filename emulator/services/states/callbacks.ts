// Tasks that somebody outside ends: by the token that was given to a callback task or to an activity's worker.

import type { Json } from "../../../core/canonical-json.ts";
import { AwsError } from "../../aws-error.ts";
import type { TaskReport } from "../../states/task-runner.ts";
import { invalidToken } from "./names.ts";

type Answer = (report: TaskReport) => void;

interface Waiting {
  readonly executionArn: string;
  readonly report: TaskReport;
  /** Answers that came before the request itself was answered; they are given after that. */
  early: Answer[] | undefined;
}

export class Callbacks {
  readonly #waiting = new Map<string, Waiting>();
  readonly #closed = new Set<string>();

  /** Makes a token answerable. `held`: not before `submitted`. */
  open(token: string, of: { executionArn: string; report: TaskReport; held: boolean }): void {
    this.#waiting.set(token, { executionArn: of.executionArn, report: of.report, early: of.held ? [] : undefined });
  }

  /** The callback's request has been answered: answers to the token count from now on. */
  release(token: string): void {
    const waiting = this.#waiting.get(token);
    const early = waiting?.early ?? [];
    if (waiting === undefined) return;
    waiting.early = undefined;
    for (const answer of early) answer(waiting.report);
  }

  close(token: string): void {
    if (this.#waiting.delete(token)) this.#closed.add(token);
  }

  /** Which execution waits for this token; throws InvalidToken and TaskTimedOut. */
  executionOf(token: string): string {
    return this.#find(token).executionArn;
  }

  succeed(token: string, output: Json): void {
    this.#answer(token, { ends: true, give: (report) => report.succeeded(output) });
  }

  fail(token: string, of: { error: string | undefined; cause: string | undefined }): void {
    this.#answer(token, { ends: true, give: (report) => report.failed(of.error, of.cause) });
  }

  heartbeat(token: string): void {
    this.#answer(token, { ends: false, give: (report) => report.heartbeat() });
  }

  #answer(token: string, { ends, give }: { ends: boolean; give: Answer }): void {
    const waiting = this.#find(token);
    if (waiting.early !== undefined && ends) {
      if (waiting.early.length > 0) throw timedOut();
      waiting.early.push((report) => {
        this.close(token);
        give(report);
      });
      return;
    }
    if (ends) this.close(token);
    give(waiting.report);
  }

  #find(token: string): Waiting {
    const waiting = this.#waiting.get(token);
    if (waiting !== undefined) return waiting;
    throw this.#closed.has(token) ? timedOut() : invalidToken();
  }
}

const timedOut = (): AwsError => new AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
