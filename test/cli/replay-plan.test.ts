import { describe, expect, it } from "vitest";
import type { RunView } from "../../cli/local/follow-run.ts";
import { planReplay, type ReplayFacts } from "../../cli/runs/replay-plan.ts";
import type { StateVisit } from "../../core/run-history.ts";

const now = Date.UTC(2026, 10, 21, 12);
const minute = 60_000;
const inMinutes = (minutes: number): string => new Date(now + minutes * minute).toISOString();

const order = {
  run: "run-1",
  job: "rotate-keys",
  admin: "alice",
  parameters: { path: "it's", days: 3 },
  command: ["--days=3"],
  jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
  reason: "Keys are due",
  jobRole: "arn:aws:iam::111122223333:role/BatchRoleRotateKeys",
  jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/keyturn",
  // 15 minutes in the queue and two attempts of 10: 35 minutes at most.
  timeoutSeconds: 600,
  attempts: 2,
  queueSeconds: 900,
  credentialSeconds: 2460,
  credentialsWouldEndAt: inMinutes(41),
  digest: "a".repeat(64),
};

const visit = (name: string, payload?: object): StateVisit => ({
  name,
  enteredAtMs: now - 5 * minute,
  leftAtMs: now - 5 * minute,
  redrive: 0,
  isWaiting: false,
  ...(payload === undefined ? {} : { taskOutput: { Payload: payload } }),
});

/** Visits up to the state that failed; session and credentials end in so many minutes. */
function failedIn(state: string, { session = 10, credentials = 60 } = {}): RunView {
  const all = [
    visit("AdmitRun", order),
    visit("HasMfaCode"),
    visit("ValidateMfa", { session: "kt1", expiresAt: inMinutes(session) }),
    visit("RetrieveCredentials", { credentials: "kt1", expiresAt: inMinutes(credentials) }),
    visit("AuthorizeSubmission", { submission: {} }),
    visit("RunJob"),
  ];
  const at = state === "RequestMfa" ? 2 : all.findIndex(({ name }) => name === state);
  const visits = [...all.slice(0, at), visit(state)];
  return { visits, status: "FAILED", startedAtMs: now - 9 * minute, endedAtMs: now - 5 * minute, redrivenAtMs: [], input: {} };
}

const planned = (view: RunView, of: Partial<ReplayFacts> = {}) =>
  planReplay({
    of: { run: "run-1", execution: "run-1", number: 1 },
    view,
    hasOtherDefinition: false,
    jobDefinition: order.jobDefinition,
    nowMs: now,
    flags: " --local",
    ...of,
  });

const kept = (...names: string[]) => names.map((name) => `${name} kept`);

describe("a run that failed in", () => {
  it.each<[string, RunView, boolean, string[]]>([
    [
      "AdmitRun",
      failedIn("AdmitRun"),
      true,
      ["AdmitRun runs again", "RequestMfa runs", "ValidateMfa runs", "RetrieveCredentials runs", "AuthorizeSubmission runs", "RunJob runs"],
    ],
    [
      "RequestMfa",
      failedIn("RequestMfa"),
      true,
      [
        ...kept("AdmitRun"),
        "RequestMfa runs again",
        "ValidateMfa runs",
        "RetrieveCredentials runs",
        "AuthorizeSubmission runs",
        "RunJob runs",
      ],
    ],
    [
      "ValidateMfa",
      failedIn("ValidateMfa"),
      true,
      [
        ...kept("AdmitRun"),
        "RequestMfa runs",
        "ValidateMfa runs again",
        "RetrieveCredentials runs",
        "AuthorizeSubmission runs",
        "RunJob runs",
      ],
    ],
    [
      "RetrieveCredentials, while the session lives,",
      failedIn("RetrieveCredentials"),
      false,
      [...kept("AdmitRun", "ValidateMfa"), "RetrieveCredentials runs again", "AuthorizeSubmission runs", "RunJob runs"],
    ],
    [
      "RetrieveCredentials, after the session,",
      failedIn("RetrieveCredentials", { session: -1 }),
      true,
      [
        ...kept("AdmitRun"),
        "RequestMfa runs",
        "ValidateMfa runs again",
        "RetrieveCredentials runs again",
        "AuthorizeSubmission runs",
        "RunJob runs",
      ],
    ],
    [
      "AuthorizeSubmission",
      failedIn("AuthorizeSubmission"),
      false,
      [...kept("AdmitRun", "ValidateMfa", "RetrieveCredentials"), "AuthorizeSubmission runs again", "RunJob runs"],
    ],
    [
      "RunJob, while the credentials outlive the job,",
      failedIn("RunJob", { credentials: 35 }),
      false,
      [...kept("AdmitRun", "ValidateMfa", "RetrieveCredentials", "AuthorizeSubmission"), "RunJob runs again"],
    ],
    [
      "RunJob, when they would end before it,",
      failedIn("RunJob", { credentials: 34 }),
      true,
      [
        ...kept("AdmitRun"),
        "RequestMfa runs",
        "ValidateMfa runs again",
        "RetrieveCredentials runs again",
        "AuthorizeSubmission runs again",
        "RunJob runs again",
      ],
    ],
    [
      "RunJob, when they have ended,",
      failedIn("RunJob", { credentials: -1 }),
      true,
      [
        ...kept("AdmitRun"),
        "RequestMfa runs",
        "ValidateMfa runs again",
        "RetrieveCredentials runs again",
        "AuthorizeSubmission runs again",
        "RunJob runs again",
      ],
    ],
  ])("%s says what is kept, what runs, and whether a code is needed", (_, view, needed, states) => {
    const plan = planned(view);
    if (!plan.possible) throw new Error(plan.why);
    // What can go on as it is is redriven; a code is given to a new execution.
    expect([plan.code.needed, plan.way]).toEqual([needed, needed ? "resume" : "redrive"]);
    expect(plan.states.map(({ name, does }) => `${name} ${does}`)).toEqual(states);
  });
});

const last = (view: RunView, name: string): RunView => ({ ...view, failure: { name, cause: "" } });
const succeeded: RunView = { ...failedIn("RunJob"), status: "SUCCEEDED" };

describe("a new execution", () => {
  const alive = failedIn("RunJob");
  const redeployed = "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:4";

  it.each<[string, RunView, Partial<ReplayFacts>, { at: string; code: boolean; why: string }]>([
    [
      "a second after 14 days",
      { ...failedIn("RunJob", { credentials: -1 }), endedAtMs: now - 14 * 24 * 60 * minute - 1000 },
      {},
      {
        at: "RequestMfa",
        code: true,
        why: "It ended on 2026-11-07 11:59:59 UTC, and Step Functions redrives an execution for 14 days.",
      },
    ],
    [
      "where Step Functions would refuse",
      alive,
      { refusal: "Execution is pending" },
      { at: "AuthorizeSubmission", code: false, why: "Step Functions would refuse to redrive execution run-1: Execution is pending." },
    ],
    [
      "once the workflow has changed",
      alive,
      { hasOtherDefinition: true },
      {
        at: "AuthorizeSubmission",
        code: false,
        why: "The workflow has been deployed anew since: a redrive would play the old definition against today's roles and functions.",
      },
    ],
    [
      "once the job has changed: the old approval is not for it",
      alive,
      { jobDefinition: redeployed },
      {
        at: "AdmitRun",
        code: true,
        why: "The job has been deployed anew since: its definition was revision 3, and is 4 now.",
      },
    ],
    [
      "once the job is gone: AdmitRun will say so",
      alive,
      { jobDefinition: undefined },
      { at: "AdmitRun", code: true, why: "Job rotate-keys is not deployed any more." },
    ],
    [
      "from an earlier state",
      alive,
      { from: "RetrieveCredentials" },
      { at: "RetrieveCredentials", code: false, why: "It ended in RunJob, and you want it from RetrieveCredentials on." },
    ],
    [
      "from an earlier state, whose session has ended",
      failedIn("RunJob", { session: -1 }),
      { from: "RetrieveCredentials" },
      { at: "RequestMfa", code: true, why: "It ended in RunJob, and you want it from RetrieveCredentials on." },
    ],
    [
      "of a run that succeeded, where somebody insists",
      succeeded,
      { isForced: true },
      { at: "RequestMfa", code: true, why: "It has succeeded, and is run once more because you said so." },
    ],
    [
      "of what was refused, where somebody insists",
      last(failedIn("AdmitRun"), "InvalidRun"),
      { from: "AdmitRun" },
      { at: "AdmitRun", code: true, why: "It cannot go on as it is, but with a fresh code, which a redrive does not take." },
    ],
  ])("goes on %s", (_, view, of, { at, code, why }) => {
    expect(planned(view, of)).toMatchObject({ possible: true, way: "resume", resumesAt: at, code: { needed: code }, why });
  });

  const takenOver = (from: string, visits: readonly StateVisit[]): RunView => ({
    ...failedIn("RunJob"),
    input: {
      resume: {
        run: "run-1",
        from,
        outputs: { AdmitRun: order, RetrieveCredentials: { credentials: "kt1", expiresAt: inMinutes(60) } },
      },
    },
    visits,
  });

  it("of a replay that came no further than AdmitRun goes on where that was to resume", () => {
    const view = takenOver("AuthorizeSubmission", [visit("AdmitRun")]);
    expect(planned(view)).toMatchObject({ possible: true, way: "redrive", resumesAt: "AuthorizeSubmission", code: { needed: false } });
  });

  it("of a replay takes over what that had taken over", () => {
    const view = takenOver("AuthorizeSubmission", [
      visit("AdmitRun", order),
      visit("ResumeAt"),
      visit("AuthorizeSubmission"),
      visit("RunJob"),
    ]);
    const plan = planned(view, { of: { run: "run-1", execution: "run-1-r2", number: 2 }, hasOtherDefinition: true });
    expect(plan).toMatchObject({ possible: true, way: "resume", resumesAt: "AuthorizeSubmission", code: { needed: false } });
  });
});

describe("no replay", () => {
  const again = "keyturn run rotate-keys --admin alice --param 'path=it'\\''s' --param days=3 --reason 'Keys are due' --local";
  const insisting = 'keyturn replay run-1 --local --force --reason "Why once more"';

  it.each<[string, RunView, Partial<ReplayFacts>, string, string[]]>([
    [
      "of a run that goes on",
      { ...failedIn("RunJob"), status: "RUNNING" },
      {},
      "Run run-1 is still going.",
      ["keyturn status run-1 --local", "keyturn stop run-1 --local"],
    ],
    ["of a run that succeeded", succeeded, {}, "Run run-1 has succeeded; nothing of it failed.", [insisting, again]],
    [
      "of a run that succeeded, with what its code had opened",
      succeeded,
      { isForced: true, from: "RunJob" },
      "Run run-1 has succeeded, so what its code opened has served; once more takes a fresh code, and so no later state than ValidateMfa.",
      [insisting, again],
    ],
    [
      "from a state that it never came to",
      failedIn("ValidateMfa"),
      { from: "RunJob" },
      "Run run-1 never came to RunJob: it ended in ValidateMfa.",
      ["keyturn replay run-1 --local --plan", again],
    ],
    [
      "of a changed job with what was approved before",
      failedIn("RunJob"),
      { jobDefinition: order.jobDefinition.replace(":3", ":4"), from: "RunJob" },
      "The job has been deployed anew since: its definition was revision 3, and is 4 now, and an approval is for one order.",
      ["keyturn replay run-1 --local --from AdmitRun", again],
    ],
    [
      "of what AdmitRun refused",
      last({ ...failedIn("AdmitRun"), input: { job: "rotate-keys", admin: "bob" } }, "InvalidRun"),
      {},
      "AdmitRun refused what run run-1 was started with, and would again.",
      ["keyturn replay run-1 --local --from AdmitRun", "keyturn run rotate-keys --admin bob --local"],
    ],
    [
      "of a run that has had all its executions",
      failedIn("ValidateMfa"),
      { of: { run: "run-1", execution: "run-1-r99", number: 99 } },
      "Run run-1 has had 99 executions, and there is no name for more.",
      [again],
    ],
  ])("%s: it says why, and what to do instead", (_, view, of, why, instead) => {
    expect(planned(view, of)).toEqual({ possible: false, why, instead });
  });
});
