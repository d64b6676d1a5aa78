// What an operator does with runs and sees of them, through Step Functions' API alone.

import {
  DescribeExecutionCommand,
  type HistoryEvent,
  paginateGetExecutionHistory,
  RedriveExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import * as z from "zod";
import { signedIn } from "../../cli/local/sign-in.ts";
import { betweenLooks } from "../support/between-looks.ts";
import type { RunAccount } from "./run-account.ts";

/** Where a run has come to rest: ended, or waiting for a code. */
export type Rest = EndedRun | WaitingRun;

interface EndedRun {
  readonly status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
  /** The state it was in last. */
  readonly at: string;
  readonly error?: string;
  /** A task's own message where it has one; the cause otherwise. */
  readonly message?: string;
}

interface WaitingRun {
  readonly status: "waits";
  readonly because: string;
  /** What the notification says of the error that led here. */
  readonly message?: string;
}

const Waiting = z.object({ Payload: z.object({ taskToken: z.string(), because: z.string(), message: z.string().optional() }) });

export class Operator {
  readonly #at: RunAccount;
  readonly #sfn: SFNClient;
  #runs = 0;
  #watched = 0;

  constructor(at: RunAccount) {
    this.#at = at;
    this.#sfn = signedIn(SFNClient, at.people.operator, at);
  }

  /** Gives the execution's ARN. `input` is sent as JSON; text is sent as it is. */
  async start(input: unknown, run = `run-${++this.#runs}`): Promise<string> {
    const { stateMachineArn } = this.#at;
    const text = typeof input === "string" ? input : JSON.stringify(input);
    const { executionArn = "" } = await this.#sfn.send(new StartExecutionCommand({ stateMachineArn, name: run, input: text }));
    return executionArn;
  }

  /** Starts a run and waits until it rests. */
  async run(input: unknown, run?: string): Promise<{ readonly executionArn: string; readonly rest: Rest }> {
    const executionArn = await this.start(input, run);
    return { executionArn, rest: await this.rest(executionArn) };
  }

  /** Waits until the run has ended or waits for a code. */
  rest(executionArn: string): Promise<Rest> {
    return this.until(executionArn, restOf);
  }

  /** Looks at the run's history until `seen` sees something. */
  async until<Seen>(executionArn: string, seen: (events: readonly HistoryEvent[]) => Seen | undefined): Promise<Seen> {
    this.#watched += 1;
    try {
      for (;;) {
        const found = seen(await this.history(executionArn));
        if (found !== undefined) return found;
        await betweenLooks(this.#watched);
      }
    } finally {
      this.#watched -= 1;
    }
  }

  async history(executionArn: string): Promise<readonly HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    const query = { executionArn, maxResults: 1000, includeExecutionData: true };
    for await (const page of paginateGetExecutionHistory({ client: this.#sfn }, query)) events.push(...(page.events ?? []));
    return events;
  }

  /** Answers a waiting run with whatever `output` is, and waits until it rests again. */
  async answer(executionArn: string, output: unknown): Promise<Rest> {
    await this.#sfn.send(new SendTaskSuccessCommand({ taskToken: await this.#token(executionArn), output: JSON.stringify(output) }));
    return this.rest(executionArn);
  }

  async refuse(executionArn: string, of: { error: string; cause: string }): Promise<Rest> {
    await this.#sfn.send(new SendTaskFailureCommand({ taskToken: await this.#token(executionArn), ...of }));
    return this.rest(executionArn);
  }

  async stop(executionArn: string): Promise<Rest> {
    await this.#sfn.send(new StopExecutionCommand({ executionArn }));
    return this.rest(executionArn);
  }

  /** Redrives an ended run; `resumesAt` is the state that is entered first, the other members say where it rests then. */
  async redrive(executionArn: string): Promise<Rest & { readonly resumesAt: string }> {
    const before = (await this.history(executionArn)).length;
    await this.#sfn.send(new RedriveExecutionCommand({ executionArn }));
    const rest = await this.rest(executionArn);
    const events = await this.history(executionArn);
    // A state that is taken up again is not entered again; what happens in it follows the redrive itself.
    const resumesAt = events[before + 1]?.stateEnteredEventDetails?.name ?? stateOf(events.slice(0, before));
    return { resumesAt, ...rest };
  }

  async output(executionArn: string): Promise<unknown> {
    const { output = "null" } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
    return JSON.parse(output);
  }

  destroy(): void {
    this.#sfn.destroy();
  }

  async #token(executionArn: string): Promise<string> {
    const scheduled = (await this.history(executionArn)).findLast(({ type }) => type === "TaskScheduled");
    return Waiting.parse(JSON.parse(scheduled?.taskScheduledEventDetails?.parameters ?? "null")).Payload.taskToken;
  }
}

const stateOf = (events: readonly HistoryEvent[]): string =>
  events.findLast(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)?.stateEnteredEventDetails?.name ?? "";

const statuses = {
  ExecutionSucceeded: "SUCCEEDED",
  ExecutionFailed: "FAILED",
  ExecutionTimedOut: "TIMED_OUT",
  ExecutionAborted: "ABORTED",
} as const;

function restOf(events: readonly HistoryEvent[]): Rest | undefined {
  const last = events.at(-1);
  const status = Object.entries(statuses).find(([type]) => type === last?.type)?.[1];
  if (status !== undefined) {
    const { error, cause } = last?.executionFailedEventDetails ?? last?.executionAbortedEventDetails ?? {};
    return {
      status,
      at: stateOf(events),
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { message: messageOf(cause) }),
    };
  }
  // Handed its token, and nothing has happened since.
  if (last?.type !== "TaskSubmitted" || last.taskSubmittedEventDetails?.resource !== "invoke.waitForTaskToken") return undefined;
  const scheduled = events.findLast(({ type }) => type === "TaskScheduled");
  const { because, message } = Waiting.parse(JSON.parse(scheduled?.taskScheduledEventDetails?.parameters ?? "null")).Payload;
  return { status: "waits", because, ...(message === undefined ? {} : { message }) };
}

/** Lambda and Batch put JSON into the cause; people want what it says. */
function messageOf(cause: string): string {
  if (!cause.startsWith("{")) return cause;
  const parsed = z.object({ errorMessage: z.string().optional(), StatusReason: z.string().optional() }).parse(JSON.parse(cause));
  return parsed.errorMessage ?? parsed.StatusReason ?? cause;
}
