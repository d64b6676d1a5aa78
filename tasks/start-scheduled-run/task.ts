// Decides what a schedule's firing does while an earlier run of the same schedule waits for a code: nothing, wait its turn, or take its place.

import { parseScheduledRunName, type ScheduledRun, scheduledRunName } from "../../core/run-names.ts";

/** What a schedule asks for each time it fires. */
export interface Request {
  readonly job: string;
  readonly admin: string;
  readonly reason: string;
}

export interface Firing extends Request {
  readonly whilePending: "skip" | "queue" | "replace";
  readonly scheduledAtMs: number;
}

/** A run of the machine has ended: a firing may have waited for it. */
export interface Ended {
  readonly ended: string;
}

/** The newest firing of a schedule that queues. */
export interface Newest {
  readonly scheduledAtMs: number;
  readonly request: Request;
}

export interface StartDependencies {
  readonly isDisabled: (job: string) => Promise<boolean>;
  /** Names of all executions that run. */
  readonly running: () => Promise<readonly string[]>;
  /** Whether a run waits for a code, or is about to ask for one. */
  readonly isPending: (run: string) => Promise<boolean>;
  /** Starts a run, unless one of that name has been started. */
  readonly start: (run: string, request: Request) => Promise<"started" | "exists">;
  readonly replace: (run: string, by: string) => Promise<void>;
  readonly newest: (job: string) => Promise<Newest | undefined>;
  readonly remember: (newest: Newest) => Promise<void>;
}

/** For the log: what was done about which run, and because of which other ones. */
export interface Done {
  readonly job?: string;
  /** The firing's run, or the one that ended. */
  readonly scheduledRun: string;
  readonly did: "started" | "queued" | "nothing";
  readonly because?: "already-started" | "disabled" | "newer-firing" | "nothing-waits" | "pending";
  readonly pending?: readonly string[];
  readonly replaced?: readonly string[];
}

export const startScheduledRun = (input: Firing | Ended, dependencies: StartDependencies): Promise<Done> =>
  "ended" in input ? afterEnd(input.ended, dependencies) : fire(input, dependencies);

async function fire({ whilePending, scheduledAtMs, ...request }: Firing, dependencies: StartDependencies): Promise<Done> {
  const { job } = request;
  const { nothing, started, scheduledRun } = outcomesOf(job, scheduledAtMs);
  if (await dependencies.isDisabled(job)) return nothing("disabled");
  // Before looking at what runs: whatever ends from now on finds this firing, and whatever ended before is not seen to run.
  if (whilePending === "queue" && !(await remembered({ scheduledAtMs, request }, dependencies))) return nothing("newer-firing");
  const running = await runningOf(job, dependencies);
  // Delivered late, after the next one: what is asked for is asked for already.
  if (running.some((other) => other.scheduledAtMs > scheduledAtMs)) return nothing("newer-firing");
  const isRunning = running.some(({ run }) => run === scheduledRun);
  const earlier = running.filter(({ run }) => run !== scheduledRun);
  if (isRunning && whilePending !== "replace") return nothing("already-started");
  const pending = await pendingOf(earlier, dependencies);
  if (pending.length > 0 && whilePending === "skip") return nothing("pending", pending);
  if (pending.length > 0 && whilePending === "queue") return { job, scheduledRun, did: "queued", pending };
  if (!isRunning && (await dependencies.start(scheduledRun, request)) === "exists") return nothing("already-started");
  // Only now: a start that fails must not have cost the run that waits. And also where a first attempt got no further than the start.
  for (const run of pending) await dependencies.replace(run, scheduledRun);
  const replaced = pending.length > 0 ? { replaced: pending } : {};
  return { ...(isRunning ? nothing("already-started") : started), ...replaced };
}

async function afterEnd(ended: string, dependencies: StartDependencies): Promise<Done> {
  const of = parseScheduledRunName(ended);
  const newest = of && (await dependencies.newest(of.job));
  if (of === undefined || newest === undefined || newest.scheduledAtMs <= of.scheduledAtMs) {
    return { scheduledRun: ended, did: "nothing", because: "nothing-waits" };
  }
  const { scheduledAtMs, request } = newest;
  const { job } = request;
  const { nothing, started, scheduledRun } = outcomesOf(job, scheduledAtMs);
  if (await dependencies.isDisabled(job)) return nothing("disabled");
  // The one that ended may still be listed: Step Functions' lists lag behind.
  const running = (await runningOf(job, dependencies)).filter(({ run }) => run !== ended);
  if (running.some(({ run }) => run === scheduledRun)) return nothing("already-started");
  const pending = await pendingOf(running, dependencies);
  if (pending.length > 0) return nothing("pending", pending);
  return (await dependencies.start(scheduledRun, request)) === "exists" ? nothing("already-started") : started;
}

function outcomesOf(job: string, scheduledAtMs: number) {
  const scheduledRun = scheduledRunName(job, scheduledAtMs);
  return {
    scheduledRun,
    started: { job, scheduledRun, did: "started" } satisfies Done,
    nothing: (because: NonNullable<Done["because"]>, pending?: readonly string[]): Done => ({
      job,
      scheduledRun,
      did: "nothing",
      because,
      ...(pending === undefined ? {} : { pending }),
    }),
  };
}

/** Whether this firing is the newest now; it is not where one delivered before it is newer. */
async function remembered(firing: Newest, { newest, remember }: StartDependencies): Promise<boolean> {
  const known = (await newest(firing.request.job))?.scheduledAtMs ?? Number.NEGATIVE_INFINITY;
  if (known < firing.scheduledAtMs) await remember(firing);
  return known <= firing.scheduledAtMs;
}

/** Runs that this job's schedule started, and that have not ended. */
const runningOf = async (job: string, { running }: StartDependencies): Promise<readonly ScheduledRun[]> =>
  (await running()).map(parseScheduledRunName).filter((of): of is ScheduledRun => of?.job === job);

async function pendingOf(runs: readonly ScheduledRun[], { isPending }: StartDependencies): Promise<readonly string[]> {
  const waits = await Promise.all(runs.map(({ run }) => isPending(run)));
  return runs.filter((_, index) => waits[index]).map(({ run }) => run);
}
