// A job's program as its image holds it, run as a process against a test emulator with the environment that the launcher gives.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { taskBundling } from "../../tasks/bundling.ts";
import type { TestEmulator } from "../support/emulator.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BuiltProgram {
  /** As the emulator's administrator. */
  run(argv: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  remove(): Promise<void>;
}

export async function buildProgram(job: string, emulator: TestEmulator): Promise<BuiltProgram> {
  const folder = await mkdtemp(join(tmpdir(), "keyturn-program-"));
  await build({
    ...taskBundling,
    mainFields: [...taskBundling.mainFields],
    external: [...taskBundling.external],
    entryPoints: [`jobs/${job}/main.ts`],
    outfile: join(folder, "main.mjs"),
  });
  const { accessKeyId, secretAccessKey } = emulator.administrator;
  const fixed = {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: emulator.environment.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  return {
    run: (argv, environment = {}) =>
      new Promise((resolve) => {
        const env = { ...fixed, ...environment };
        execFile(process.execPath, [join(folder, "main.mjs"), ...argv], { env }, (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
        );
      }),
    remove: () => rm(folder, { recursive: true }),
  };
}
