// The decision alone: what follows from what runs, what waits and what is remembered; test/runs/schedules.test.ts plays it on real executions.

import { describe, expect, it } from "vitest";
import { scheduledRunName } from "../../../core/run-names.ts";
import { type Firing, type Newest, type StartDependencies, startScheduledRun } from "../../../tasks/start-scheduled-run/task.ts";

const hour = (hours: number): number => Date.parse("2026-11-23T00:00:00Z") + hours * 3_600_000;
const run = (hours: number): string => scheduledRunName("report", hour(hours));
const request = { job: "report", admin: "alice", reason: "Hourly" };
const firing = (hours: number, whilePending: Firing["whilePending"]): Firing => ({ ...request, whilePending, scheduledAtMs: hour(hours) });

interface World {
  readonly disabled?: boolean;
  /** Each execution that is listed as running, and whether it waits for a code. */
  readonly running?: Readonly<Record<string, boolean>>;
  /** Names that were given, beside those that run. */
  readonly ended?: readonly string[];
  readonly newest?: number;
}

/** What was done, in order. */
function world({ disabled = false, running = {}, ended = [], newest }: World): { dependencies: StartDependencies; acts: string[] } {
  const acts: string[] = [];
  let remembered: Newest | undefined = newest === undefined ? undefined : { scheduledAtMs: hour(newest), request };
  const dependencies: StartDependencies = {
    isDisabled: async () => disabled,
    running: async () => {
      acts.push("look");
      return Object.keys(running);
    },
    isPending: async (name) => running[name] ?? false,
    start: async (name) => {
      acts.push(`start ${name}`);
      return ended.includes(name) ? "exists" : "started";
    },
    replace: async (name, by) => void acts.push(`replace ${name} by ${by}`),
    newest: async () => remembered,
    remember: async (of) => {
      remembered = of;
      acts.push(`remember ${scheduledRunName(of.request.job, of.scheduledAtMs)}`);
    },
  };
  return { dependencies, acts };
}

const [waits, works] = [true, false];

describe("a firing", () => {
  it.each<[string, Firing["whilePending"], World, readonly string[], object]>([
    ["of a schedule that is off", "replace", { disabled: true, running: { [run(1)]: waits } }, [], { did: "nothing", because: "disabled" }],
    ["of a schedule that is off, which queues", "queue", { disabled: true }, [], { did: "nothing", because: "disabled" }],
    ["with nothing running", "skip", {}, ["look", `start ${run(5)}`], { did: "started" }],
    [
      "while runs of others wait: a person's, a replay's, an event's, another job's",
      "replace",
      {
        running: {
          "20261122-010628-x7kq2": waits,
          [`${run(1)}-r2`]: waits,
          "report-finding-20261123T01Z-1": waits,
          [scheduledRunName("report-daily", hour(1))]: waits,
        },
      },
      ["look", `start ${run(5)}`],
      { did: "started" },
    ],
    [
      "that skips, behind one that waits",
      "skip",
      { running: { [run(1)]: waits } },
      ["look"],
      { did: "nothing", because: "pending", pending: [run(1)] },
    ],
    ["that skips, behind one whose job runs", "skip", { running: { [run(1)]: works } }, ["look", `start ${run(5)}`], { did: "started" }],
    [
      "that queues, behind one that waits: remembered before anybody looks",
      "queue",
      { running: { [run(1)]: waits }, newest: 2 },
      [`remember ${run(5)}`, "look"],
      { did: "queued", pending: [run(1)] },
    ],
    [
      "that queues, behind one whose job runs: remembered, so that what was queued before is not started after it",
      "queue",
      { running: { [run(1)]: works }, newest: 2 },
      [`remember ${run(5)}`, "look", `start ${run(5)}`],
      { did: "started" },
    ],
    [
      "that replaces: started first, so that a start that fails costs nothing",
      "replace",
      { running: { [run(1)]: waits, [run(2)]: works, [run(3)]: waits } },
      ["look", `start ${run(5)}`, `replace ${run(1)} by ${run(5)}`, `replace ${run(3)} by ${run(5)}`],
      { did: "started", replaced: [run(1), run(3)] },
    ],
    [
      "that replaces, delivered again after it broke off at the start",
      "replace",
      { running: { [run(1)]: waits, [run(5)]: waits } },
      ["look", `replace ${run(1)} by ${run(5)}`],
      { did: "nothing", because: "already-started", replaced: [run(1)] },
    ],
    [
      "delivered again while its run waits",
      "skip",
      { running: { [run(5)]: waits } },
      ["look"],
      { did: "nothing", because: "already-started" },
    ],
    [
      "delivered again after its run has ended: what waits is left alone",
      "replace",
      { running: { [run(1)]: waits }, ended: [run(5)] },
      ["look", `start ${run(5)}`],
      { did: "nothing", because: "already-started" },
    ],
    ["delivered after the next one", "replace", { running: { [run(6)]: waits } }, ["look"], { did: "nothing", because: "newer-firing" }],
    [
      "delivered after the next one, whose job runs",
      "skip",
      { running: { [run(6)]: works } },
      ["look"],
      { did: "nothing", because: "newer-firing" },
    ],
    [
      "delivered after the next one was queued",
      "queue",
      { running: { [run(1)]: waits }, newest: 6 },
      [],
      { did: "nothing", because: "newer-firing" },
    ],
    [
      "that is the one queued already",
      "queue",
      { running: { [run(1)]: waits }, newest: 5 },
      ["look"],
      { did: "queued", pending: [run(1)] },
    ],
  ])("%s", async (_what, whilePending, of, acts, done) => {
    const { dependencies, acts: acted } = world(of);
    expect(await startScheduledRun(firing(5, whilePending), dependencies)).toEqual({ job: "report", scheduledRun: run(5), ...done });
    expect(acted).toEqual(acts);
  });
});

describe("when a run has ended", () => {
  const nothingWaits = { did: "nothing", because: "nothing-waits" };

  it.each<[string, string, World, readonly string[], object]>([
    [
      "the firing that waited for it starts",
      run(1),
      { newest: 5 },
      ["look", `start ${run(5)}`],
      { job: "report", scheduledRun: run(5), did: "started" },
    ],
    [
      "the firing that waited for it starts, also where lists still show the one that ended",
      run(1),
      { newest: 5, running: { [run(1)]: waits } },
      ["look", `start ${run(5)}`],
      { job: "report", scheduledRun: run(5), did: "started" },
    ],
    ["and none was queued, nothing starts", run(1), {}, [], { scheduledRun: run(1), ...nothingWaits }],
    ["that was itself the newest firing's, nothing starts", run(5), { newest: 5 }, [], { scheduledRun: run(5), ...nothingWaits }],
    ["that was newer than the newest firing, nothing starts", run(6), { newest: 5 }, [], { scheduledRun: run(6), ...nothingWaits }],
    ["that no schedule started, nothing starts", `${run(1)}-r2`, { newest: 5 }, [], { scheduledRun: `${run(1)}-r2`, ...nothingWaits }],
    [
      "and the schedule is off, nothing starts",
      run(1),
      { newest: 5, disabled: true },
      [],
      { job: "report", scheduledRun: run(5), did: "nothing", because: "disabled" },
    ],
    [
      "and another one waits, nothing starts: its own end comes",
      run(1),
      { newest: 5, running: { [run(2)]: waits } },
      ["look"],
      { job: "report", scheduledRun: run(5), did: "nothing", because: "pending", pending: [run(2)] },
    ],
    [
      "and the firing's run goes on, nothing starts",
      run(1),
      { newest: 5, running: { [run(5)]: works } },
      ["look"],
      { job: "report", scheduledRun: run(5), did: "nothing", because: "already-started" },
    ],
    [
      "and the firing's run has ended long ago, nothing starts",
      run(1),
      { newest: 5, ended: [run(5)] },
      ["look", `start ${run(5)}`],
      { job: "report", scheduledRun: run(5), did: "nothing", because: "already-started" },
    ],
  ])("%s", async (_what, ended, of, acts, done) => {
    const { dependencies, acts: acted } = world(of);
    expect(await startScheduledRun({ ended }, dependencies)).toEqual(done);
    expect(acted).toEqual(acts);
  });
});
