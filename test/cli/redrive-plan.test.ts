import { describe, expect, it } from "vitest";
import type { RunView } from "../../cli/local/follow-run.ts";
import { planRedrive, type RedriveFacts } from "../../cli/runs/redrive-plan.ts";
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

const planned = (view: RunView, of: Partial<RedriveFacts> = {}) =>
  planRedrive({ run: "run-1", view, hasOtherDefinition: false, nowMs: now, flags: " --local", ...of });

const kept = (...names: string[]) => names.map((name) => `${name} kept`);

describe("a redrive that resumes in", () => {
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
    expect(plan.code.needed).toBe(needed);
    expect(plan.states.map(({ name, does }) => `${name} ${does}`)).toEqual(states);
  });
});

describe("no redrive", () => {
  const again = "keyturn run rotate-keys --admin alice --param 'path=it'\\''s' --param days=3 --reason 'Keys are due' --local";

  it.each<[string, RunView, Partial<RedriveFacts>, string, string[]]>([
    [
      "of a run that goes on",
      { ...failedIn("RunJob"), status: "RUNNING" },
      {},
      "Run run-1 is still going.",
      ["keyturn status run-1 --local", "keyturn stop run-1 --local"],
    ],
    [
      "of a run that succeeded",
      { ...failedIn("RunJob"), status: "SUCCEEDED" },
      {},
      "Run run-1 has succeeded; nothing of it failed.",
      [again],
    ],
    [
      "a second after 14 days",
      { ...failedIn("RunJob"), endedAtMs: now - 14 * 24 * 60 * minute - 1000 },
      {},
      "Run run-1 ended on 2026-11-07 11:59:59 UTC, and Step Functions redrives a run for 14 days.",
      [again],
    ],
    [
      "where Step Functions refuses",
      failedIn("RunJob"),
      { refusal: "Execution is pending" },
      "Step Functions would refuse: Execution is pending.",
      [again],
    ],
    [
      "of another workflow",
      failedIn("RunJob"),
      { hasOtherDefinition: true },
      "The workflow has been deployed anew since: a redrive would play the old definition against today's roles and functions.",
      [again],
    ],
  ])("%s: it says why, and what to do instead", (_, view, of, why, instead) => {
    expect(planned(view, of)).toEqual({ possible: false, why, instead });
  });
});
