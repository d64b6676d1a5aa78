// The app as a whole: which stacks there are, in which order, and what they bundle.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { bundle } from "../../infra/bundles.ts";
import { environmentBytes } from "../../infra/job-faults.ts";
import { mostBundleBytes, taskNames } from "../../tasks/bundling.ts";
import { sampleJobs } from "./sample-jobs.ts";
import { synthesise } from "./synthesised.ts";

describe("the stacks", () => {
  const { assembly, resources, keyturn } = synthesise();

  it("depend on those before them only, so that each can be deployed alone in this order", () => {
    const names = assembly.stacks.map(({ stackName }) => stackName);
    expect(names).toEqual(["keyturn-network", "keyturn-identity", "keyturn-keys", "keyturn-jobs", "keyturn-workflow", "keyturn-record"]);
    for (const { stackName, dependencies } of assembly.stacks) {
      const before = names.slice(0, names.indexOf(stackName));
      const needed = dependencies.map(({ id }) => id).filter((id) => !id.endsWith(".assets"));
      expect(before).toEqual(expect.arrayContaining(needed));
      expect(needed).toEqual(expect.arrayContaining(before.slice(-1)));
    }
  });

  it("need no lookup, so that they synthesise without an account", () => {
    expect(assembly.manifest.missing).toBeUndefined();
    expect(keyturn.network.account).toMatch(/^\$\{Token/);
  });

  it("need no custom resource", () => {
    expect(resources.filter(({ Type }) => Type.startsWith("Custom::") || Type === "AWS::CloudFormation::CustomResource")).toEqual([]);
  });

  it("give no Lambda more environment than was reckoned with", () => {
    const sizes = resources
      .filter(({ Type }) => Type === "AWS::Lambda::Function")
      .map(({ Properties }) =>
        Object.entries<string>(Properties.Environment.Variables)
          // References stand shorter in these templates than what AWS puts there.
          .map(
            ([name, value]) =>
              name.length +
              value.replaceAll(/keyturn-keys\.\w+\.Arn/g, "k".repeat(75)).replaceAll(/keyturn-workflow\.\w+Parameter/g, "d".repeat(72))
                .length,
          )
          .reduce((sum, size) => sum + size, 0),
      );
    const reckoned = environmentBytes("us-east-1", sampleJobs);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(reckoned);
    expect(Math.max(...sizes)).toBeGreaterThan(reckoned * 0.85);
  });

  it("tag whatever takes tags", () => {
    const untagged = resources.filter(({ Properties }) => {
      const tags = JSON.stringify(Properties?.Tags ?? Properties?.ContainerProperties ?? {});
      return Properties?.Tags !== undefined && !(tags.includes("keyturn") && tags.includes("cloud-security"));
    });
    expect(untagged.map(({ id }) => id)).toEqual([]);
    const tagged = new Set(resources.filter(({ Properties }) => Properties?.Tags !== undefined).map(({ Type }) => Type));
    expect([...tagged]).toEqual(
      expect.arrayContaining([
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "AWS::S3::Bucket",
        "AWS::Lambda::Function",
      ]),
    );
  });

  it("keep keys, secrets and data when a stack is deleted, but leave nothing behind where it was never made", () => {
    const kept = new Set(resources.filter(({ DeletionPolicy }) => DeletionPolicy === "RetainExceptOnCreate").map(({ Type }) => Type));
    expect([...kept].sort()).toEqual([
      "AWS::DynamoDB::Table",
      "AWS::KMS::Key",
      "AWS::Logs::LogGroup",
      "AWS::S3::Bucket",
      "AWS::SecretsManager::Secret",
    ]);
  });
});

describe("what the CDK's CLI runs", () => {
  it.each([
    ["is checked where the CLI asks, since that may deploy it", { CDK_CLI_VERSION: "2.1148.1" }, ["CloudFormation Validate"]],
    ["is not where the emulator asks", {}, []],
  ])("%s", async (_what, said, expected) => {
    const out = mkdtempSync(join(tmpdir(), "keyturn-app-"));
    try {
      const { CDK_CLI_VERSION: _version, ...environment } = process.env;
      await promisify(execFile)(process.execPath, ["infra/app.ts"], { env: { ...environment, ...said, CDK_OUTDIR: out } });
      const report = join(out, "validation-report.json");
      const { pluginReports = [] } = existsSync(report)
        ? (JSON.parse(readFileSync(report, "utf8")) as { pluginReports: { pluginName: string }[] })
        : {};
      expect(pluginReports.map(({ pluginName }) => pluginName).sort()).toEqual(expected);
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});

describe("the bundles", async () => {
  const bundles = await bundle(["credential-report"]);

  it.each(taskNames.map((task) => [task, mostBundleBytes(task)] as const))("hold %s as one file of at most %i bytes", (task, most) => {
    expect(readdirSync(bundles.task(task))).toEqual(["index.mjs"]);
    expect(statSync(join(bundles.task(task), "index.mjs")).size).toBeLessThanOrEqual(most);
  });

  it("hold a job as launcher, program, name and Dockerfile, and the image runs as a user that is not root", () => {
    const context = bundles.image("credential-report");
    expect(readdirSync(context).sort()).toEqual(["Dockerfile", "job.json", "launcher.mjs", "main.mjs"]);
    expect(JSON.parse(readFileSync(join(context, "job.json"), "utf8"))).toEqual({ job: "credential-report" });
    const lines = readFileSync(join(context, "Dockerfile"), "utf8").trim().split("\n");
    expect(lines.at(-2)).toBe("USER node");
    expect(lines.at(-1)).toMatch(/^ENTRYPOINT \["env","-u","NODE_OPTIONS",("-u","\w+",)+"node","launcher\.mjs"\]$/);
  });
});
