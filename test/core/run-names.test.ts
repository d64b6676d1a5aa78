import { describe, expect, it } from "vitest";
import { executionOf } from "../../core/resume.ts";
import { isRunId } from "../../core/run-id.ts";
import { eventRunName, parseScheduledRunName, scheduledRunName } from "../../core/run-names.ts";

const at = Date.parse("2026-11-23T07:00:59Z");

describe("a scheduled run's name", () => {
  it("is the job's and the firing's minute", () => {
    expect(scheduledRunName("credential-report", at)).toBe("credential-report-20261123T0700Z");
    expect(parseScheduledRunName("credential-report-20261123T0700Z")).toEqual({
      run: "credential-report-20261123T0700Z",
      job: "credential-report",
      scheduledAtMs: Date.parse("2026-11-23T07:00:00Z"),
    });
  });

  it.each([
    ["a replay of one in a new execution", "credential-report-20261123T0700Z-r2"],
    ["a run that an event asked for", "credential-report-finding-20261123T07Z-1"],
    ["a person's", "20261122-010628-x7kq2"],
    ["one with a second too many", "credential-report-20261123T070000Z"],
    ["a day that is none", "credential-report-20260230T0700Z"],
    ["an hour that is none", "credential-report-20261123T2500Z"],
    ["no job", "-20261123T0700Z"],
    ["a job in capitals", "Report-20261123T0700Z"],
    ["nothing", ""],
  ])("is not %s", (_what, run) => {
    expect(parseScheduledRunName(run)).toBeUndefined();
  });

  it("of one job is not that of a job whose name begins like it", () => {
    expect(parseScheduledRunName("report-daily-20261123T0700Z")?.job).toBe("report-daily");
  });
});

describe("the longest names", () => {
  const longest = { job: "j".repeat(40), event: "e".repeat(15), atMs: at, nth: 20 };

  it("are run ids, also when they are replayed, and never look like a replay", () => {
    const names = [
      scheduledRunName(longest.job, at),
      eventRunName(longest),
      scheduledRunName("job-r2", at),
      eventRunName({ ...longest, nth: 2 }),
    ];
    expect(names.map((run) => [isRunId(run), isRunId(`${run}-r99`), executionOf(run).number])).toEqual(names.map(() => [true, true, 1]));
  });
});
