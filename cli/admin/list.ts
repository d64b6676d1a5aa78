// `keyturn admin list`: who can turn the key, with what, for which jobs, and what is wrong with it.

import type { AccessKey } from "../../core/key-rotation.ts";
import { catalogue } from "../../jobs/catalogue.ts";
import config from "../../keyturn.config.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { colours, duration, moment, table, wrap } from "../terminal.ts";
import { isConfigured } from "./configured-admin.ts";
import { type CredentialState, readCredentialState, type ScheduledRotation, surveyAccount } from "./credential-state.ts";
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
  /** By Secrets Manager, on a schedule. */
  readonly rotation: {
    readonly scheduled: boolean;
    /** Null where it never did. */
    readonly lastAt: string | null;
    /** The latest moment for the next one. */
    readonly dueAt: string | null;
    /** It has begun and not ended. */
    readonly pending: boolean;
  };
  readonly problems: readonly string[];
}

function listed(state: CredentialState, nowMs: number): ListedAdmin {
  const { admin, hasUser, keys, devices, secret, scheduled, pending } = state;
  return {
    admin,
    configured: isConfigured(admin),
    hasUser,
    jobs: catalogue.filter(({ admins }) => admins.includes(admin)).map(({ name }) => name),
    keys: keys.map((key) => listedKey(key, { secret, nowMs })),
    devices: devices.map(({ serialNumber, enabledAtMs }) => ({ serialNumber, enabledAt: new Date(enabledAtMs).toISOString() })),
    secret: secret.kind,
    rotation: { ...listedRotation(scheduled), pending: pending !== undefined },
    problems: findingsOf(state, { isConfigured: isConfigured(admin), rotationDays: config.rotation?.days, nowMs }),
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

const listedRotation = ({ isEnabled, lastAtMs, dueAtMs }: ScheduledRotation): Omit<ListedAdmin["rotation"], "pending"> => ({
  scheduled: isEnabled,
  lastAt: lastAtMs === undefined ? null : new Date(lastAtMs).toISOString(),
  dueAt: dueAtMs === undefined ? null : new Date(dueAtMs).toISOString(),
});

const rotationText = ({ scheduled, lastAt, dueAt }: ListedAdmin["rotation"]): string =>
  [
    scheduled ? `next by ${dueAt === null ? "a date that AWS does not say" : moment(Date.parse(dueAt))}` : "not by schedule",
    lastAt === null ? "none by schedule so far" : `last by schedule ${moment(Date.parse(lastAt))}`,
  ].join(", ");

function listText({ admin, jobs, keys, devices, rotation, problems }: ListedAdmin, nowMs: number): string {
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
    ["rotation", rotationText(rotation)],
  ];
  const faults = problems.map((problem) => `  ${paint("yellow", "!")} ${wrap(problem, { indent: 4 })}`);
  return [admin, table(rows), ...faults].join("\n");
}
