// The report itself: users and findings as JSON, as CSV and as a summary to read in the log. Pure; AWS is read and written elsewhere.

import { csv } from "./csv.ts";
import { daysSince, type Finding, findingKinds, findingsOf, type Limits } from "./findings.ts";
import type { UserCredentials } from "./user-credentials.ts";

export interface ReportedUser extends UserCredentials {
  readonly findings: readonly Finding[];
}

export interface Report {
  readonly run: string;
  readonly generatedAt: string;
  readonly limits: Limits;
  readonly pathPrefix: string;
  readonly counts: {
    readonly users: number;
    readonly usersWithFindings: number;
    readonly accessKeys: number;
    readonly findings: Readonly<Record<string, number>>;
  };
  readonly notCovered: readonly string[];
  /** By name, their keys by age, oldest first: IAM promises no order, and reports of two weeks are compared. */
  readonly users: readonly ReportedUser[];
}

const inOrder =
  <Item>(keyOf: (item: Item) => string) =>
  (a: Item, b: Item): number =>
    keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0;

const notCovered = ["the account's root user", "roles and their sessions", "users of IAM Identity Center or another identity provider"];

export function buildReport(
  users: readonly UserCredentials[],
  of: { run: string; nowMs: number; limits: Limits; pathPrefix: string },
): Report {
  const reported = users
    .map((user) => ({ ...user, accessKeys: user.accessKeys.toSorted(inOrder((key) => `${key.createdAt} ${key.id}`)) }))
    .map((user) => ({ ...user, findings: findingsOf(user, of.limits, of.nowMs) }))
    .sort(inOrder((user) => user.name));
  const findings = reported.flatMap((user) => user.findings);
  const countOf = (kind: string): number => findings.filter((finding) => finding.kind === kind).length;
  return {
    run: of.run,
    generatedAt: new Date(of.nowMs).toISOString(),
    limits: of.limits,
    pathPrefix: of.pathPrefix,
    counts: {
      users: reported.length,
      usersWithFindings: reported.filter((user) => user.findings.length > 0).length,
      accessKeys: reported.reduce((sum, user) => sum + user.accessKeys.length, 0),
      findings: Object.fromEntries(findingKinds.map((kind) => [kind, countOf(kind)])),
    },
    notCovered,
    users: reported,
  };
}

const header = [
  "user",
  "arn",
  "user_created",
  "mfa_devices",
  "console_password",
  "password_created",
  "password_last_used",
  "access_key",
  "key_status",
  "key_created",
  "key_age_days",
  "key_last_used",
  "key_last_used_days",
  "key_last_used_for",
  "findings",
];

/** One row per access key, one for a user without any. Findings about the user stand in each of the user's rows. */
export function reportCsv(report: Report): string {
  const nowMs = Date.parse(report.generatedAt);
  const rows = report.users.flatMap((user) => {
    const ofUser = [
      user.name,
      user.arn,
      user.createdAt,
      user.mfaDevices.length,
      user.password === undefined ? "no" : "yes",
      user.password?.createdAt ?? "",
      user.password?.lastUsedAt ?? "",
    ];
    const kinds = (accessKeyId?: string): string =>
      user.findings
        .filter((finding) => finding.accessKeyId === undefined || finding.accessKeyId === accessKeyId)
        .map((finding) => finding.kind)
        .join(" ");
    if (user.accessKeys.length === 0) return [[...ofUser, "", "", "", "", "", "", "", kinds()]];
    return user.accessKeys.map((key) => [
      ...ofUser,
      key.id,
      key.active ? "active" : "inactive",
      key.createdAt,
      daysSince(key.createdAt, nowMs),
      key.lastUsedAt ?? "never",
      key.lastUsedAt === undefined ? "" : daysSince(key.lastUsedAt, nowMs),
      key.lastUsedFor ?? "",
      kinds(key.id),
    ]);
  });
  return csv([header, ...rows]);
}

export const reportJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`;

const linesShown = 50;

/** For the job's log: the counts, then what to do, user by user. */
export function reportSummary(report: Report): readonly string[] {
  const { counts, limits } = report;
  const lines = report.users.flatMap((user) => user.findings.map((finding) => `  ${user.name}: ${finding.detail}`));
  const found = Object.entries(counts.findings).filter(([, count]) => count > 0);
  return [
    `Credential report of run ${report.run}, ${report.generatedAt}`,
    `${counts.users} users under ${report.pathPrefix}, ${counts.accessKeys} access keys; limits: ${limits.maxKeyAgeDays} days of age, ${limits.unusedDays} days without use.`,
    lines.length === 0
      ? "No findings."
      : `${lines.length} findings at ${counts.usersWithFindings} users: ${found.map(([kind, count]) => `${count} ${kind}`).join(", ")}.`,
    ...lines.slice(0, linesShown),
    ...(lines.length > linesShown ? [`  … and ${lines.length - linesShown} more in the report.`] : []),
    `Not covered: ${report.notCovered.join("; ")}.`,
  ];
}

const tableColumns = ["user", "MFA", "password", "keys", "oldest key", "last used", "findings"] as const;

/** For whoever reads the report at a terminal: a heading and one row per user. */
export function reportTable(report: Report): readonly (readonly string[])[] {
  const nowMs = Date.parse(report.generatedAt);
  const days = (iso: string | undefined): string => (iso === undefined ? "never" : `${daysSince(iso, nowMs)} d`);
  const rows = report.users.map(({ name, mfaDevices, password, accessKeys, findings }) => {
    const created = accessKeys.map(({ createdAt }) => createdAt).sort();
    const used = accessKeys.flatMap(({ lastUsedAt }) => lastUsedAt ?? []).sort();
    return [
      name,
      mfaDevices.length > 0 ? "yes" : "no",
      password === undefined ? "no" : "yes",
      String(accessKeys.length),
      accessKeys.length === 0 ? "–" : days(created[0]),
      accessKeys.length === 0 ? "–" : days(used.at(-1)),
      findings.length === 0 ? "none" : [...new Set(findings.map(({ kind }) => kind))].join(", "),
    ];
  });
  return [tableColumns, ...rows];
}
