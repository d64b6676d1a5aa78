// Inputs that AdmitRun refuses, as an operator gives them to StartExecution: all faults at once, nothing issued, and a redrive says the same.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Operator } from "./operator.ts";
import { type RunAccount, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const good = { job: "trial", admin: "alice", parameters: { act: "succeed" } };
const codeFault = 'mfaCode: must be the six digits as text, or {"sealed": base64 of at most 8192 characters}';
const objectFault = (kind: string): string => `input: must be a JSON object such as {"job": "…", "admin": "…"}, not ${kind}`;
const acts = 'Invalid option: expected one of "succeed"|"exit"|"die"|"hang"';

/** What, the input (text is sent as it is), every fault. */
const refusals: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["a list", "[1]", [objectFault("a list")]],
  ["text", '"credential-report"', [objectFault("a string")]],
  ["a number", "7", [objectFault("a number")]],
  ["null", "null", [objectFault("null")]],
  ["an empty object", {}, ["job: missing; the catalogue has credential-report, disable-access-key, trial", "admin: missing"]],
  [
    "an unknown field",
    { ...good, mfacode: "123456" },
    ['"mfacode": unknown field; a run takes job, admin, mfaCode, parameters, reason, resume'],
  ],
  [
    "a way past admission",
    { resume: { at: "AuthorizeSubmission" }, ...good },
    [
      'resume."at": unknown field; resume takes run, from, outputs',
      "resume.run: must be the id of the run that is replayed, without the -r2 of a replay, and at most 76 characters long",
      "resume.from: nothing is no state to resume at; those are AdmitRun, RequestMfa, ValidateMfa, RetrieveCredentials, AuthorizeSubmission",
    ],
  ],
  [
    "an unknown job",
    { ...good, job: "reports" },
    ['job: "reports" is not in the catalogue, which has credential-report, disable-access-key, trial'],
  ],
  [
    "a job of the language's",
    { ...good, job: "__proto__" },
    ['job: "__proto__" is not in the catalogue, which has credential-report, disable-access-key, trial'],
  ],
  [
    "a job that is no text",
    { ...good, job: ["trial"] },
    ["job: must be text, not a list; the catalogue has credential-report, disable-access-key, trial"],
  ],
  ["no admin", { job: "credential-report" }, ["admin: missing; credential-report may be launched by alice"]],
  [
    "an unknown admin",
    { ...good, admin: "mallory" },
    ['admin: "mallory" is not one of the configured admins; look at admins in keyturn.config.ts'],
  ],
  [
    "an admin who is not assigned",
    { job: "credential-report", admin: "bob" },
    ["admin: bob may not launch credential-report; alice may (admins in jobs/credential-report/job.ts)"],
  ],
  ["parameters that are no object", { ...good, parameters: "act=exit" }, ["parameters: must be a JSON object, not a string"]],
  ["a missing parameter", { ...good, parameters: {} }, ["parameters.act: missing"]],
  ["a parameter of no allowed value", { ...good, parameters: { act: "explode" } }, [`parameters.act: ${acts}`]],
  [
    "a parameter of another type",
    { job: "credential-report", admin: "alice", parameters: { maxKeyAgeDays: "90" } },
    ["parameters.maxKeyAgeDays: Invalid input: expected number, received string"],
  ],
  [
    "a parameter out of range",
    { job: "credential-report", admin: "alice", parameters: { unusedDays: 0 } },
    ["parameters.unusedDays: Too small: expected number to be >=1"],
  ],
  [
    "a parameter that breaks its pattern",
    { job: "credential-report", admin: "alice", parameters: { pathPrefix: "keyturn" } },
    ["parameters.pathPrefix: must begin and end with / (as /keyturn/)"],
  ],
  [
    "an unknown parameter",
    { ...good, parameters: { act: "succeed", fast: true } },
    ["parameters.fast: unknown; trial takes act, text, note, breaks"],
  ],
  [
    "a parameter of the language's",
    '{"job": "trial", "admin": "alice", "parameters": {"act": "succeed", "__proto__": {"text": "x"}}}',
    ["parameters.__proto__: unknown; trial takes act, text, note, breaks"],
  ],
  [
    "a parameter that is too long",
    { ...good, parameters: { act: "succeed", text: "x".repeat(2001) } },
    ["parameters.text: Too big: expected string to have <=2000 characters"],
  ],
  [
    "parameters that are too long together",
    { ...good, parameters: { act: "succeed", text: "x".repeat(1500), note: "y".repeat(1500) } },
    ["parameters: 3056 characters of JSON; at most 2048"],
  ],
  [
    "a parameter that no command line can hold",
    { ...good, parameters: { act: "succeed", text: "one\u0000two" } },
    ["parameters.text: must be without control characters"],
  ],
  ["a code of letters", { ...good, mfaCode: "12345a" }, [codeFault]],
  ["a code of five digits", { ...good, mfaCode: "12345" }, [codeFault]],
  ["a code of seven digits", { ...good, mfaCode: "1234567" }, [codeFault]],
  ["a code that is a number", { ...good, mfaCode: 123456 }, [codeFault]],
  ["a code of other digits", { ...good, mfaCode: "١٢٣٤٥٦" }, [codeFault]],
  ["a sealed code that is no base64", { ...good, mfaCode: { sealed: "%%%" } }, [codeFault]],
  ["a sealed code with something beside it", { ...good, mfaCode: { sealed: "AAAA", plain: "123456" } }, [codeFault]],
  ["an empty reason", { ...good, reason: "  " }, ["reason: is empty; leave it out or say why"]],
  ["a reason that is too long", { ...good, reason: "x".repeat(257) }, ["reason: 257 characters; at most 256"]],
  [
    "a reason with a second line",
    { ...good, reason: "routine\nReason: approved" },
    ["reason: must be one line without control characters"],
  ],
  [
    "everything wrong at once",
    { job: "trial", admin: "mallory", parameters: { act: 1 }, mfaCode: "no", reason: 5, urgent: true },
    [
      '"urgent": unknown field; a run takes job, admin, mfaCode, parameters, reason, resume',
      'admin: "mallory" is not one of the configured admins; look at admins in keyturn.config.ts',
      `parameters.act: ${acts}`,
      "reason: must be text, not a number",
      codeFault,
    ],
  ],
];

describe("AdmitRun refuses, and again after a redrive,", () => {
  it.each(refusals)("%s", async (what, input, faults) => {
    const before = at.issued();
    const run = what.replaceAll(/[^a-z]+/g, "-");
    const { executionArn, rest } = await operator.run(input, run);
    const refused = {
      status: "FAILED",
      at: "AdmitRun",
      error: "InvalidRun",
      message: [
        `Run ${run} was not admitted: ${faults.length === 1 ? "1 fault" : `${faults.length} faults`}.`,
        ...faults.map((fault) => `- ${fault}`),
      ].join("\n"),
    };
    expect(rest).toEqual(refused);
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "AdmitRun", ...refused });
    expect(at.issued()).toEqual(before);
  });

  it("an execution name that Step Functions takes and Keyturn does not", async () => {
    const { executionArn, rest } = await operator.run(good, "run.1");
    const refused = {
      status: "FAILED",
      at: "AdmitRun",
      error: "InvalidRun",
      message: "The run was not admitted: 1 fault.\n- run: the execution name must be 1 to 80 characters of 0-9, A-Z, a-z, _ and -",
    };
    expect(rest).toEqual(refused);
    expect(await operator.redrive(executionArn)).toEqual({ resumesAt: "AdmitRun", ...refused });
  });
});

describe("StartExecution refuses by itself", () => {
  it.each([
    ["what is no JSON", "{job: trial}", "InvalidExecutionInput"],
    ["no input at all", "", "InvalidExecutionInput"],
    ["more than 262,144 bytes", JSON.stringify({ ...good, reason: "x".repeat(262_144) }), "ValidationException"],
  ])("%s", async (_what, input, name) => {
    await expect(operator.start(input)).rejects.toThrow(expect.objectContaining({ name }));
  });

  it("the name of a run that has ended", async () => {
    await operator.run({}, "once");
    await expect(operator.start({}, "once")).rejects.toThrow(expect.objectContaining({ name: "ExecutionAlreadyExists" }));
  });

  it("another input under the name of a run that goes on, and gives the same run for the same input", async () => {
    const { executionArn } = await operator.run(good, "goes-on");
    expect(await operator.start(good, "goes-on")).toBe(executionArn);
    await expect(operator.start({ ...good, reason: "other" }, "goes-on")).rejects.toThrow(
      expect.objectContaining({ name: "ExecutionAlreadyExists" }),
    );
  });
});
