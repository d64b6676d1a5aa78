// Turns tasks and jobs into what AWS runs: one folder per Lambda, one image context per job, all in one esbuild run.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { entryPoint } from "../jobs/launcher/entry-point.ts";
import { taskBundling, taskNames } from "../tasks/bundling.ts";

/** Folders ready to be assets. */
export interface Bundles {
  /** Holds `index.mjs`, which exports `handler`. */
  task(task: string): string;
  /** Holds `Dockerfile`, `launcher.mjs`, `main.mjs` and `job.json`. */
  image(job: string): string;
}

const repository = resolve(import.meta.dirname, "..");

const dockerfile = `FROM public.ecr.aws/docker/library/node:24.21.0-slim
WORKDIR /keyturn
COPY launcher.mjs main.mjs job.json ./
USER node
ENTRYPOINT ${JSON.stringify(entryPoint)}
`;

/** Bundles into a folder of its own, which is gone when the process ends: the CDK copies assets as soon as it is given them. */
export async function bundle(jobs: readonly string[]): Promise<Bundles> {
  const out = mkdtempSync(join(tmpdir(), "keyturn-bundles-"));
  process.once("exit", () => rmSync(out, { recursive: true, force: true }));
  await build({
    ...taskBundling,
    // esbuild wants arrays that it could change.
    mainFields: [...taskBundling.mainFields],
    external: [...taskBundling.external],
    absWorkingDir: repository,
    entryPoints: [
      ...taskNames.map((task) => ({ in: `tasks/${task}/handler.ts`, out: `tasks/${task}/index` })),
      ...jobs.map((job) => ({ in: `jobs/${job}/main.ts`, out: `images/${job}/main` })),
      { in: "jobs/launcher/main.ts", out: "launcher" },
    ],
    outdir: out,
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  });
  for (const job of jobs) {
    const context = join(out, "images", job);
    mkdirSync(context, { recursive: true });
    copyFileSync(join(out, "launcher.mjs"), join(context, "launcher.mjs"));
    writeFileSync(join(context, "job.json"), `${JSON.stringify({ job })}\n`);
    writeFileSync(join(context, "Dockerfile"), dockerfile);
  }
  return { task: (task) => join(out, "tasks", task), image: (job) => join(out, "images", job) };
}
