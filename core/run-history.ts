// An execution's history as people ask about it: which states were visited, under which role, for how long, and what went wrong.

interface TaskFault {
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** Of an event in Step Functions' history, what is read here. */
export interface HistoryEvent {
  readonly type?: string | undefined;
  readonly timestamp?: Date | undefined;
  readonly executionStartedEventDetails?: { readonly input?: string | undefined } | undefined;
  readonly executionRedrivenEventDetails?: { readonly redriveCount?: number | undefined } | undefined;
  readonly executionFailedEventDetails?: TaskFault | undefined;
  readonly executionAbortedEventDetails?: TaskFault | undefined;
  readonly executionTimedOutEventDetails?: TaskFault | undefined;
  readonly stateEnteredEventDetails?: { readonly name: string | undefined } | undefined;
  readonly stateExitedEventDetails?: { readonly name: string | undefined } | undefined;
  readonly taskScheduledEventDetails?:
    | {
        readonly parameters: string | undefined;
        readonly timeoutInSeconds?: number | undefined;
        readonly taskCredentials?: { readonly roleArn?: string | undefined } | undefined;
      }
    | undefined;
  readonly taskSubmittedEventDetails?: { readonly resource: string | undefined; readonly output?: string | undefined } | undefined;
  readonly taskSucceededEventDetails?: { readonly output?: string | undefined } | undefined;
  readonly taskFailedEventDetails?: TaskFault | undefined;
  readonly taskTimedOutEventDetails?: TaskFault | undefined;
  readonly taskSubmitFailedEventDetails?: TaskFault | undefined;
  readonly taskStartFailedEventDetails?: TaskFault | undefined;
}

/** One visit of a state; a state that is entered twice has two. */
export interface StateVisit {
  readonly name: string;
  readonly enteredAtMs: number;
  /** Absent while the execution is in it. */
  readonly leftAtMs?: number;
  /** Name of the role that the state's `Credentials` named; Task states only. */
  readonly role?: string;
  /** How often the execution had been redriven by then; a redrive goes on in the state that failed, as a visit of its own. */
  readonly redrive: number;
  /** What the task was called with. */
  readonly taskInput?: unknown;
  /** When its TimeoutSeconds will have ended it; absent where the state has none. */
  readonly taskTimesOutAtMs?: number;
  /** What took the task on answered to that; callbacks and `.sync` only. */
  readonly taskSubmitted?: unknown;
  /** What the task answered, or for `.sync` the finished job. */
  readonly taskOutput?: unknown;
  /** The task's last error in this visit. */
  readonly error?: { readonly name: string; readonly cause: string };
  /** It was handed its task token and waits for an answer. */
  readonly isWaiting: boolean;
}

type Draft = { -readonly [Member in keyof StateVisit]: StateVisit[Member] };

/** Visits in order; for workflows without Parallel and Map, whose events do not interleave. */
export function stateVisits(events: readonly HistoryEvent[]): readonly StateVisit[] {
  const visits: Draft[] = [];
  let redrive = 0;
  const enter = (name: string, enteredAtMs: number): Draft => {
    const visit: Draft = { name, enteredAtMs, redrive, isWaiting: false };
    visits.push(visit);
    return visit;
  };
  for (const event of events) {
    const at = event.timestamp?.getTime() ?? 0;
    if (event.executionRedrivenEventDetails !== undefined) {
      redrive = event.executionRedrivenEventDetails.redriveCount ?? redrive + 1;
      continue;
    }
    if (event.stateEnteredEventDetails !== undefined) {
      enter(event.stateEnteredEventDetails.name ?? "", at);
      continue;
    }
    let visit = visits.at(-1);
    // What a redrive resumes is not entered again: its next event is the first of it.
    if (visit !== undefined && visit.redrive < redrive) visit = enter(visit.name, at);
    if (visit === undefined || visit.leftAtMs !== undefined) continue;
    applyTaskEvent(visit, event);
    // A failed, stopped or timed-out execution leaves its last state without an event of its own.
    const isEnd = event.type === "ExecutionFailed" || event.type === "ExecutionAborted" || event.type === "ExecutionTimedOut";
    if (event.stateExitedEventDetails !== undefined || isEnd) {
      visit.leftAtMs = at;
      visit.isWaiting = false;
    }
  }
  return visits;
}

function applyTaskEvent(visit: Draft, event: HistoryEvent): void {
  const scheduled = event.taskScheduledEventDetails;
  if (scheduled !== undefined) {
    const role = scheduled.taskCredentials?.roleArn?.split("/").at(-1);
    if (role !== undefined) visit.role = role;
    visit.taskInput = json(scheduled.parameters);
    if (scheduled.timeoutInSeconds !== undefined) {
      visit.taskTimesOutAtMs = (event.timestamp?.getTime() ?? 0) + scheduled.timeoutInSeconds * 1000;
    }
  }
  const submitted = event.taskSubmittedEventDetails;
  if (submitted !== undefined) {
    visit.isWaiting = submitted.resource?.endsWith(".waitForTaskToken") ?? false;
    visit.taskSubmitted = json(submitted.output);
  }
  if (event.taskSucceededEventDetails !== undefined) {
    visit.taskOutput = json(event.taskSucceededEventDetails.output);
    visit.isWaiting = false;
  }
  const failed =
    event.taskFailedEventDetails ??
    event.taskTimedOutEventDetails ??
    event.taskSubmitFailedEventDetails ??
    event.taskStartFailedEventDetails;
  if (failed !== undefined) {
    visit.error = { name: failed.error ?? "", cause: failed.cause ?? "" };
    visit.isWaiting = false;
  }
}

function json(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** A Lambda's error arrives as its JSON; people want its message. */
export function errorMessage({ name, cause }: NonNullable<StateVisit["error"]>): string {
  if (!cause.startsWith("{")) return cause === "" ? name : `${name}: ${cause}`;
  const parsed: unknown = JSON.parse(cause);
  const message = typeof parsed === "object" && parsed !== null && "errorMessage" in parsed ? parsed.errorMessage : undefined;
  return typeof message === "string" ? `${name}: ${message}` : name;
}
