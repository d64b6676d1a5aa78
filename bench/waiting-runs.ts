// Memory for runs that wait for a code: a schedule may leave many, and each waits for hours.

import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { repositoryRoot } from "../cli/local/repository.ts";
import { signedIn } from "../cli/local/sign-in.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { stateMachineName } from "../core/naming.ts";
import { localStart } from "./local-start.ts";
import { figure, type Measurement } from "./measurement.ts";
import { memoryOf } from "./process-memory.ts";
import { inLanes } from "./sampling.ts";
import { untilItWaits } from "./waiting.ts";

const runs = 10_000;
const step = 1000;
const idleMs = 5000;
/** Runs being started at once: each takes a process of two functions, and those stay. */
const lanes = availableParallelism();

export const waitingRuns: Measurement = {
  name: "waiting-runs",
  measures: `memory of keyturn local start with ${runs} runs that wait for a code`,
  async measure(progress) {
    await synthesise(repositoryRoot);
    const local = await localStart();
    const sfn = signedIn(SFNClient, await local.credentials("operator"), local);
    const stateMachineArn = `arn:aws:states:${local.region}:${local.account}:stateMachine:${stateMachineName}`;
    const input = JSON.stringify({ job: "credential-report", admin: "alice", reason: "a run that waits" });
    const start = async (name: string): Promise<void> => {
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input }));
      await untilItWaits(sfn, executionArn ?? "");
    };
    try {
      const before = await memoryOf(local.pid);
      let busy = before;
      let first: typeof before | undefined;
      for (let started = 0; started < runs; started += step) {
        await inLanes(step, lanes, (index) => start(`waiting-${started + index}`));
        busy = await memoryOf(local.pid);
        first ??= busy;
        progress(`${started + step} runs wait: ${Math.round(busy.own)} MB, and ${Math.round(busy.children)} MB in child processes`);
      }
      // They wait; so does the emulator.
      await sleep(idleMs);
      const { own, children } = await memoryOf(local.pid);
      return [
        figure(`${runs} runs, with all child processes`, own + children, "MB", { atMost: 1000 }),
        figure("of that, the emulator's own process", own, "MB"),
        figure("of that, the functions' processes", children, "MB"),
        figure("the emulator before any run", before.own, "MB"),
        figure("the emulator's own process while the last were being started", busy.own, "MB"),
        figure("its growth after the first thousand", (busy.own - (first?.own ?? busy.own)) / (runs / step - 1), "MB per 1,000"),
      ];
    } finally {
      sfn.destroy();
      await local.stop();
    }
  },
};
