import { describe, expect, it } from "vitest";
import { KeyturnError } from "../../../core/errors.ts";
import { orderDigest } from "../../../core/order.ts";
import { admitRun } from "../../../tasks/admit-run/task.ts";
import { deployedSample, sampleJob, sampleOrder, startedAt } from "../sample-job.ts";

const dependencies = { catalogue: [sampleJob], admins: ["alice", "bob", "carol"], plan: { "rotate-keys": deployedSample } };
const admit = (input: unknown, execution: unknown = "run-1-r2") => admitRun({ run: execution, startedAt, input }, dependencies);

const order = sampleOrder({ reason: "Keys are due" });
const session = { session: "kt1.a.b.c", expiresAt: "2026-11-21T08:15:00.000Z" };
const credentials = { credentials: "kt1.d.e.f", expiresAt: "2026-11-21T09:00:00.000Z" };
const fromState = (from: string, outputs?: object) => ({ resume: { run: "run-1", from, ...(outputs === undefined ? {} : { outputs }) } });

function faultsOf(input: unknown, execution?: unknown): readonly string[] {
  try {
    admit(input, execution);
  } catch (error) {
    if (!(error instanceof KeyturnError) || error.name !== "InvalidRun") throw error;
    return error.message.split("\n").slice(1);
  }
  throw new Error("was admitted");
}

describe("a replay is admitted with the order of the run that it replays", () => {
  it.each([
    ["RequestMfa", { AdmitRun: order }],
    ["ValidateMfa", { AdmitRun: order }],
    ["RetrieveCredentials", { AdmitRun: order, ValidateMfa: session }],
    ["AuthorizeSubmission", { AdmitRun: order, RetrieveCredentials: credentials }],
  ])("to resume at %s", (from, outputs) => {
    expect(admit({ ...fromState(from, outputs), mfaCode: "123456" }, "run-1-r7")).toEqual(order);
  });

  it("and a reason of its own, which no envelope is bound to", () => {
    const admitted = admit({ ...fromState("RequestMfa", { AdmitRun: order }), reason: "Once more" });
    expect(admitted).toEqual({ ...order, reason: "Once more" });
    expect(admitted.digest).toBe(order.digest);
  });

  it("or anew, from what was asked for, under the same run id", () => {
    const asked = { job: "rotate-keys", admin: "bob", parameters: { path: "team" } };
    expect(admit({ ...asked, ...fromState("AdmitRun") })).toMatchObject({
      run: "run-1",
      admin: "bob",
      parameters: { days: 30, path: "team" },
    });
  });
});

/** With a digest that fits, as a forger would write it. */
const forged = (change: object) => {
  const subject = { ...order, ...change };
  return { ...subject, digest: orderDigest(subject) };
};
const changed = (what: string): string =>
  `- resume.outputs.AdmitRun: ${what} from what would be admitted now, and an approval is for one order; resume at AdmitRun, with a new code`;
const notReturned = (state: string): string =>
  `- resume.outputs.${state}: is not what ${state} returned; take it from the history of the execution that is replayed`;

describe("a replay is refused", () => {
  it.each<[string, unknown, string[]]>([
    ["that is no object", { resume: "run-1" }, ["- resume: must be a JSON object with run, from, outputs, not a string"]],
    [
      "with an unknown member",
      { resume: { ...fromState("RequestMfa", { AdmitRun: order }).resume, at: "RunJob" } },
      ['- resume."at": unknown field; resume takes run, from, outputs'],
    ],
    [
      "of a run whose name the execution does not have",
      { resume: { run: "run-2", from: "RequestMfa", outputs: { AdmitRun: sampleOrder({ run: "run-2" }) } } },
      ["- resume.run: the execution that replays run run-2 must be named run-2-r2, or with the next number that is free"],
    ],
    [
      "of a replay",
      { resume: { run: "run-1-r2", from: "RequestMfa", outputs: { AdmitRun: order } } },
      ["- resume.run: must be the id of the run that is replayed, without the -r2 of a replay, and at most 76 characters long"],
    ],
    [
      "at RunJob: nobody hands a submission in",
      fromState("RunJob", { AdmitRun: order, AuthorizeSubmission: { submission: {} } }),
      [
        '- resume.from: "RunJob" is no state to resume at: what it submits comes from AuthorizeSubmission alone, so resume there; those are AdmitRun, RequestMfa, ValidateMfa, RetrieveCredentials, AuthorizeSubmission',
      ],
    ],
    [
      "at a state of the language's",
      fromState("constructor"),
      [
        '- resume.from: "constructor" is no state to resume at; those are AdmitRun, RequestMfa, ValidateMfa, RetrieveCredentials, AuthorizeSubmission',
      ],
    ],
    [
      "with a submission beside what it needs",
      fromState("AuthorizeSubmission", { AdmitRun: order, RetrieveCredentials: credentials, AuthorizeSubmission: { submission: {} } }),
      ['- resume.outputs."AuthorizeSubmission": unknown field; resume.outputs takes AdmitRun, RetrieveCredentials'],
    ],
    [
      "without what it needs",
      fromState("RetrieveCredentials", { AdmitRun: order }),
      ["- resume.outputs.ValidateMfa: missing; RetrieveCredentials needs those of AdmitRun and ValidateMfa"],
    ],
    ["without any output", fromState("RequestMfa"), ["- resume.outputs: missing; RequestMfa needs those of AdmitRun"]],
    [
      "with outputs that are not looked at",
      { job: "rotate-keys", admin: "alice", parameters: { path: "team" }, ...fromState("AdmitRun", { AdmitRun: order }) },
      ["- resume.outputs: AdmitRun needs none; leave them out"],
    ],
    ["with an order that is none", fromState("RequestMfa", { AdmitRun: { ...order, command: "sh" } }), [notReturned("AdmitRun")]],
    [
      "with a session that is no envelope",
      fromState("RetrieveCredentials", { AdmitRun: order, ValidateMfa: { ...session, session: "kt1.a.b" } }),
      [notReturned("ValidateMfa")],
    ],
    [
      "with credentials that say more",
      fromState("AuthorizeSubmission", { AdmitRun: order, RetrieveCredentials: { ...credentials, submission: {} } }),
      [notReturned("RetrieveCredentials")],
    ],
    [
      "with the order of another run",
      fromState("RequestMfa", { AdmitRun: sampleOrder({ run: "run-2" }) }),
      ['- resume.outputs.AdmitRun: is the order of run "run-2", not of run-1'],
    ],
    ["with a command of its own", fromState("RequestMfa", { AdmitRun: forged({ command: ["sh"] }) }), [changed("command differs")]],
    [
      "with the revision before",
      fromState("RequestMfa", { AdmitRun: forged({ jobDefinition: deployedSample.jobDefinition.replace(":3", ":2") }) }),
      [changed("jobDefinition differs")],
    ],
    [
      "with a digest that does not fit",
      fromState("RequestMfa", { AdmitRun: { ...order, digest: "0".repeat(64) } }),
      [changed("its digest differs")],
    ],
    [
      "for an admin who may not, in an order that says so",
      fromState("RequestMfa", { AdmitRun: forged({ admin: "carol" }) }),
      ["- admin: carol may not launch rotate-keys; alice, bob may (admins in jobs/rotate-keys/job.ts)"],
    ],
    [
      "with a job beside the order",
      { job: "rotate-keys", ...fromState("RequestMfa", { AdmitRun: order }) },
      ['- "job": unknown field; a run takes resume, mfaCode, reason'],
    ],
  ])("%s", (_, input, faults) => {
    expect(faultsOf(input)).toEqual(faults);
  });

  it("under a name that is no replay's", () => {
    expect(faultsOf(fromState("RequestMfa", { AdmitRun: order }), "run-1")).toEqual([
      "- resume.run: the execution that replays run run-1 must be named run-1-r2, or with the next number that is free",
    ]);
  });

  it("and so is any other run that has a replay's name", () => {
    expect(faultsOf({ job: "rotate-keys", admin: "alice", parameters: { path: "team" } })).toEqual([
      "- run: names that end in -r2 to -r99 are those of replays; choose another, or resume a run with it",
    ]);
  });
});
