import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { caseLines, judge, recordedCasesFile } from "../../../cli/asl-cases.ts";

const present = existsSync(recordedCasesFile);
const lines = present ? caseLines(readFileSync(recordedCasesFile, "utf8")) : [];

if (!present) test.skip("the recorded executions are not on this machine", () => undefined);

describe.skipIf(!present)("does what AWS did in every recorded execution", () => {
  test.each(lines.map((line) => [(JSON.parse(line) as { id: string }).id, line]))("%s", async (_id, line) => {
    expect((await judge(line)).differences).toEqual([]);
  });
});

const sample = {
  id: "sample",
  definition: { StartAt: "A", States: { A: { Type: "Pass", End: true } } },
  input: { n: 1 },
  expect: {
    status: "SUCCEEDED",
    output: { n: 1 },
    events: ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
  },
};

test.each([
  ["nothing where all agrees", sample.expect, []],
  ["another status", { status: "FAILED" }, ['status: expected "FAILED", got "SUCCEEDED"']],
  ["another output", { ...sample.expect, output: { n: 2 } }, ['output: expected {"n":2}, got {"n":1}']],
  ["another event", { ...sample.expect, events: ["ExecutionStarted", "WaitStateEntered"] }, [expect.stringContaining("event 2: expected")]],
  [
    "events that AWS did not have",
    { ...sample.expect, events: sample.expect.events.slice(0, 3) },
    [expect.stringContaining("1 more events")],
  ],
])("reports %s", async (_what, expectation, differences) => {
  expect((await judge(JSON.stringify({ ...sample, expect: expectation }))).differences).toEqual(differences);
});

test("a recording of nested Parallels lacks what the recorder's sorting overwrote", async () => {
  const pass = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
  const inner = { StartAt: "Inner", States: { Inner: { Type: "Parallel", Branches: [pass], End: true } } };
  const recorded = {
    id: "nested",
    definition: { StartAt: "Outer", States: { Outer: { Type: "Parallel", Branches: [inner], End: true } } },
    input: {},
    expect: {
      status: "SUCCEEDED",
      output: [[{}]],
      events: [
        "ExecutionStarted",
        "ParallelStateEntered",
        "ParallelStateStarted",
        "ParallelStateEntered",
        "ParallelStateStarted",
        "PassStateEntered",
        "PassStateExited",
        "ParallelStateExited",
        "ExecutionSucceeded",
      ],
      eventOrder: "normalised",
    },
  };
  expect((await judge(JSON.stringify(recorded))).differences).toEqual([]);
});
