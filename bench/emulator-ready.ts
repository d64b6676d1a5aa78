// How long a person waits for the account once the templates are there: the whole process, from its start.

import { repositoryRoot } from "../cli/local/repository.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { localStart } from "./local-start.ts";
import { figure, type Measurement } from "./measurement.ts";
import { sampleOf } from "./sampling.ts";

const starts = 9;

export const emulatorReady: Measurement = {
  name: "emulator-ready",
  measures: "keyturn local start, from its process's start to ready, templates already synthesised",
  async measure() {
    await synthesise(repositoryRoot);
    const readyMs: number[] = [];
    for (let start = 0; start < starts; start++) {
      const local = await localStart();
      readyMs.push(local.readyMs);
      await local.stop();
    }
    return [figure("ready", sampleOf(readyMs), "ms", { atMost: 1500 })];
  },
};
