// Claim 11 by attack: after a good run and after each kind of bad one, every secret of the account is searched for wherever somebody could look.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from "vitest";
import { DemoActs } from "../../cli/local/demo-acts.ts";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import { jobRoleName } from "../../core/naming.ts";
import { passTime } from "../runs/recorded-runs.ts";
import { AccountSecrets } from "./account-secrets.ts";
import { startAttackedAccount } from "./attacked-account.ts";
import { found, foundCodes } from "./leak-search.ts";
import { type LeakyRuns, leakyRuns } from "./leaky-runs.ts";
import { ProcessWatch, type SeenProcess } from "./process-watch.ts";
import { filesBelow, missedStarts, publicPlaces } from "./public-places.ts";

let runs: LeakyRuns;
let watch: ProcessWatch;
let seen: readonly SeenProcess[] = [];
let temporary: string;
const printed: MockInstance[] = [];
const tmpBefore = process.env["TMPDIR"];

beforeAll(async () => {
  // Whatever is written to the folder for temporary files is written to this one, and can be read as a whole.
  temporary = mkdtempSync(join(tmpdir(), "keyturn-leaks-"));
  process.env["TMPDIR"] = temporary;
  for (const method of ["log", "info", "warn", "error", "debug"] as const) printed.push(vi.spyOn(console, method));
  const at = await startAttackedAccount();
  watch = new ProcessWatch();
  runs = { at, secrets: new AccountSecrets(at), acts: new DemoActs(at, new AbortController().signal), codes: [] };
});

afterAll(async () => {
  watch?.stop();
  runs?.acts.destroy();
  await runs?.at.emulator.stop();
  if (tmpBefore === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = tmpBefore;
  rmSync(temporary, { recursive: true, force: true });
});

const holdCodes = [
  "every log",
  "the table of attempts",
  "what was sent to people",
  "what Batch shows of its jobs",
  "the buckets",
  "the records",
  "CloudTrail's event history",
];

describe.each(Object.entries(leakyRuns))("%s", (_title, { ends, act }) => {
  it("ends as it should", async () => {
    expect(await act(runs)).toMatch(ends);
    // What a run's end sets going leaves traces too.
    await runs.at.emulator.settled();
  });

  it.each(Object.entries(publicPlaces))("leaves no secret in %s", async (place, read) => {
    const text = await read(runs.at);
    expect(found(text, runs.secrets.all())).toEqual([]);
    if (holdCodes.includes(place)) expect(foundCodes(text, runs.codes)).toEqual([]);
  });
});

describe("after all of them", () => {
  it("the records, which waited for CloudTrail, hold no secret, and no envelope either", async () => {
    await passTime(runs.at, 90);
    const text = (await publicPlaces["the records"]?.(runs.at)) ?? "";
    expect(text.match(/"outcome":/g)?.length).toBeGreaterThanOrEqual(Object.keys(leakyRuns).length);
    expect(found(text, runs.secrets.all())).toEqual([]);
    expect(foundCodes(text, runs.codes)).toEqual([]);
    expect(text).not.toMatch(/kt1\.[A-Za-z0-9_-]{20}|[A-Za-z0-9+/_-]{120}/);
  });

  it("the places were not empty, and there was much to look for", async () => {
    for (const [place, least] of [
      ["the executions' histories", 50_000],
      ["every log", 5_000],
      ["what Batch shows of its jobs", 5_000],
      ["the buckets", 200],
      ["CloudTrail's event history", 50_000],
    ] as const)
      expect((await publicPlaces[place]?.(runs.at))?.length, place).toBeGreaterThan(least);
    expect(runs.secrets.all().size).toBeGreaterThan(40);
    expect(await missedStarts(runs.at)).toBe(0);
  });

  it("task tokens stand in the histories, where answers take them from, and nowhere else", async () => {
    const histories = (await publicPlaces["the executions' histories"]?.(runs.at)) ?? "";
    const tokens = new Map(
      [...histories.matchAll(/taskToken\\*":\s*\\*"([^"\\]+)/g)].map(([, token = ""], index) => [`token ${index}`, token]),
    );
    expect(tokens.size).toBeGreaterThan(5);
    for (const [place, read] of Object.entries(publicPlaces))
      if (place !== "the executions' histories") expect(found(await read(runs.at), tokens), place).toEqual([]);
  });

  it("templates and bundles hold no secret", async () => {
    const app = { file: "test/fixtures/two-jobs/app.ts", alsoReads: ["test/fixtures/two-jobs"] };
    const { assembly } = await synthesise(repositoryRoot, { app });
    expect(found(filesBelow(assembly), runs.secrets.all())).toEqual([]);
  });

  it("temporary files hold no secret", () => {
    const text = filesBelow(temporary);
    expect(text).toContain("launcher.mjs");
    expect(found(text, runs.secrets.all())).toEqual([]);
  });

  it("the emulator has printed no secret", () => {
    const text = printed
      .flatMap(({ mock }) => mock.calls.flat().map((value) => (value instanceof Error ? `${value.stack}` : String(value))))
      .join("\n");
    expect(found(text, runs.secrets.all())).toEqual([]);
  });
});

describe.skipIf(!existsSync("/proc/self/environ"))("what Linux showed of the processes meanwhile", () => {
  beforeAll(() => {
    seen = watch.stop();
  });

  it("includes Lambdas, launchers and a job's program", () => {
    for (const part of ["lambda-bootstrap.mjs", "launcher.mjs", "main.mjs"])
      expect(seen.filter(({ commandLine }) => commandLine.includes(part)).length, part).toBeGreaterThan(0);
  });

  it("holds no secret in an argument list", () => {
    const text = seen.map(({ commandLine }) => commandLine).join("\n");
    expect(found(text, runs.secrets.all())).toEqual([]);
    expect(foundCodes(text, runs.codes)).toEqual([]);
  });

  it("holds in an environment nothing but the role session of the Lambda or of the job's program itself", () => {
    for (const { commandLine, environment } of seen) {
      const own = environment.get("AWS_ACCESS_KEY_ID");
      const session = runs.at.emulator.store.sessions.get(own ?? "");
      const holder = environment.get("AWS_LAMBDA_FUNCTION_NAME") ?? environment.get("KEYTURN_JOB");
      if (own !== undefined && session !== undefined) expect([holder, session.caller.roleArn]).toEqual([holder, expectedRole(holder)]);
      const text = [...environment.values()].join("\n");
      expect(found(text, runs.secrets.allBut(own)), commandLine).toEqual([]);
      expect(foundCodes(text, runs.codes), commandLine).toEqual([]);
    }
  });
});

/** A Lambda `keyturn-validate-mfa` runs under ValidateMfaRole, the job `announce` under BatchRoleAnnounce. */
function expectedRole(holder = ""): string {
  const task = /^keyturn-(.+)$/.exec(holder)?.[1];
  return runs.at.roleArn(task === undefined ? jobRoleName(holder) : `${jobRoleName(task).replace("BatchRole", "")}Role`);
}

it("finds a secret that is hidden in each form: the search can fail", () => {
  const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const needles = new Map([["it", secret]]);
  for (const form of [
    secret,
    ...["", "a", "ab"].map((before) => Buffer.from(`${before}{"a":"${secret}"}`).toString("base64")),
    Buffer.from(secret).toString("base64url"),
    Buffer.from(secret).toString("hex"),
    encodeURIComponent(secret),
    secret.replaceAll("/", "\\/"),
  ])
    expect(found(`before ${form} after`, needles)).toEqual(["it"]);
  expect(foundCodes("the code 123456.", ["123456"])).toEqual(["123456"]);
});
