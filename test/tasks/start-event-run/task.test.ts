import { describe, expect, it } from "vitest";
import { type EventRequest, startEventRun } from "../../../tasks/start-event-run/task.ts";

const request: EventRequest = {
  job: "report",
  name: "object",
  admin: "alice",
  reason: "Somebody put a request",
  perHour: 3,
  parameters: {},
  ingestedAtMs: Date.parse("2026-11-23T07:59:59Z"),
  event: { detail: { object: { key: "requests/a" }, size: 12 }, time: "2099-01-01T00:00:00Z" },
};

async function started(of: Partial<EventRequest>, taken: readonly string[] = []): Promise<{ run: string; input: object }> {
  let input: object = {};
  const start = async (run: string, given: object): Promise<"started" | "exists"> => {
    input = given;
    return taken.includes(run) ? "exists" : "started";
  };
  return { ...(await startEventRun({ ...request, ...of }, { start })), input };
}

describe("an event's run", () => {
  it("is named after job, event and the hour in which EventBridge took the event, not the event's own time", async () => {
    expect((await started({})).run).toBe("report-object-20261123T07Z-1");
  });

  it("takes the first name that is left", async () => {
    expect((await started({}, ["report-object-20261123T07Z-1", "report-object-20261123T07Z-2"])).run).toBe("report-object-20261123T07Z-3");
  });

  it("is none when every name of the hour is taken", async () => {
    const taken = [1, 2, 3].map((nth) => `report-object-20261123T07Z-${nth}`);
    await expect(started({}, taken)).rejects.toMatchObject({
      name: "TooManyEventRuns",
      message:
        "Event object of report has asked for its 3 runs of this hour; this one starts nothing. Start what is missing by hand, or raise perHour in jobs/report/job.ts.",
    });
  });

  it.each<[string, string, unknown]>([
    ["a text", "$.detail.object.key", "requests/a"],
    ["a number", "$.detail.size", 12],
    ["an object, for admission to refuse", "$.detail.object", { key: "requests/a" }],
  ])("gets %s from where the declaration says", async (_what, path, value) => {
    const { input } = await started({ parameters: { text: path } });
    expect(input).toEqual({ job: "report", admin: "alice", reason: "Somebody put a request", parameters: { text: value } });
  });

  it.each(["$.detail.none", "$.detail.object.key.length", "$.constructor", "$.__proto__", "$.detail.toString"])(
    "gets nothing from %s, which the event does not have",
    async (path) => {
      expect((await started({ parameters: { text: path } })).input).toEqual({
        job: "report",
        admin: "alice",
        reason: "Somebody put a request",
      });
    },
  );
});
