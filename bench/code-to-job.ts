// How long a person waits between giving a good code and AWS Batch having the job.

import { functionName } from "../core/naming.ts";
import type { CallRecord } from "../emulator/gateway/call-record.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { sampleOf } from "./sampling.ts";
import { untilItWaits } from "./waiting.ts";
import { startWatchedAccount } from "./watched-account.ts";

/** Each begins with a cold run. */
const accounts = 7;
const warmRunsPerAccount = 4;

/** The functions between the code and the job. */
const functions = ["validate-mfa", "retrieve-credentials", "authorize-submission"].map(functionName);

/** One run's way from the code to the job, in milliseconds. */
interface Way {
  readonly total: number;
  /** In the functions' processes: their start where they were cold, their own work, and the wait for the calls that they made. */
  readonly functions: number;
  /** The emulator's: those calls, and everything outside the functions. */
  readonly emulator: number;
}

export const codeToJob: Measurement = {
  name: "code-to-job",
  measures: "from the answer with a good code to AWS Batch's answer to SubmitJob",
  async measure(progress) {
    const cold: Way[] = [];
    const warm: Way[] = [];
    for (let index = 0; index < accounts; index++) {
      const [first, ...others] = await waysOfOneAccount();
      if (first !== undefined) cold.push(first);
      warm.push(...others);
      progress(
        `account ${index + 1} of ${accounts}: ${Math.round(first?.total ?? 0)} ms cold, then ${others.map(({ total }) => Math.round(total)).join(", ")} ms`,
      );
    }
    return [...figuresOf("warm", warm, 1000), ...figuresOf("all cold", cold, 2500)];
  },
};

const figuresOf = (what: string, ways: readonly Way[], atMost: number): Figure[] => [
  figure(what, sampleOf(ways.map(({ total }) => total)), "ms", { atMost }),
  figure(`${what}: in the functions' processes`, sampleOf(ways.map((way) => way.functions)), "ms"),
  figure(`${what}: the emulator's own share`, sampleOf(ways.map(({ emulator }) => emulator)), "ms"),
];

async function waysOfOneAccount(): Promise<readonly Way[]> {
  let answeredAtMs = 0;
  let submittedAtMs = 0;
  let inFunctionsMs = 0;
  let inTheirCallsMs = 0;
  const onCall = ({ operation, outcome, caller, durationMs }: CallRecord): void => {
    if (outcome !== "answered") return;
    if (operation === "SendTaskSuccess") answeredAtMs = performance.now();
    if (operation === "SubmitJob") submittedAtMs = performance.now();
    if (caller?.arn.includes("assumed-role/") === true && functions.some((name) => caller.arn.endsWith(`/${name}`)))
      inTheirCallsMs += durationMs;
  };
  const account = await startWatchedAccount({
    onCall,
    onInvocation({ functionName: name, initMs, durationMs }) {
      if (functions.includes(name)) inFunctionsMs += initMs + durationMs;
    },
  });
  try {
    const ways: Way[] = [];
    for (let index = 0; index <= warmRunsPerAccount; index++) {
      const run = `code-to-job-${index}`;
      const ended = account.ended(run);
      const taskToken = await untilItWaits(account.sfn, await account.start(run));
      [inFunctionsMs, inTheirCallsMs] = [0, 0];
      await account.answer(taskToken, account.newCode());
      await ended;
      const total = submittedAtMs - answeredAtMs;
      ways.push({ total, functions: inFunctionsMs - inTheirCallsMs, emulator: total - inFunctionsMs + inTheirCallsMs });
    }
    return ways;
  } finally {
    await account.stop();
  }
}
