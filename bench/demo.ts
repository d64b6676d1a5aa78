// The whole demo, as a newcomer sees it first, against what the CDK alone takes to synthesise the same stacks.

import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "../cli/local/repository.ts";
import { figure, type Measurement } from "./measurement.ts";
import { inTurns, ratios, sampleOf, timed } from "./sampling.ts";

const rounds = 5;
/** Made anew by each side, or none of its business. */
const leftOut = new Set(["node_modules", ".git", ".keyturn", "cdk.out"]);

export const demo: Measurement = {
  name: "demo",
  measures: "keyturn local demo with a fresh synthesis, against cdk synth, each from an empty cache of assemblies",
  async measure() {
    // A copy of its own: the assemblies of this folder stay as they are.
    const copy = await mkdtemp(join(tmpdir(), "keyturn-bench-"));
    try {
      await cp(repositoryRoot, copy, { recursive: true, filter: (path) => !leftOut.has(basename(path)) });
      await symlink(join(repositoryRoot, "node_modules"), join(copy, "node_modules"));
      const times = await inTurns(rounds, {
        demo: () => fresh(copy, "cli/keyturn.mjs", ["local", "demo", "--json"]),
        synth: () => fresh(copy, "node_modules/aws-cdk/bin/cdk", ["synth", "--quiet"]),
      });
      return [
        figure("demo, against cdk synth", ratios(times.demo, times.synth), "×", { atMost: 3 }),
        figure("demo", sampleOf(times.demo), "ms"),
        figure("cdk synth", sampleOf(times.synth), "ms"),
      ];
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  },
};

async function fresh(folder: string, program: string, args: readonly string[]): Promise<number> {
  for (const made of [".keyturn", "cdk.out"]) await rm(join(folder, made), { recursive: true, force: true });
  return timed(() => promisify(execFile)(process.execPath, [join(folder, program), ...args], { cwd: folder, maxBuffer: 2 ** 26 }));
}
