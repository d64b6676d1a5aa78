import { describe, expect, it } from "vitest";
import { disableAccessKey } from "../../../jobs/disable-access-key/job.ts";
import { sessionPolicyFor } from "../../../jobs/session-policy.ts";

const accessKeyId = "AKIAIOSFODNN7EXAMPLE";
const place = {
  partition: "aws",
  account: "111122223333",
  region: "us-east-1",
  bucketArn: "arn:aws:s3:::keyturn-disable-access-key-111122223333-us-east-1",
  run: "20261122-030000-x7kq2",
};

describe("the parameters of disable-access-key", () => {
  it("need user and key; a key that was used within a day is left alone unless told so", () => {
    expect(disableAccessKey.parameters.parse({ user: "deployer", accessKeyId })).toEqual({
      user: "deployer",
      path: "/",
      accessKeyId,
      quietMinutes: 1440,
      evenIfInUse: false,
      dryRun: false,
    });
  });

  it.each<[string, object, string]>([
    ["no user", { accessKeyId }, "user"],
    ["every user", { user: "*", accessKeyId }, "user"],
    ["a user by one unknown letter", { user: "deploye?", accessKeyId }, "user"],
    ["a user by a policy variable", { user: "$" + "{aws:username}", accessKeyId }, "user"],
    ["a user with its path", { user: "ci/deployer", accessKeyId }, "user"],
    ["a user of 65 letters", { user: "u".repeat(65), accessKeyId }, "user"],
    ["a path without its end", { user: "deployer", path: "/ci", accessKeyId }, "path"],
    ["a path with a wildcard", { user: "deployer", path: "/*/", accessKeyId }, "path"],
    ["a path that leads out of the user's ARN", { user: "deployer", path: "/ci/:role/", accessKeyId }, "path"],
    ["Keyturn's own path", { user: "alice", path: "/keyturn/", accessKeyId }, "path"],
    ["a path below Keyturn's own", { user: "alice", path: "/keyturn/admins/", accessKeyId }, "path"],
    ["no key", { user: "deployer" }, "accessKeyId"],
    ["a session's key", { user: "deployer", accessKeyId: "ASIAIOSFODNN7EXAMPLE" }, "accessKeyId"],
    ["a key in small letters", { user: "deployer", accessKeyId: accessKeyId.toLowerCase() }, "accessKeyId"],
    ["a time shorter than IAM tells apart", { user: "deployer", accessKeyId, quietMinutes: 14 }, "quietMinutes"],
    ["half a minute", { user: "deployer", accessKeyId, quietMinutes: 15.5 }, "quietMinutes"],
    ["a misspelt flag", { user: "deployer", accessKeyId, dryrun: true }, ""],
    ["a flag as text", { user: "deployer", accessKeyId, dryRun: "true" }, "dryRun"],
  ])("refuse %s", (_what, given, field) => {
    const { error } = disableAccessKey.parameters.safeParse(given);
    expect(error?.issues.map(({ path }) => path.join("."))).toEqual([field]);
  });
});

describe("a run of disable-access-key", () => {
  const parameters = { user: "deployer", path: "/ci/", accessKeyId, quietMinutes: 1440, evenIfInUse: false, dryRun: false };
  const onTheUser = (policy: ReturnType<typeof sessionPolicyFor>) =>
    policy?.Statement.find(({ Resource }) => Resource.some((arn) => arn.includes(":iam:")));

  it("may touch that one user, and write under its own name into its bucket", () => {
    expect(sessionPolicyFor(disableAccessKey, { parameters, place })?.Statement).toEqual([
      {
        Effect: "Allow",
        Action: ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"],
        Resource: ["arn:aws:iam::111122223333:user/ci/deployer"],
      },
      { Effect: "Allow", Action: ["s3:PutObject"], Resource: [`${place.bucketArn}/20261122-030000-x7kq2/*`] },
      {
        Effect: "Allow",
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: ["arn:aws:kms:us-east-1:111122223333:key/*"],
        Condition: { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } },
      },
    ]);
  });

  it("has no right to change the key in a dry run", () => {
    const policy = sessionPolicyFor(disableAccessKey, { parameters: { ...parameters, dryRun: true }, place });
    expect(onTheUser(policy)?.Action).toEqual(["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"]);
  });

  it("fits the longest that parameters and run may be into what STS takes", () => {
    const longest = { ...parameters, user: "u".repeat(64), path: `/${"p".repeat(198)}/` };
    expect(disableAccessKey.parameters.safeParse(longest).success).toBe(true);
    expect(sessionPolicyFor(disableAccessKey, { parameters: longest, place: { ...place, run: "r".repeat(80) } })).toBeDefined();
  });
});
