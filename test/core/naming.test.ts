import { describe, expect, it } from "vitest";
import {
  adminSecretName,
  batchJobName,
  functionName,
  jobBucketName,
  jobRoleName,
  keyAlias,
  launcherRoleName,
  pascalCase,
  roleSessionName,
} from "../../core/naming.ts";
import { isRunId } from "../../core/run-id.ts";

// 80 characters; its SHA-256 (sha256sum) begins 25f29957aa8c2820.
const longRun = "weekly-credential-report-2026-11-21T07-00-00Z-of-the-security-team-in-zurich-001";

describe("names", () => {
  it.each([
    ["credential-report", "CredentialReport"],
    ["rotate", "Rotate"],
    ["a-b-c", "ABC"],
    ["s3-report-2", "S3Report2"],
  ])("%s is %s in Pascal case", (kebab, pascal) => {
    expect(pascalCase(kebab)).toBe(pascal);
  });

  it("are what policies and people rely on", () => {
    expect(jobRoleName("credential-report")).toBe("BatchRoleCredentialReport");
    expect(launcherRoleName("credential-report")).toBe("LauncherCredentialReport");
    expect(adminSecretName("alice")).toBe("keyturn/admins/alice");
    expect(functionName("admit-run")).toBe("keyturn-admit-run");
    expect(jobBucketName("credential-report", { account: "111122223333", region: "us-east-1" })).toBe(
      "keyturn-credential-report-111122223333-us-east-1",
    );
    expect(keyAlias.jobData("credential-report")).toBe("alias/keyturn/jobs/credential-report/data");
    expect(batchJobName({ job: "credential-report", run: "weekly-1" })).toBe("credential-report-weekly-1");
  });

  it("fit Batch's 128 characters at their longest", () => {
    expect(batchJobName({ job: "j".repeat(40), run: longRun })).toHaveLength(121);
  });

  it.each([
    ["weekly-1", "weekly-1"],
    ["r".repeat(64), "r".repeat(64)],
    [longRun, "weekly-credential-report-2026-11-21T07-00-00Z-o-25f29957aa8c2820"],
  ])("a run's role session: %s is %s", (run, session) => {
    expect(roleSessionName(run)).toBe(session);
    expect(roleSessionName(run)).toMatch(/^[\w+=,.@-]{2,64}$/);
  });

  it("keep two long run ids apart", () => {
    expect(roleSessionName(longRun)).not.toBe(roleSessionName(longRun.replace(/001$/, "002")));
  });
});

describe("a run id", () => {
  it.each(["a", "weekly-2026-11-21", "A_9", "r".repeat(80), longRun])("may be %s", (run) => {
    expect(isRunId(run)).toBe(true);
  });

  it.each(["", "r".repeat(81), "a b", "a/b", "a.b", "ä", "a\n", "$(x)", 7, null, undefined, ["a"]])("may not be %j", (run) => {
    expect(isRunId(run)).toBe(false);
  });
});
