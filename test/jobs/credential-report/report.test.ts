import { describe, expect, it } from "vitest";
import { csv, csvCell } from "../../../jobs/credential-report/csv.ts";
import { daysSince, findingsOf } from "../../../jobs/credential-report/findings.ts";
import { buildReport, reportCsv, reportJson, reportSummary } from "../../../jobs/credential-report/report.ts";
import type { AccessKey, UserCredentials } from "../../../jobs/credential-report/user-credentials.ts";

const nowMs = Date.parse("2026-11-21T08:00:00Z");
const limits = { maxKeyAgeDays: 90, unusedDays: 45 };
const daysAgo = (days: number): string => new Date(nowMs - days * 86_400_000).toISOString();

const key = (id: string, ageDays: number, usedDaysAgo?: number, active = true): AccessKey => ({
  id,
  active,
  createdAt: daysAgo(ageDays),
  ...(usedDaysAgo === undefined ? {} : { lastUsedAt: daysAgo(usedDaysAgo), lastUsedFor: "s3 in us-east-1" }),
});
const user = (change: Partial<UserCredentials> = {}): UserCredentials => ({
  name: "dana",
  arn: "arn:aws:iam::111122223333:user/dana",
  createdAt: daysAgo(400),
  accessKeys: [],
  mfaDevices: [],
  ...change,
});
const kindsOf = (of: Partial<UserCredentials>) => findingsOf(user(of), limits, nowMs).map(({ kind }) => kind);

describe("findings", () => {
  it.each<[string, Partial<UserCredentials>, string[]]>([
    ["a user with nothing", {}, []],
    ["a fresh key, used today", { accessKeys: [key("A", 10, 0)] }, []],
    ["a key exactly at the age limit", { accessKeys: [key("A", 90, 1)] }, []],
    ["a key a day past it", { accessKeys: [key("A", 91, 1)] }, ["key-too-old"]],
    ["a key unused up to the limit", { accessKeys: [key("A", 60, 45)] }, []],
    ["a key unused for a day more", { accessKeys: [key("A", 60, 46)] }, ["key-unused"]],
    ["a new key that nobody has used yet", { accessKeys: [key("A", 45)] }, []],
    ["an older key that nobody has ever used", { accessKeys: [key("A", 46)] }, ["key-never-used"]],
    ["an old and idle key", { accessKeys: [key("A", 200, 100)] }, ["key-too-old", "key-unused"]],
    ["two active keys", { accessKeys: [key("A", 5, 1), key("B", 1, 0)] }, ["two-active-keys"]],
    ["one active and one inactive key", { accessKeys: [key("A", 5, 1), key("B", 500, 400, false)] }, ["inactive-key"]],
    ["a password with MFA", { password: { createdAt: daysAgo(100), lastUsedAt: daysAgo(2) }, mfaDevices: ["arn:mfa"] }, []],
    ["a password without MFA", { password: { createdAt: daysAgo(100), lastUsedAt: daysAgo(2) } }, ["password-without-mfa"]],
    ["an idle password", { password: { createdAt: daysAgo(100), lastUsedAt: daysAgo(46) }, mfaDevices: ["arn:mfa"] }, ["password-unused"]],
    ["a password never used", { password: { createdAt: daysAgo(46) }, mfaDevices: ["arn:mfa"] }, ["password-unused"]],
    ["no password and no MFA, but a key", { accessKeys: [key("A", 1, 0)] }, []],
  ])("%s", (_what, of, kinds) => {
    expect(kindsOf(of)).toEqual(kinds);
  });

  it("say what, how much, the limit and what to do", () => {
    const findings = findingsOf(
      user({ accessKeys: [key("AKIA1", 200, 100), key("AKIA2", 60)], password: { createdAt: daysAgo(50) } }),
      limits,
      nowMs,
    );
    expect(findings.map(({ detail }) => detail)).toEqual([
      "Console password without an MFA device. Add a device or remove the password.",
      "Console password never used for 50 days (limit 45). Remove it.",
      "Access key AKIA1 is 200 days old (limit 90). Rotate it.",
      "Access key AKIA1 was last used 100 days ago (limit 45). Delete it.",
      "Access key AKIA2 has never been used in its 60 days (limit 45). Delete it.",
      "Two access keys are active. Finish the rotation and delete the older one.",
    ]);
  });

  it("count whole days, and a time in the future as today", () => {
    expect([daysAgo(1), daysAgo(1.99), daysAgo(0.5), daysAgo(-3)].map((iso) => daysSince(iso, nowMs))).toEqual([1, 1, 0, 0]);
  });
});

describe("CSV", () => {
  it.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tcell", "'\tcell"],
    ["\rcell", '"\'\rcell"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ["＝1+1", "'＝1+1"],
    ["a=b", "a=b"],
    ["", ""],
  ])("writes %j so that a spreadsheet shows it as text", (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });

  it("leaves numbers as numbers and ends each line as RFC 4180 does", () => {
    expect(
      csv([
        ["a", -1],
        ["b", 2.5],
      ]),
    ).toBe("a,-1\r\nb,2.5\r\n");
  });
});

describe("the report", () => {
  const report = buildReport(
    [
      user({ name: "zoe", accessKeys: [key("AKIAZ1", 200, 100), key("AKIAZ2", 10, 1, false)] }),
      user({
        name: "=cmd|calc",
        arn: "arn:aws:iam::111122223333:user/=cmd|calc",
        password: { createdAt: daysAgo(10), lastUsedAt: daysAgo(1) },
      }),
      user({ name: "alice", mfaDevices: ["arn:aws:iam::111122223333:mfa/alice"], accessKeys: [key("AKIAA1", 3)] }),
    ],
    { run: "weekly-1", nowMs, limits, pathPrefix: "/" },
  );

  it("counts users, keys and findings, and says what it does not cover", () => {
    expect(report).toMatchObject({
      run: "weekly-1",
      generatedAt: "2026-11-21T08:00:00.000Z",
      counts: {
        users: 3,
        usersWithFindings: 2,
        accessKeys: 3,
        findings: {
          "password-without-mfa": 1,
          "password-unused": 0,
          "key-too-old": 1,
          "key-unused": 1,
          "key-never-used": 0,
          "two-active-keys": 0,
          "inactive-key": 1,
        },
      },
      notCovered: ["the account's root user", "roles and their sessions", "users of IAM Identity Center or another identity provider"],
    });
    expect(report.users.map(({ name }) => name)).toEqual(["=cmd|calc", "alice", "zoe"]);
  });

  it("is a CSV with a row per key, or one for a user without a key", () => {
    expect(reportCsv(report).split("\r\n")).toEqual([
      "user,arn,user_created,mfa_devices,console_password,password_created,password_last_used,access_key,key_status,key_created,key_age_days,key_last_used,key_last_used_days,key_last_used_for,findings",
      "'=cmd|calc,arn:aws:iam::111122223333:user/=cmd|calc,2025-10-17T08:00:00.000Z,0,yes,2026-11-11T08:00:00.000Z,2026-11-20T08:00:00.000Z,,,,,,,,password-without-mfa",
      "alice,arn:aws:iam::111122223333:user/dana,2025-10-17T08:00:00.000Z,1,no,,,AKIAA1,active,2026-11-18T08:00:00.000Z,3,never,,,",
      "zoe,arn:aws:iam::111122223333:user/dana,2025-10-17T08:00:00.000Z,0,no,,,AKIAZ1,active,2026-05-05T08:00:00.000Z,200,2026-08-13T08:00:00.000Z,100,s3 in us-east-1,key-too-old key-unused",
      "zoe,arn:aws:iam::111122223333:user/dana,2025-10-17T08:00:00.000Z,0,no,,,AKIAZ2,inactive,2026-11-11T08:00:00.000Z,10,2026-11-20T08:00:00.000Z,1,s3 in us-east-1,inactive-key",
      "",
    ]);
  });

  it("names a user's keys oldest first, in whatever order IAM gave them", () => {
    const keys = [key("AKIAB", 5, 1), key("AKIAC", 9, 1), key("AKIAA", 5, 1)];
    const { users } = buildReport([user({ accessKeys: keys })], { run: "weekly-1", nowMs, limits, pathPrefix: "/" });
    expect(users[0]?.accessKeys.map(({ id }) => id)).toEqual(["AKIAC", "AKIAA", "AKIAB"]);
  });

  it("is JSON that holds the whole report", () => {
    expect(JSON.parse(reportJson(report))).toEqual(report);
  });

  it("is summed up for the log", () => {
    expect(reportSummary(report)).toEqual([
      "Credential report of run weekly-1, 2026-11-21T08:00:00.000Z",
      "3 users under /, 3 access keys; limits: 90 days of age, 45 days without use.",
      "4 findings at 2 users: 1 password-without-mfa, 1 key-too-old, 1 key-unused, 1 inactive-key.",
      "  =cmd|calc: Console password without an MFA device. Add a device or remove the password.",
      "  zoe: Access key AKIAZ1 is 200 days old (limit 90). Rotate it.",
      "  zoe: Access key AKIAZ1 was last used 100 days ago (limit 45). Delete it.",
      "  zoe: Access key AKIAZ2 is inactive but can be switched on again. Delete it.",
      "Not covered: the account's root user; roles and their sessions; users of IAM Identity Center or another identity provider.",
    ]);
  });

  it("says so when there is nothing to find, and stops after fifty findings", () => {
    const of = { run: "weekly-1", nowMs, limits, pathPrefix: "/none/" };
    expect(reportSummary(buildReport([], of))[2]).toBe("No findings.");
    const many = Array.from({ length: 30 }, (_, index) => user({ name: `u${index}`, accessKeys: [key("A", 200, 100)] }));
    const summary = reportSummary(buildReport(many, of));
    expect(summary).toHaveLength(3 + 50 + 2);
    expect(summary.at(-2)).toBe("  … and 10 more in the report.");
  });
});
