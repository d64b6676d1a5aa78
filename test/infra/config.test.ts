// The configuration's faults: all of them at once, each with its field and the way out.

import { describe, expect, it } from "vitest";
import { parseConfig } from "../../infra/config.ts";
import { defineJob, type JobDefinition } from "../../jobs/definition.ts";
import { announce, keyReport, sampleJobs } from "./sample-jobs.ts";
import { validConfig } from "./valid-config.ts";

/** The lines of the error that `config` with `jobs` gives, without their dashes. */
function faultsOf(config: unknown, jobs: readonly JobDefinition[] = sampleJobs): string[] {
  try {
    parseConfig(config, jobs);
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ""));
  }
  return [];
}

it("takes a configuration without fault as it is", () => {
  expect(parseConfig(validConfig, sampleJobs)).toEqual(validConfig);
});

it("lists every fault at once", () => {
  const { region: _, ...withoutRegion } = validConfig;
  const faulty = {
    ...withoutRegion,
    account: "1234",
    admins: {},
    colour: "blue",
    retention: { ...validConfig.retention, logDays: 100 },
    limits: { ...validConfig.limits, approvalSeconds: 5 },
    zones: ["us-east-1a", "us-east-1a", "us-east-1b"],
    boundary: { actions: ["sns:Publish"] },
  };
  expect(faultsOf(faulty)).toEqual([
    "region is missing: it must be a string",
    "account is no AWS account id: 12 digits, or leave it out to deploy to the account of the credentials in use",
    "admins must name at least one admin: nobody could turn the key",
    "retention.logDays must be one of CloudWatch Logs' periods: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days",
    "limits.approvalSeconds must be at least 60 seconds",
    "colour is no field of the configuration: check the spelling, or remove it",
    "zones names a zone twice: three different ones are needed",
    "job key-report: iam:ListUsers, iam:ListAccessKeys, s3:PutObject lies beyond boundary.actions: add it there if jobs may do that at all",
  ]);
});

describe("a field that", () => {
  it.each([
    [
      "names a zone of another region",
      { zones: ["us-east-1a", "us-east-1b", "eu-west-1c"] },
      "zones.2 eu-west-1c is no zone of us-east-1: write it like us-east-1a",
    ],
    [
      "names a zone twice",
      { zones: ["us-east-1a", "us-east-1a", "us-east-1b"] },
      "zones names a zone twice: three different ones are needed",
    ],
    ["names two zones", { zones: ["us-east-1a", "us-east-1b"] }, "zones must name exactly three availability zones, like us-east-1a"],
    [
      "names an admin as IAM would not",
      { admins: { ...validConfig.admins, "Al Ice": {} } },
      "admins.Al Ice is no admin name: use lower-case letters, digits and hyphens, at most 32, a letter first",
    ],
    [
      "asks for more addresses than there are",
      { network: { ...validConfig.network, cidr: "10.64.0.0/24" } },
      "network.subnetMasks need 480 addresses, but network.cidr 10.64.0.0/24 has 256: widen the range or shrink the subnets",
    ],
    ["rotates keys never", { rotation: { days: 0 } }, "rotation.days must be at least 1 days (AWS rotates at least every 999 days)"],
    [
      "rotates keys more seldom than AWS does",
      { rotation: { days: 1000 } },
      "rotation.days must be at most 999 days (AWS rotates at least every 999 days)",
    ],
    [
      "lets a principal of another account be IAM admin",
      { account: "111122223333", iamAdmin: { trustedPrincipals: ["arn:aws:iam::444455556666:role/admin"], requireMfa: true } },
      "iamAdmin.trustedPrincipals.0 is of account 444455556666, not 111122223333: name organizationId if other accounts of yours may",
    ],
    [
      "locks records that nobody could delete in an account that is to be taken down",
      { retention: { ...validConfig.retention, onDelete: "delete" } },
      "records.lock compliance cannot be undone for 730 days, by nobody, and retention.onDelete says that this account is one to be taken down: write governance",
    ],
    [
      "locks records in no way that S3 knows",
      { records: { lock: "strict", days: 30 } },
      "records.lock must be governance (somebody with the permission to bypass it can delete a record) or compliance (nobody can)",
    ],
    ["locks records for no time", { records: { lock: "governance", days: 0 } }, "records.days must be at least 1 days"],
    [
      "would let a boundary allow everything",
      { boundary: { actions: ["iam:*"] } },
      "boundary.actions.0 is no action: write service:Action in full, without wildcards, so that the limit can be read",
    ],
  ])("%s", (_title, change, fault) => {
    expect(faultsOf({ ...validConfig, ...change })).toContain(fault);
  });
});

describe("a job that", () => {
  const changed = (change: Partial<JobDefinition>): JobDefinition => defineJob({ ...keyReport, ...change });

  it.each([
    [
      "names an admin who is not configured",
      changed({ admins: ["alice", "carol"] }),
      "job key-report: its admin carol is not in admins: add carol there, or take carol off the job",
    ],
    [
      "would outlive the longest credentials of AWS",
      changed({ timeoutSeconds: 21_000, attempts: 2 }),
      "job key-report: credentials would have to live 44160 s, but AWS gives at most 43200 s: lower the timeout, the attempts or the queue limit",
    ],
    [
      "does what the boundary does not allow",
      changed({ permissions: [{ actions: ["iam:CreateUser"], resources: () => ["arn:aws:iam::111122223333:user/x"] }] }),
      "job key-report: iam:CreateUser lies beyond boundary.actions: add it there if jobs may do that at all",
    ],
    [
      "calls a service that its subnets cannot reach",
      changed({ permissions: [{ actions: ["route53:ListHostedZones"], resources: () => ["*"], reason: "none" }] }),
      "job key-report: it calls route53, which the isolated subnets have no endpoint for: add the service to infra/network/private-services.ts",
    ],
    [
      "has a name that leaves its bucket none",
      changed({ name: "quarterly-access-and-permission-report" }),
      "job quarterly-access-and-permission-report: its bucket's name would have 69 characters, and S3 allows 63: shorten the job's name by 6",
    ],
    [
      "asks for a size that Fargate does not have",
      changed({ vcpu: 0.5, memoryMiB: 512 }),
      "job key-report: Fargate has no 512 MiB with 0.5 vCPU: choose 1024 to 4096 in steps of 1024",
    ],
  ])("%s", (_title, job, fault) => {
    expect(faultsOf(validConfig, [job, announce])).toContain(fault);
  });

  it("is one too many for a Lambda's environment is refused with the rest", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => changed({ name: `key-report-${index}` }));
    expect(faultsOf(validConfig, many(11))).toEqual([]);
    expect(faultsOf(validConfig, many(12))).toEqual([
      expect.stringMatching(
        /^jobs\/catalogue\.ts: 12 jobs need \d{4} bytes of a Lambda's environment, and Lambda allows 4096: shorten names, or move jobs/,
      ),
    ]);
  });

  it("calls IAM is refused outside us-east-1, where alone IAM has a private endpoint", () => {
    const elsewhere = { ...validConfig, region: "eu-west-1", zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"] };
    expect(faultsOf(elsewhere)).toEqual([
      "job key-report: it calls iam, and AWS offers that service's private endpoint only in us-east-1: set region to us-east-1, or drop the job",
    ]);
    expect(faultsOf(elsewhere, [announce])).toEqual([]);
  });
});

it("refuses the repository's own configuration as little as its catalogue", async () => {
  const { default: config } = await import("../../keyturn.config.ts");
  expect(Object.keys(config.admins)).toContain("alice");
});
