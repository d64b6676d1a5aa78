// What the account holds as a whole: the summary, and the credential report that AWS renders as CSV.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

import type {
  GenerateCredentialReportCommandInput,
  GetAccountSummaryCommandInput,
  GetCredentialReportCommandInput,
} from "@aws-sdk/client-iam";
import { AwsError } from "../../aws-error.ts";
import { ask, type IamAccount, operation } from "./account.ts";
import { type AccessKey, devicesOf, keysOf, type User } from "./store.ts";

/** A report stands for four hours; asked for earlier, AWS returns the same one. */
const reportLifetimeMs = 4 * 3_600_000;

const columns = [
  "user",
  "arn",
  "user_creation_time",
  "password_enabled",
  "password_last_used",
  "password_last_changed",
  "password_next_rotation",
  "mfa_active",
  ...[1, 2].flatMap((n) =>
    ["active", "last_rotated", "last_used_date", "last_used_region", "last_used_service"].map((name) => `access_key_${n}_${name}`),
  ),
  ...[1, 2].flatMap((n) => ["active", "last_rotated"].map((name) => `cert_${n}_${name}`)),
];

const isoOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "+00:00");

const keyCells = (key: AccessKey | undefined): readonly string[] =>
  key === undefined
    ? ["false", "N/A", "N/A", "N/A", "N/A"]
    : [
        String(key.active),
        isoOf(key.createdAtMs),
        ...(key.lastUsed === undefined ? ["N/A", "N/A", "N/A"] : [isoOf(key.lastUsed.atMs), key.lastUsed.region, key.lastUsed.serviceName]),
      ];

const noCertificates = ["false", "N/A", "false", "N/A"];

function userRow(iam: IamAccount, user: User): readonly string[] {
  const [first, second] = [...keysOf(iam.store, user.name)].sort((a, b) => a.createdAtMs - b.createdAtMs);
  const password =
    user.login === undefined ? ["false", "N/A", "N/A", "N/A"] : ["true", "no_information", isoOf(user.login.createdAtMs), "N/A"];
  return [
    user.name,
    user.arn,
    isoOf(user.createdAtMs),
    ...password,
    String(devicesOf(iam.store, user.name).length > 0),
    ...keyCells(first),
    ...keyCells(second),
    ...noCertificates,
  ];
}

/** The root user of this account has neither key nor device: nobody can sign in as it. */
const rootRow = ({ environment }: IamAccount, createdAtMs: number): readonly string[] => [
  "<root_account>",
  `arn:aws:iam::${environment.account}:root`,
  isoOf(createdAtMs),
  "not_supported",
  "no_information",
  "not_supported",
  "not_supported",
  "false",
  ...keyCells(undefined),
  ...keyCells(undefined),
  ...noCertificates,
];

function renderReport(iam: IamAccount): string {
  const users = [...iam.store.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const oldestMs = Math.min(iam.environment.clock.now(), ...users.map(({ createdAtMs }) => createdAtMs));
  return [columns, rootRow(iam, oldestMs), ...users.map((user) => userRow(iam, user))].map((row) => row.join(",")).join("\n");
}

export const accountReportOperations = (iam: IamAccount) => {
  let report: { readonly text: string; readonly atMs: number } | undefined;
  const fresh = () => report !== undefined && iam.environment.clock.now() - report.atMs < reportLifetimeMs;
  return {
    GetAccountSummary: operation<GetAccountSummaryCommandInput>({
      permissions: () => [ask("GetAccountSummary", "*")],
      run() {
        const { users, groups, roles, policies, mfaDevices } = iam.store;
        return {
          SummaryMap: {
            Users: users.size,
            UsersQuota: 5000,
            Groups: groups.size,
            GroupsQuota: 300,
            Roles: roles.size,
            RolesQuota: 1000,
            Policies: policies.size,
            PoliciesQuota: 1500,
            PolicyVersionsInUse: [...policies.values()].reduce((sum, { versions }) => sum + versions.size, 0),
            MFADevices: mfaDevices.size,
            MFADevicesInUse: [...mfaDevices.values()].filter(({ enabled }) => enabled !== undefined).length,
            AccountMFAEnabled: 0,
            AccountAccessKeysPresent: 0,
            AccountPasswordPresent: 0,
            AccessKeysPerUserQuota: 2,
            GroupsPerUserQuota: 10,
            AttachedPoliciesPerUserQuota: 10,
            AttachedPoliciesPerGroupQuota: 10,
            AttachedPoliciesPerRoleQuota: 10,
          },
        };
      },
    }),
    GenerateCredentialReport: operation<GenerateCredentialReportCommandInput>({
      permissions: () => [ask("GenerateCredentialReport", "*")],
      run() {
        if (fresh()) return { State: "COMPLETE" };
        report = { text: renderReport(iam), atMs: iam.environment.clock.now() };
        return { State: "STARTED", Description: "No report exists. Starting a new report generation task" };
      },
    }),
    GetCredentialReport: operation<GetCredentialReportCommandInput>({
      permissions: () => [ask("GetCredentialReport", "*")],
      run() {
        if (report === undefined)
          throw new AwsError("ReportNotPresent", "The credential report has not been generated: call GenerateCredentialReport.", {
            statusCode: 410,
          });
        if (!fresh())
          throw new AwsError("ReportExpired", "The credential report has expired: call GenerateCredentialReport.", { statusCode: 410 });
        return { Content: new TextEncoder().encode(report.text), ReportFormat: "text/csv", GeneratedTime: new Date(report.atMs) };
      },
    }),
  };
};
