import { beforeAll, describe, expect, it } from "vitest";
import type { DemoResult } from "../../cli/local/demo-result.ts";
import { type Ended, keyturn } from "./keyturn-process.ts";

const invokedUnder: Readonly<Record<string, string>> = {
  AdmitRun: "InvokeAdmitRun",
  RequestMfa: "InvokeRequestMfa",
  ValidateMfa: "InvokeValidateMfa",
  RetrieveCredentials: "InvokeRetrieveCredentials",
  AuthorizeSubmission: "InvokeAuthorizeSubmission",
  RunJob: "RunJobRole",
};

describe("keyturn local demo --json", () => {
  let ended: Ended;
  let result: DemoResult;

  beforeAll(async () => {
    ended = await keyturn("local", "demo", "--json");
    result = JSON.parse(ended.stdout) as DemoResult;
  });

  it("ends with 0 and prints one document and nothing else", () => {
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toBe(`${JSON.stringify(result)}\n`);
    expect(Object.keys(result)).toEqual(["run", "status", "states", "job", "outputs", "refusals", "timings"]);
    expect(result.status).toBe("SUCCEEDED");
  });

  it("goes through every state, each under its own role, the second code past the first", () => {
    expect(result.states.map(({ name }) => name)).toEqual([
      "AdmitRun",
      "ValidateMfa",
      "RequestMfa",
      "ValidateMfa",
      "RetrieveCredentials",
      "AuthorizeSubmission",
      "RunJob",
    ]);
    for (const { name, role, durationMs } of result.states) {
      expect(role).toBe(invokedUnder[name]);
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
  });

  it("tells cold from warm", () => {
    expect(result.states.filter(({ name }) => name === "ValidateMfa").map(({ cold }) => cold)).toEqual([true, false]);
    expect(result.states.find(({ name }) => name === "RunJob")).not.toHaveProperty("cold");
  });

  it("ran the job once, and it wrote a CSV and a JSON file", () => {
    expect(result.job).toEqual({ id: expect.any(String) as string, exitCode: 0, attempts: 1 });
    expect(result.outputs).toEqual(
      ["csv", "json"].map((ending) => ({
        bucket: "keyturn-credential-report-111122223333-us-east-1",
        key: `${result.run}/credential-report.${ending}`,
        bytes: expect.any(Number) as number,
      })),
    );
  });

  it("was refused four times on the way, by those who should refuse", () => {
    expect(result.refusals.map(({ what }) => what)).toEqual([
      "a wrong code",
      "the operator reading alice's secret",
      "the same code in a second run",
      "the job submitted by hand with another command",
    ]);
    const [wrong, secret, spent, byHand] = result.refusals.map(({ error }) => error);
    expect(wrong).toMatch(/^MfaRejected: /);
    expect(secret).toMatch(/^AccessDeniedException: .*is not authorized to perform: secretsmanager:GetSecretValue/);
    expect(spent).toMatch(/^MfaRejected: .*\d+ s/);
    expect(byHand).toMatch(/EnvelopeUnopenable.*InvalidCiphertextException/);
  });
});

describe("keyturn local demo", () => {
  it("tells a person the same, in lines that fit", async () => {
    const { code, stdout, stderr } = await keyturn("local", "demo");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of ["AuthorizeSubmission", "InvokeValidateMfa", "cold", "warm", "user", "alice", "credential-report.csv", "refused"]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toMatch(/^ {2}user +MFA +password +keys +oldest key +last used +findings$/m);
    expect(stdout).toMatch(/^ {2}alice +yes +no +1 +0 d +0 d +none$/m);
    expect(stdout).not.toContain("\u001b");
    expect(stdout.split("\n").filter((line) => line.length > 100 && line.includes(" ", 30))).toEqual([]);
  });

  it("stops everything when nobody reads on", async () => {
    const { startKeyturn } = await import("./keyturn-process.ts");
    const started = startKeyturn(["local", "demo"]);
    await started.firstLine;
    started.process.stdout.destroy();
    const { code, stderr } = await started.ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "Interrupted; everything that was started is stopped.\n" });
  });

  it("stops everything when it is interrupted", async () => {
    const { startKeyturn } = await import("./keyturn-process.ts");
    const started = startKeyturn(["local", "demo"]);
    await started.firstLine;
    started.process.kill("SIGINT");
    await expect(started.ended).resolves.toMatchObject({ code: 1, stderr: "Interrupted; everything that was started is stopped.\n" });
  });
});
