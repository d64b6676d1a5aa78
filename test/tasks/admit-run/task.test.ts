import { describe, expect, it } from "vitest";
import { KeyturnError } from "../../../core/errors.ts";
import { admitRun } from "../../../tasks/admit-run/task.ts";
import { deployedSample, sampleJob, startedAt } from "../sample-job.ts";

const dependencies = { catalogue: [sampleJob], admins: ["alice", "bob", "carol"], plan: { "rotate-keys": deployedSample } };
const good = { job: "rotate-keys", admin: "alice", parameters: { path: "team" } };

const admit = (input: unknown, run: unknown = "run-1") => admitRun({ run, startedAt, input }, dependencies);

function faultsOf(input: unknown, run?: unknown): readonly string[] {
  try {
    admit(input, run);
  } catch (error) {
    if (!(error instanceof KeyturnError) || error.name !== "InvalidRun") throw error;
    return error.message.split("\n");
  }
  throw new Error("was admitted");
}

describe("admission", () => {
  it("returns the order with defaults resolved, the command, and what will be used", () => {
    expect(admit({ ...good, reason: "Keys are due", mfaCode: "123456" })).toEqual({
      run: "run-1",
      job: "rotate-keys",
      admin: "alice",
      parameters: { days: 30, path: "team" },
      command: ["--days=30", "--path=team"],
      jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
      reason: "Keys are due",
      jobRole: "arn:aws:iam::111122223333:role/BatchRoleRotateKeys",
      jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/keyturn",
      timeoutSeconds: 600,
      attempts: 3,
      queueSeconds: 900,
      // 900 + 3 × (600 + 120) + 120
      credentialSeconds: 3180,
      credentialsWouldEndAt: "2026-11-21T08:53:00.000Z",
      // sha256sum over the subject's canonical JSON written out by hand.
      digest: "6e34b84bf431de492fe8b8a5a2e3f6985d7f656f9b73df7c868687ff74c7a324",
    });
  });

  it("leaves out what was not given: no reason, no optional parameter, and never the code", () => {
    const order = admit({ ...good, mfaCode: { sealed: "QUJD" } });
    expect(Object.hasOwn(order, "reason")).toBe(false);
    expect(Object.keys(order.parameters)).toEqual(["days", "path"]);
    expect(JSON.stringify(order)).not.toContain("QUJD");
  });

  it.each([
    ["six digits", "000000"],
    ["a sealed code", { sealed: "QUJDRA==" }],
    ["the longest sealed code", { sealed: "QUJD".repeat(2048) }],
  ])("takes %s as the code", (_what, mfaCode) => {
    expect(admit({ ...good, mfaCode }).run).toBe("run-1");
  });

  it.each<[string, unknown, string]>([
    ["a list", [good], 'input: must be a JSON object such as {"job": "…", "admin": "…"}, not a list'],
    ["null", null, 'input: must be a JSON object such as {"job": "…", "admin": "…"}, not null'],
    ["text", "run it", 'input: must be a JSON object such as {"job": "…", "admin": "…"}, not a string'],
    ["an unknown field", { ...good, force: true }, '"force": unknown field; a run takes job, admin, mfaCode, parameters, reason, resume'],
    [
      "a field that every object has",
      JSON.parse('{"__proto__": {}, "job": "rotate-keys", "admin": "alice", "parameters": {"path": "team"}}'),
      '"__proto__": unknown field; a run takes job, admin, mfaCode, parameters, reason, resume',
    ],
    ["no job", { ...good, job: undefined }, "job: missing; the catalogue has rotate-keys"],
    ["a job that is a number", { ...good, job: 7 }, "job: must be text, not a number; the catalogue has rotate-keys"],
    ["an unknown job", { ...good, job: "rotate-key" }, 'job: "rotate-key" is not in the catalogue, which has rotate-keys'],
    ["a job that every object has", { ...good, job: "constructor" }, 'job: "constructor" is not in the catalogue, which has rotate-keys'],
    ["no admin", { ...good, admin: undefined }, "admin: missing; rotate-keys may be launched by alice, bob"],
    [
      "an admin that is a list",
      { ...good, admin: ["alice"] },
      "admin: must be text, not a list; rotate-keys may be launched by alice, bob",
    ],
    [
      "an unknown admin",
      { ...good, admin: "mallory" },
      'admin: "mallory" is not one of the configured admins; look at admins in keyturn.config.ts',
    ],
    [
      "an admin of other jobs",
      { ...good, admin: "carol" },
      "admin: carol may not launch rotate-keys; alice, bob may (admins in jobs/rotate-keys/job.ts)",
    ],
    ["parameters that are a list", { ...good, parameters: ["team"] }, "parameters: must be a JSON object, not a list"],
    ["no parameters where one is needed", { ...good, parameters: undefined }, "parameters.path: missing"],
    [
      "an unknown parameter",
      { ...good, parameters: { path: "team", day: 3 } },
      "parameters.day: unknown; rotate-keys takes days, path, dryRun",
    ],
    [
      "a number as text",
      { ...good, parameters: { path: "team", days: "3" } },
      "parameters.days: Invalid input: expected number, received string",
    ],
    ["a number too large", { ...good, parameters: { path: "team", days: 366 } }, "parameters.days: Too big: expected number to be <=365"],
    ["a fraction", { ...good, parameters: { path: "team", days: 1.5 } }, "parameters.days: Invalid input: expected int, received number"],
    [
      "a text too long",
      { ...good, parameters: { path: "p".repeat(21) } },
      "parameters.path: Too big: expected string to have <=20 characters",
    ],
    [
      "a nested parameter",
      { ...good, parameters: { path: { is: "team" } } },
      "parameters.path: Invalid input: expected string, received object",
    ],
    ["a parameter with a NUL", { ...good, parameters: { path: "a\0b" } }, "parameters.path: must be without control characters"],
    ["a parameter with half an emoji", { ...good, parameters: { path: "\ud83d" } }, "parameters.path: must be without control characters"],
    ["a reason that is a number", { ...good, reason: 7 }, "reason: must be text, not a number"],
    ["an empty reason", { ...good, reason: "  " }, "reason: is empty; leave it out or say why"],
    ["a reason too long", { ...good, reason: "r".repeat(257) }, "reason: 257 characters; at most 256"],
    ["a reason of two lines", { ...good, reason: "due\nAnswer by: never" }, "reason: must be one line without control characters"],
    ["a reason that turns the text round", { ...good, reason: "due \u202eecila" }, "reason: must be one line without control characters"],
    [
      "five digits",
      { ...good, mfaCode: "12345" },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "a code as a number",
      { ...good, mfaCode: 123456 },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "six other digits",
      { ...good, mfaCode: "١٢٣٤٥٦" },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "an empty sealed code",
      { ...good, mfaCode: { sealed: "" } },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "no base64",
      { ...good, mfaCode: { sealed: "QUJ" } },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "a sealed code too long",
      { ...good, mfaCode: { sealed: "QUJD".repeat(2049) } },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "a sealed code with more",
      { ...good, mfaCode: { sealed: "QUJD", code: "123456" } },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
    [
      "a null code",
      { ...good, mfaCode: null },
      'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ],
  ])("refuses %s, in one message that says what", (_what, input, fault) => {
    expect(faultsOf(input)).toEqual(["Run run-1 was not admitted: 1 fault.", `- ${fault}`]);
  });

  it.each(["", "a/b", "r".repeat(81), 7, null])("refuses the run id %j", (run) => {
    expect(faultsOf(good, run)).toEqual([
      "The run was not admitted: 1 fault.",
      "- run: the execution name must be 1 to 80 characters of 0-9, A-Z, a-z, _ and -",
    ]);
  });

  it("names every fault at once", () => {
    const input = { job: "rotate-keys", admin: "carol", parameters: { days: 0, day: 1 }, reason: "", mfaCode: "1", force: 1 };
    expect(faultsOf(input, "a b")).toEqual([
      "The run was not admitted: 8 faults.",
      "- run: the execution name must be 1 to 80 characters of 0-9, A-Z, a-z, _ and -",
      '- "force": unknown field; a run takes job, admin, mfaCode, parameters, reason, resume',
      "- admin: carol may not launch rotate-keys; alice, bob may (admins in jobs/rotate-keys/job.ts)",
      "- parameters.days: Too small: expected number to be >=1",
      "- parameters.path: missing",
      "- parameters.day: unknown; rotate-keys takes days, path, dryRun",
      "- reason: is empty; leave it out or say why",
      '- mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}',
    ]);
  });

  it("never repeats a code or a parameter's value", () => {
    const message = faultsOf({ ...good, mfaCode: "9876543", parameters: { path: "hunter2-hunter2-hunter2" } }).join("\n");
    expect(message).not.toContain("9876543");
    expect(message).not.toContain("hunter2");
  });

  it("refuses a job of the catalogue that is not deployed", () => {
    const undeployed = { ...dependencies, plan: {} };
    expect(() => admitRun({ run: "run-1", startedAt, input: good }, undeployed)).toThrow(
      "- job: rotate-keys is in the catalogue but not deployed; deploy the jobs and workflow stacks",
    );
  });
});
