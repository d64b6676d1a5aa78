// `npm run bench`: one JSON document with every figure on stdout, progress for a person on stderr.

import { bundleLoad } from "./bundle-load.ts";
import { bundleSize } from "./bundle-size.ts";
import { codeToJob } from "./code-to-job.ts";
import { completeRuns } from "./complete-runs.ts";
import { demo } from "./demo.ts";
import { emulatorReady } from "./emulator-ready.ts";
import { idleMemory } from "./idle-memory.ts";
import { interpreter } from "./interpreter.ts";
import { describeFigure, type Figure, type Measurement, machineClass } from "./measurement.ts";
import { policyDecisions } from "./policy-decisions.ts";
import { signedCalls } from "./signed-calls.ts";
import { waitingRuns } from "./waiting-runs.ts";

/** The short ones first; the longest takes minutes. */
const measurements: readonly Measurement[] = [
  bundleSize,
  bundleLoad,
  policyDecisions,
  interpreter,
  emulatorReady,
  idleMemory,
  signedCalls,
  codeToJob,
  demo,
  waitingRuns,
  completeRuns,
];

const progress = (line: string): void => console.error(line);

async function main(asked: readonly string[]): Promise<void> {
  const names = measurements.map(({ name }) => name);
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    progress(`There is no measurement ${unknown.join(", ")}. Take any of: ${names.join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  const results: { name: string; measures: string; tookSeconds: number; figures: readonly Figure[] }[] = [];
  for (const { name, measures, measure } of measurements.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    progress(`${name}: ${measures}`);
    const startedAtMs = performance.now();
    const figures = await measure((line) => progress(`  … ${line}`));
    results.push({ name, measures, tookSeconds: Math.round((performance.now() - startedAtMs) / 1000), figures });
    for (const figure of figures) progress(`  ${describeFigure(figure)}`);
  }
  const notMet = results.flatMap(({ name, figures }) => figures.flatMap(({ what, met }) => (met === false ? [`${name}: ${what}`] : [])));
  console.log(JSON.stringify({ machine: machineClass(), at: new Date().toISOString(), notMet, measurements: results }, undefined, 2));
}

await main(process.argv.slice(2));
