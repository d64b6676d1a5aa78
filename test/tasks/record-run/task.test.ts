import { beforeEach, describe, expect, it } from "vitest";
import { attemptKey, attemptOfRecord } from "../../../core/record-chain.ts";
import { parseRecord } from "../../../core/run-record-form.ts";
import type { EndedAttempts } from "../../../tasks/record-run/executions.ts";
import { type RecordRunDependencies, recordExecution, sweep } from "../../../tasks/record-run/task.ts";
import { MemoryStore } from "./memory-store.ts";
import { failedRun, type History, startMs, succeededRun } from "./sample-execution.ts";

const minute = 60_000;
const arnOf = (name: string) => `arn:aws:states:us-east-1:111122223333:execution:keyturn:${name}`;

let nowMs: number;
let store: MemoryStore;
let runs: Map<string, { listed: EndedAttempts; history: History }>;
/** When CloudTrail begins to know. */
let trailFromMs: number;

beforeEach(() => {
  nowMs = startMs + minute;
  trailFromMs = startMs;
  store = new MemoryStore(() => nowMs);
  runs = new Map();
});

function run(name: string, history: History, of: { ended?: number } = {}): string {
  const arn = arnOf(name);
  runs.set(arn, { listed: { arn, name, startedAtMs: startMs, ended: of.ended ?? 1 }, history });
  return arn;
}

const one = (arn: string) => {
  const found = runs.get(arn);
  if (found === undefined) throw new Error(`ExecutionDoesNotExist: ${arn}`);
  return found;
};

const dependencies: RecordRunDependencies = {
  executions: {
    describe: async (arn) => one(arn).listed,
    read: async ({ arn, name }) => ({ ...one(arn).history.execution, arn, name }),
    async *list() {
      for (const { listed } of runs.values()) yield listed;
    },
  },
  get store() {
    return store;
  },
  findCalls: async (_name, { fromMs }) =>
    nowMs < trailFromMs
      ? []
      : [...runs.keys()].map((execution) => ({
          event: "e",
          atMs: fromMs,
          by: "arn:aws:iam::111122223333:user/olivia",
          sourceIp: null,
          execution,
        })),
  describeJobs: async () => [],
  nowMs: () => nowMs,
  keyturn: "1.2.3",
  lock: { mode: "GOVERNANCE", days: 30 },
};

const recorded = () =>
  [...store.records.values()].map(({ bytes }) => {
    const record = parseRecord(bytes);
    if (record === undefined) throw new Error("no record");
    return { ...attemptOfRecord(record), record };
  });

describe("the end of a run", () => {
  it("is recorded at once where all is known", async () => {
    const arn = run("a", succeededRun());
    expect(await recordExecution(arn, dependencies)).toEqual({ written: [1], deferred: 0 });
    const [{ record } = {}] = recorded();
    expect(record).toMatchObject({
      sequence: 1,
      previous: null,
      keyturn: "1.2.3",
      lock: { mode: "GOVERNANCE", days: 30 },
      recordedAt: new Date(nowMs).toISOString(),
      execution: arn,
      started: { by: "arn:aws:iam::111122223333:user/olivia" },
    });
    expect(await recordExecution(arn, dependencies)).toEqual({ written: [], deferred: 0 });
  });

  it("takes along the earlier attempts that no record was made of", async () => {
    const history = failedRun();
    history.redriven(1).ended("Aborted").redriven(2).ended("Aborted");
    await recordExecution(run("a", history, { ended: 2 }), dependencies);
    expect(recorded().map(({ attempt }) => attempt)).toEqual([0, 1]);
    await recordExecution(run("a", history, { ended: 3 }), dependencies);
    expect(recorded().map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
  });
});

describe("what is not known yet", () => {
  it("is left to a sweep that finds it", async () => {
    trailFromMs = startMs + 10 * minute;
    const arn = run("a", succeededRun());
    expect(await recordExecution(arn, dependencies)).toEqual({ written: [], deferred: 1 });
    expect(await sweep(dependencies)).toEqual({ written: [], deferred: 1, left: 0 });
    nowMs = trailFromMs;
    expect(await sweep(dependencies)).toEqual({ written: [1], deferred: 0, left: 0 });
    expect(recorded()[0]?.record.started.by).toBe("arn:aws:iam::111122223333:user/olivia");
  });

  it.each([
    ["a moment before the hour is over nothing", -1, 0],
    ["an hour after the end the record says that it is not known, and why", 0, 1],
  ])("is not waited for for ever: %s", async (_what, offsetMs, count) => {
    trailFromMs = Number.POSITIVE_INFINITY;
    run("a", succeededRun());
    const endedAtMs = startMs + 22_000;
    nowMs = endedAtMs + 60 * minute + offsetMs;
    await sweep(dependencies);
    expect(recorded().map(({ record }) => record.started)).toEqual(
      Array.from({ length: count }, () => ({
        by: null,
        why: "CloudTrail's event history has no StartExecution of that time for this run.",
      })),
    );
  });
});

describe("a sweep", () => {
  it("records what no event told of, and nothing twice", async () => {
    for (const name of ["a", "b", "c"]) run(name, succeededRun());
    await recordExecution(arnOf("b"), dependencies);
    expect(await sweep(dependencies)).toEqual({ written: [2, 3], deferred: 0, left: 0 });
    expect(await sweep(dependencies)).toEqual({ written: [], deferred: 0, left: 0 });
  });

  it("leaves what still runs, but for the attempts before", async () => {
    const history = failedRun();
    history.redriven(1);
    run("a", history, { ended: 1 });
    run("b", succeededRun(), { ended: 0 });
    await sweep(dependencies);
    expect(recorded().map(({ name, attempt }) => [name, attempt])).toEqual([["a", 0]]);
  });

  it("goes on past one that cannot be recorded, and fails for it in the end", async () => {
    run("broken", succeededRun(), { ended: 2 });
    run("fine", succeededRun());
    await expect(sweep(dependencies)).rejects.toThrow("Attempt 1 of");
    expect(
      recorded()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["broken", "fine"]);
  });

  it("leaves the rest to the next one before Lambda ends it", async () => {
    for (const name of ["a", "b", "c"]) run(name, succeededRun());
    const findCalls: RecordRunDependencies["findCalls"] = async (...asked) => {
      nowMs += 3 * minute;
      return dependencies.findCalls(...asked);
    };
    expect(await sweep({ ...dependencies, findCalls, store })).toEqual({ written: [1, 2], deferred: 0, left: 1 });
  });

  it("does nothing where nothing ever ran", async () => {
    expect(await sweep(dependencies)).toEqual({ written: [], deferred: 0, left: 0 });
  });

  it("knows by one listing what has its record, without a call for each", async () => {
    const arn = run("a", succeededRun());
    await recordExecution(arn, dependencies);
    store.isMarked = () => Promise.reject(new Error("asked one by one"));
    await sweep(dependencies);
    expect(store.marks.has(attemptKey({ name: "a", startedAt: new Date(startMs).toISOString(), attempt: 0 }))).toBe(true);
  });
});
