// What the emulator takes while nobody uses it.

import { setTimeout as sleep } from "node:timers/promises";
import { repositoryRoot } from "../cli/local/repository.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { localStart } from "./local-start.ts";
import { figure, type Measurement } from "./measurement.ts";
import { memoryOf } from "./process-memory.ts";
import { sampleOf } from "./sampling.ts";

const starts = 5;
/** After it is ready. */
const idleMs = 3000;

export const idleMemory: Measurement = {
  name: "idle-memory",
  measures: "keyturn local start, everything deployed and enrolled, left alone",
  async measure() {
    await synthesise(repositoryRoot);
    const megabytes: number[] = [];
    for (let start = 0; start < starts; start++) {
      const local = await localStart();
      await sleep(idleMs);
      const { own, children } = await memoryOf(local.pid);
      megabytes.push(own + children);
      await local.stop();
    }
    return [figure("resident set, with all child processes", sampleOf(megabytes), "MB", { atMost: 150 })];
  },
};
