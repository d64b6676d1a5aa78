import { describe, expect, it } from "vitest";
import * as z from "zod";
import { catalogue, findJob } from "../../jobs/catalogue.ts";
import { defineJob, type JobDefinition } from "../../jobs/definition.ts";

const parameters = z.strictObject({ days: z.int().default(30) });
const good = {
  name: "rotate-keys",
  description: "For tests.",
  parameters,
  command: ({ days }) => [String(days)],
  permissions: [{ actions: ["s3:PutObject"], resources: ({ bucketArn }) => [`${bucketArn}/*`] }],
  admins: ["alice"],
  vcpu: 0.25,
  memoryMiB: 512,
  timeoutSeconds: 60,
  attempts: 1,
} satisfies JobDefinition<typeof parameters>;
const schedule = { expression: "rate(7 days)", admin: "alice", reason: "weekly" };

describe("a job's declaration", () => {
  it("is taken as it is", () => {
    expect(defineJob(good)).toBe(good);
    expect(defineJob({ ...good, schedule, timeoutSeconds: 86_400, attempts: 10, name: "r".repeat(40) }).attempts).toBe(10);
  });

  it.each<[string, Partial<JobDefinition<typeof parameters>>, string]>([
    ["a name in capitals", { name: "RotateKeys" }, "name must be kebab-case, at most 40 characters"],
    ["a name that ends in a hyphen", { name: "rotate-" }, "name must be kebab-case, at most 40 characters"],
    ["a name too long", { name: "r".repeat(41) }, "name must be kebab-case, at most 40 characters"],
    ["a timeout that Batch refuses", { timeoutSeconds: 59 }, "timeoutSeconds must be at least 60 (AWS Batch's minimum)"],
    ["no attempt", { attempts: 0 }, "attempts must be a whole number from 1 to 10"],
    ["half an attempt", { attempts: 1.5 }, "attempts must be a whole number from 1 to 10"],
    ["eleven attempts", { attempts: 11 }, "attempts must be a whole number from 1 to 10"],
    ["no admin", { admins: [] }, "admins must name at least one admin"],
    ["every action", { permissions: [{ actions: ["*"], resources: () => ["arn:x"] }] }, "permission * has a * action"],
    ["every action of a service", { permissions: [{ actions: ["iam:*"], resources: () => ["arn:x"] }] }, "permission iam:* has a * action"],
    [
      "every resource without a reason",
      { permissions: [{ actions: ["iam:ListUsers"], resources: () => ["*"] }] },
      "permission iam:ListUsers has resource * without a reason",
    ],
  ])("is refused with %s", (_what, change, fault) => {
    const job = { ...good, ...change };
    expect(() => defineJob(job)).toThrow(new Error(`jobs/${job.name}/job.ts: ${fault}`));
  });

  it("names every fault at once", () => {
    expect(() => defineJob({ ...good, timeoutSeconds: 1, attempts: 0 })).toThrow(
      "jobs/rotate-keys/job.ts: timeoutSeconds must be at least 60 (AWS Batch's minimum); attempts must be a whole number from 1 to 10",
    );
  });
});

describe("the catalogue", () => {
  it("finds a job by its name, and nothing by another", () => {
    expect(findJob("credential-report")?.name).toBe("credential-report");
    expect(["Credential-Report", "", "constructor", "toString"].map(findJob)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("has each name once", () => {
    expect(new Set(catalogue.map((job) => job.name)).size).toBe(catalogue.length);
  });
});

describe("the credential report's declaration", () => {
  const place = { partition: "aws", account: "111122223333", region: "us-east-1", bucketArn: "arn:aws:s3:::reports" };

  it("asks for reading users' credentials and writing to its bucket, and for nothing else", () => {
    const statements = findJob("credential-report")?.permissions.map(({ actions, resources }) => [actions, resources(place)]);
    expect(statements).toEqual([
      [["iam:ListUsers"], ["*"]],
      [
        ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:ListMFADevices", "iam:GetLoginProfile"],
        ["arn:aws:iam::111122223333:user/*"],
      ],
      [["s3:PutObject"], ["arn:aws:s3:::reports/*"]],
    ]);
  });

  it.each(["/", "/keyturn/", "/a/b/"])("takes the path prefix %s", (pathPrefix) => {
    expect(findJob("credential-report")?.parameters.safeParse({ pathPrefix }).success).toBe(true);
  });

  it.each(["", "keyturn/", "/keyturn", "//", "/a b/", `/${"a".repeat(200)}/`])("refuses the path prefix %s", (pathPrefix) => {
    expect(findJob("credential-report")?.parameters.safeParse({ pathPrefix }).success).toBe(false);
  });
});
