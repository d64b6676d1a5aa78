import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { mostBundleBytes, taskBundling, taskNames } from "../../tasks/bundling.ts";

const bundle = async (task: string) => {
  const { outputFiles, metafile } = await build({
    ...taskBundling,
    external: [...taskBundling.external],
    mainFields: [...taskBundling.mainFields],
    entryPoints: [`tasks/${task}/handler.ts`],
    write: false,
    metafile: true,
  });
  return { bytes: outputFiles.reduce((sum, file) => sum + file.contents.length, 0), inputs: Object.keys(metafile.inputs) };
};

describe("the tasks' bundles", () => {
  it("are all tasks that there are", () => {
    expect(readdirSync("tasks").filter((name) => existsSync(`tasks/${name}/handler.ts`))).toEqual([...taskNames].sort());
  });

  // Claims about what a task cannot do begin with what it cannot even call.
  it.each([
    ["admit-run", []],
    ["request-mfa", ["client-sns"]],
    ["validate-mfa", ["client-dynamodb", "client-kms", "client-secrets-manager", "client-sts"]],
    ["retrieve-credentials", ["client-kms", "client-sts"]],
    ["authorize-submission", ["client-kms"]],
    ["rotate-admin-key", ["client-iam", "client-secrets-manager", "client-sts"]],
    ["start-scheduled-run", ["client-sfn", "client-ssm"]],
    ["start-event-run", ["client-sfn"]],
    ["announce-end", ["client-sfn", "client-sns"]],
    ["record-run", ["client-batch", "client-cloudtrail", "client-s3", "client-sfn"]],
  ] as const)("%s is small, and has no AWS client but %j", async (task, clients) => {
    const { bytes, inputs } = await bundle(task);
    const found = new Set(inputs.flatMap((path) => /@aws-sdk\/(client-[a-z0-9-]+)\//.exec(path)?.[1] ?? []));
    expect([...found].sort()).toEqual(clients);
    expect(bytes).toBeLessThanOrEqual(mostBundleBytes(task));
  });
});
