// Whole runs with real processes, against the job's processes alone; and whether the thousandth run costs more than the first.

import { availableParallelism } from "node:os";
import { functionName } from "../core/naming.ts";
import { jobProcessOf } from "./job-process.ts";
import { figure, type Measurement } from "./measurement.ts";
import { inLanes, sampleOf, timed } from "./sampling.ts";
import { startWatchedAccount, type WatchedAccount } from "./watched-account.ts";

const blocks = 10;
const runsPerBlock = 100;
const processesPerBlock = 40;
/** Runs under way at once; two for each core, so that a core always has work. */
const lanes = 2 * availableParallelism();

interface Block {
  readonly runsPerSecond: number;
  readonly processesPerSecond: number;
  /** Processor time of this process, which is the emulator and what drives it. */
  readonly cpuMsPerRun: number;
}

export const completeRuns: Measurement = {
  name: "complete-runs",
  measures: `${blocks * runsPerBlock} runs from start to finished job, functions warm, in turns with the same job's processes alone, ${lanes} at a time`,
  async measure(progress) {
    const validated = new Set<() => void>();
    const account = await startWatchedAccount({
      onInvocation({ functionName: name }) {
        if (name === functionName("validate-mfa")) for (const tell of validated) tell();
      },
    });
    try {
      const play = player(account, validated);
      // Warms up every lane's functions.
      await inLanes(4 * lanes, lanes, (index) => play(`warm-up-${index}`));
      const { jobId } = JSON.parse(await play("captured")) as { jobId: string };
      const alone = await jobProcessOf(jobId, account.emulator);
      const measured: Block[] = [];
      try {
        for (let block = 0; block < blocks; block++) {
          const before = process.cpuUsage();
          const runsMs = await timed(() => inLanes(runsPerBlock, lanes, (index) => play(`run-${block}-${index}`)));
          const { user, system } = process.cpuUsage(before);
          const processesMs = await timed(() => inLanes(processesPerBlock, lanes, () => alone.run()));
          measured.push({
            runsPerSecond: (runsPerBlock * 1000) / runsMs,
            processesPerSecond: (processesPerBlock * 1000) / processesMs,
            cpuMsPerRun: (user + system) / 1000 / runsPerBlock,
          });
          progress(describe(block, measured.at(-1)));
        }
      } finally {
        await alone.stop();
      }
      const share = measured.map(({ runsPerSecond, processesPerSecond }) => (100 * runsPerSecond) / processesPerSecond);
      const [first, last] = [measured[0]?.cpuMsPerRun ?? 0, measured.at(-1)?.cpuMsPerRun ?? 0];
      return [
        figure("complete runs, of the rate of the job's processes alone", sampleOf(share), "%", { atLeast: 60 }),
        figure("complete runs", sampleOf(measured.map((block) => block.runsPerSecond)), "per second"),
        figure("the job's processes alone", sampleOf(measured.map((block) => block.processesPerSecond)), "per second"),
        figure(`the emulator's processor time, runs 1–${runsPerBlock}`, first, "ms per run"),
        figure(`the emulator's processor time, runs ${(blocks - 1) * runsPerBlock + 1}–${blocks * runsPerBlock}`, last, "ms per run"),
        figure("last hundred against first hundred", last / first, "×", { atMost: 1.1 }),
      ];
    } finally {
      await account.stop();
    }
  },
};

const describe = (block: number, measured: Block | undefined): string =>
  `runs ${block * runsPerBlock + 1}–${(block + 1) * runsPerBlock}: ${measured?.runsPerSecond.toFixed(2)} per second (${measured?.cpuMsPerRun.toFixed(1)} ms of the emulator each), processes alone ${measured?.processesPerSecond.toFixed(2)} per second`;

/** Plays runs; only the newest code is good, so each waits for the one before to have spent its own. Gives the run's output. */
function player(account: WatchedAccount, validated: Set<() => void>): (run: string) => Promise<string> {
  let turn: Promise<unknown> = Promise.resolve();
  return async (run) => {
    const before = turn;
    const { promise: spent, resolve: isSpent } = Promise.withResolvers<void>();
    turn = spent;
    await before;
    validated.add(isSpent);
    const ended = account.ended(run);
    await account.start(run, account.newCode());
    await Promise.race([spent, ended]);
    validated.delete(isSpent);
    isSpent();
    return ended;
  };
}
