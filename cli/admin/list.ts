// `keyturn admin list`: who can turn the key, with what, for which jobs, and what is wrong with it.

import { catalogue } from "../../jobs/catalogue.ts";
import config from "../../keyturn.config.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { colours, duration, moment, table, wrap } from "../terminal.ts";
import { isConfigured } from "./configured-admin.ts";
import { type AccessKey, type CredentialState, readCredentialState, surveyAccount } from "./credential-state.ts";
import { ageInDays, findingsOf } from "./findings.ts";
import { asIamAdmin } from "./iam-admin-session.ts";

export const list = command({
  meta: { name: "list", description: "List the admins, their keys, devices and jobs, and what is wrong, as an IAM admin." },
  args: { json: { type: "boolean", description: "Print one JSON document." }, ...sessionArguments },
  values: { profile: profileNames },
  examples: ["keyturn admin list --profile iam-admin", "keyturn admin list --json"],
  run: ({ args: { json, ...signedInBy } }) =>
    asIamAdmin(signedInBy, async (clients) => {
      const survey = await surveyAccount(clients);
      const names = new Set([...Object.keys(config.admins), ...[...survey.users].sort(), ...[...survey.members].sort()]);
      const nowMs = clients.session.nowMs();
      const admins = await Promise.all([...names].map(async (name) => listed(await readCredentialState(name, clients, survey), nowMs)));
      console.log(json ? JSON.stringify(admins) : admins.map((admin) => listText(admin, nowMs)).join("\n\n"));
    }),
});

interface ListedAdmin {
  readonly admin: string;
  readonly configured: boolean;
  readonly hasUser: boolean;
  readonly jobs: readonly string[];
  readonly keys: readonly {
    readonly id: string;
    readonly active: boolean;
    /** Null where the secret does not say which it holds. */
    readonly inSecret: boolean | null;
    readonly createdAt: string;
    readonly ageDays: number;
    readonly lastUsedAt: string | null;
  }[];
  readonly devices: readonly { readonly serialNumber: string; readonly enabledAt: string }[];
  readonly secret: CredentialState["secret"]["kind"];
  readonly problems: readonly string[];
}

function listed(state: CredentialState, nowMs: number): ListedAdmin {
  const { admin, hasUser, keys, devices, secret } = state;
  return {
    admin,
    configured: isConfigured(admin),
    hasUser,
    jobs: catalogue.filter(({ admins }) => admins.includes(admin)).map(({ name }) => name),
    keys: keys.map((key) => listedKey(key, { secret, nowMs })),
    devices: devices.map(({ serialNumber, enabledAtMs }) => ({ serialNumber, enabledAt: new Date(enabledAtMs).toISOString() })),
    secret: secret.kind,
    problems: findingsOf(state, { isConfigured: isConfigured(admin), nowMs }),
  };
}

const listedKey = (
  { id, isActive, createdAtMs, lastUsedAtMs }: AccessKey,
  { secret, nowMs }: { secret: CredentialState["secret"]; nowMs: number },
): ListedAdmin["keys"][number] => ({
  id,
  active: isActive,
  inSecret: secret.kind === "unlabelled" ? null : secret.kind === "key" && secret.accessKeyId === id,
  createdAt: new Date(createdAtMs).toISOString(),
  ageDays: ageInDays(createdAtMs, nowMs),
  lastUsedAt: lastUsedAtMs === undefined ? null : new Date(lastUsedAtMs).toISOString(),
});

function listText({ admin, jobs, keys, devices, problems }: ListedAdmin, nowMs: number): string {
  const { paint } = colours(process.stdout);
  const rows = [
    ["jobs", jobs.join(", ") || "none"],
    ...keys.map(({ id, active, inSecret, ageDays, lastUsedAt }) => [
      "key",
      [
        id,
        `${ageDays} ${ageDays === 1 ? "day" : "days"} old`,
        lastUsedAt === null ? "never used" : `used ${duration(Math.max(0, nowMs - Date.parse(lastUsedAt)))} ago`,
        ...(active ? [] : ["inactive"]),
        ...(inSecret === false ? ["not in the secret"] : []),
      ].join(", "),
    ]),
    ...devices.map(({ serialNumber, enabledAt }) => ["device", `${serialNumber}, since ${moment(Date.parse(enabledAt))}`]),
  ];
  const faults = problems.map((problem) => `  ${paint("yellow", "!")} ${wrap(problem, { indent: 4 })}`);
  return [admin, table(rows), ...faults].join("\n");
}
