// What an installation chooses for itself: typed in keyturn.config.ts, checked here as a whole before any stack is built.

import { z } from "zod";
import { catalogue } from "../jobs/catalogue.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import { jobFaults } from "./job-faults.ts";

/** CloudWatch Logs takes only these numbers of days. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

const name = /^[a-z][a-z0-9-]{0,31}$/;
const principalArn = /^arn:aws[a-z-]*:iam::\d{12}:(root|role\/.+|user\/.+)$/;

const adminName = z.string().regex(name, "is no admin name: use lower-case letters, digits and hyphens, at most 32, a letter first");
const wholeNumber = (least: number, most: number, unit: string) =>
  z.int(`must be a whole number of ${unit}`).min(least, `must be at least ${least} ${unit}`).max(most, `must be at most ${most} ${unit}`);
const subnetMask = wholeNumber(16, 28, "bits (AWS allows subnets from /16 to /28)");
const prefixList = z.string().regex(/^pl-[0-9a-f]{8,17}$/, "is no prefix list id: see aws ec2 describe-managed-prefix-lists");

/** Who may take on a role that people use. */
const PeopleTrust = z.strictObject({
  trustedPrincipals: z
    .array(z.string().regex(principalArn, "is no IAM principal: write an ARN of a root, role or user"))
    .describe("empty: any principal of the account that its IAM policies allow"),
  requireMfa: z.boolean(),
});

export type PeopleTrust = z.output<typeof PeopleTrust>;

const Configuration = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "is no AWS region: write it like us-east-1"),
  account: z
    .string()
    .regex(/^\d{12}$/, "is no AWS account id: 12 digits, or leave it out to deploy to the account of the credentials in use")
    .optional(),
  zones: z.array(z.string()).length(3, "must name exactly three availability zones, like us-east-1a"),
  admins: z
    .record(adminName, z.strictObject({ email: z.email("is no e-mail address").optional() }))
    .refine((admins) => Object.keys(admins).length > 0, "must name at least one admin: nobody could turn the key"),
  notifications: z.strictObject({ emails: z.array(z.email("is no e-mail address")) }),
  network: z.strictObject({
    cidr: z.cidrv4("is no IPv4 range: write it like 10.64.0.0/22"),
    subnetMasks: z.strictObject({ tasks: subnetMask, endpoints: subnetMask, jobs: subnetMask }),
    prefixLists: z.strictObject({ s3: prefixList, dynamodb: prefixList }),
  }),
  retention: z.strictObject({
    logDays: z.union(
      retentionDays.map((days) => z.literal(days)),
      `must be one of CloudWatch Logs' periods: ${retentionDays.join(", ")} days`,
    ),
    oldReportDays: wholeNumber(1, 3650, "days"),
    onDelete: z.enum(["keep", "delete"], "must be keep or delete: what happens to keys, secrets and data when a stack is deleted"),
  }),
  records: z.strictObject({
    lock: z.enum(
      ["governance", "compliance"],
      "must be governance (somebody with the permission to bypass it can delete a record) or compliance (nobody can)",
    ),
    days: wholeNumber(1, 36_500, "days"),
  }),
  limits: z.strictObject({
    approvalSeconds: wholeNumber(60, 604_800, "seconds"),
    refusals: wholeNumber(1, 20, "refusals"),
    lockSeconds: wholeNumber(60, 86_400, "seconds"),
    queueSeconds: wholeNumber(600, 36_000, "seconds (AWS Batch ends stuck jobs after 600 at the earliest)"),
    vcpus: wholeNumber(1, 256, "vCPUs"),
  }),
  rotation: z
    .strictObject({ days: wholeNumber(1, 999, "days (AWS rotates at least every 999 days)") })
    .optional()
    .describe("how often Secrets Manager gives each admin a new access key; left out: only keyturn admin rotate does"),
  iamAdmin: PeopleTrust,
  reportReader: PeopleTrust,
  organizationId: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/, "is no organisation id: write it like o-a1b2c3d4e5, or leave it out to limit endpoints to the account")
    .optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)),
  boundary: z.strictObject({
    actions: z.array(
      z
        .string()
        .regex(/^[a-z0-9-]+:[A-Za-z0-9]+$/, "is no action: write service:Action in full, without wildcards, so that the limit can be read"),
    ),
  }),
});

export type KeyturnConfigInput = z.input<typeof Configuration>;
export type KeyturnConfig = z.output<typeof Configuration>;

/** The fields that are well-formed; checks between fields look at these, so that one bad field does not hide the others' faults. */
export type WellFormed = Partial<KeyturnConfig>;

/** Checks a configuration against itself and the catalogue; throws one Error that lists every fault, each with its field and the way out. */
export function parseConfig(input: unknown, jobs: readonly JobDefinition[]): KeyturnConfig {
  const parsed = Configuration.safeParse(input);
  const wellFormed = parsed.data ?? wellFormedFields(input);
  const faults = [...(parsed.error?.issues.map(describeIssue) ?? []), ...relationFaults(wellFormed), ...jobFaults(wellFormed, jobs)];
  if (parsed.success && faults.length === 0) return parsed.data;
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  throw new Error(`keyturn.config.ts has ${count}:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
}

function wellFormedFields(input: unknown): WellFormed {
  if (typeof input !== "object" || input === null) return {};
  const fields = Object.entries(Configuration.shape).flatMap(([field, schema]) => {
    const parsed = schema.safeParse((input as Readonly<Record<string, unknown>>)[field]);
    return parsed.success && parsed.data !== undefined ? [[field, parsed.data]] : [];
  });
  return Object.fromEntries(fields);
}

/** For `keyturn.config.ts`: checks the configuration against the catalogue that is installed. */
export const defineConfig = (input: KeyturnConfigInput): KeyturnConfig => parseConfig(input, catalogue);

function describeIssue(issue: z.core.$ZodIssue): string {
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `${field ? `${field}: ` : ""}${issue.keys.join(", ")} is no field of the configuration: check the spelling, or remove it`;
  }
  if (issue.code === "invalid_key") return `${field} ${issue.issues.map(({ message }) => message).join("; ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return `${field} is missing: it must be a ${issue.expected}`;
  return `${field} ${issue.message}`;
}

/** What single fields cannot know of each other. */
const relationFaults = (config: WellFormed): string[] => [
  ...zoneFaults(config),
  ...networkFaults(config),
  ...recordFaults(config),
  ...principalFaults(config),
];

function* zoneFaults({ region, zones }: WellFormed): Generator<string> {
  if (!zones) return;
  for (const [index, zone] of zones.entries()) {
    if (region !== undefined && !(zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length)))) {
      yield `zones.${index} ${zone} is no zone of ${region}: write it like ${region}a`;
    }
  }
  if (new Set(zones).size < zones.length) yield "zones names a zone twice: three different ones are needed";
}

function* networkFaults({ network, zones }: WellFormed): Generator<string> {
  if (!network || !zones) return;
  const vpcMask = Number(network.cidr.split("/")[1]);
  if (vpcMask < 16 || vpcMask > 28) yield `network.cidr /${vpcMask} is no size of a VPC: AWS allows /16 to /28`;
  const { tasks, endpoints, jobs } = network.subnetMasks;
  const size = (mask: number) => 2 ** (32 - mask);
  const needed = zones.length * (2 * size(tasks) + size(endpoints) + size(jobs));
  if (needed > size(vpcMask)) {
    yield `network.subnetMasks need ${needed} addresses, but network.cidr ${network.cidr} has ${size(vpcMask)}: widen the range or shrink the subnets`;
  }
}

function* recordFaults({ records, retention }: WellFormed): Generator<string> {
  if (records?.lock === "compliance" && retention?.onDelete === "delete") {
    yield `records.lock compliance cannot be undone for ${records.days} days, by nobody, and retention.onDelete says that this account is one to be taken down: write governance`;
  }
}

function* principalFaults({ account, iamAdmin, reportReader, organizationId }: WellFormed): Generator<string> {
  if (account === undefined || organizationId !== undefined) return;
  for (const [field, trust] of Object.entries({ iamAdmin, reportReader })) {
    for (const [index, principal] of (trust?.trustedPrincipals ?? []).entries()) {
      const home = principal.split(":")[4];
      if (home !== account) {
        yield `${field}.trustedPrincipals.${index} is of account ${home}, not ${account}: name organizationId if other accounts of yours may`;
      }
    }
  }
}
