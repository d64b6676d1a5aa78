// How much later a Lambda is ready because of what its bundle loads, against a handler that does nothing.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { startPopulatedAccount } from "../cli/local/local-account.ts";
import { repositoryRoot } from "../cli/local/repository.ts";
import { signedIn } from "../cli/local/sign-in.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { functionName } from "../core/naming.ts";
import { ChildProcesses } from "../emulator/processes/child-processes.ts";
import { LambdaProcess } from "../emulator/processes/lambda-process.ts";
import { RuntimeApi } from "../emulator/processes/runtime-api.ts";
import { bundle } from "../infra/bundles.ts";
import config from "../keyturn.config.ts";
import { taskNames } from "../tasks/bundling.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { inTurns, ratios, sampleOf, timed } from "./sampling.ts";

const rounds = 25;
const empty = "an empty handler";

type Variables = Readonly<Record<string, string>>;

export const bundleLoad: Measurement = {
  name: "bundle-load",
  measures: "a function's process, from its start until it asks for its first event, without any code cache, against an empty handler",
  async measure(progress) {
    const folder = await mkdtemp(join(tmpdir(), "keyturn-bench-"));
    const [processes, runtimeApi] = [new ChildProcesses(), new RuntimeApi()];
    const start = (taskRoot: string, variables: Variables) => timed(() => startProcess(taskRoot, { variables, processes, runtimeApi }));
    try {
      await writeFile(join(folder, "index.mjs"), "export const handler = async () => {};\n");
      const variables = await deployedVariables();
      const bundles = await bundle([]);
      const starts = taskNames.map((task) => [task, () => start(bundles.task(task), variables.get(task) ?? {})] as const);
      progress(`${rounds} rounds of ${starts.length + 1} processes`);
      const sides: Record<string, () => Promise<number>> = { ...Object.fromEntries(starts), [empty]: () => start(folder, {}) };
      const times = await inTurns(rounds, sides);
      const emptyTimes = times[empty] ?? [];
      const figures = taskNames.flatMap((task): Figure[] => [
        figure(`${task}, against an empty handler`, ratios(times[task] ?? [], emptyTimes), "×", { atMost: 1.5 }),
        figure(task, sampleOf(times[task] ?? []), "ms"),
      ]);
      return [...figures, figure(empty, sampleOf(emptyTimes), "ms")];
    } finally {
      await processes.stop();
      await runtimeApi.stop();
      await rm(folder, { recursive: true });
    }
  },
};

async function startProcess(
  taskRoot: string,
  { variables, processes, runtimeApi }: { variables: Variables; processes: ChildProcesses; runtimeApi: RuntimeApi },
): Promise<void> {
  const process = await LambdaProcess.start({
    processes,
    runtimeApi,
    taskRoot,
    // Lambda has no code cache either.
    environment: { ...variables, ...runtime(taskRoot), NODE_DISABLE_COMPILE_CACHE: "1" },
    onLine: (line) => console.error(line),
  });
  const init = await process.init;
  void process.kill();
  if (init.kind !== "ready") throw new Error(`the handler in ${taskRoot} did not load`);
}

const runtime = (taskRoot: string): Variables => ({
  PATH: dirname(process.execPath),
  AWS_REGION: config.region,
  LAMBDA_TASK_ROOT: taskRoot,
  _HANDLER: "index.handler",
});

/** What each function's environment really holds: a handler parses it while it loads. */
async function deployedVariables(): Promise<ReadonlyMap<string, Variables>> {
  const { assembly } = await synthesise(repositoryRoot);
  const local = await startPopulatedAccount(config, { port: 0, assembly });
  const lambda = signedIn(LambdaClient, local.administrator, local);
  try {
    const found = taskNames.map(async (task): Promise<[string, Variables]> => {
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName(task) }));
      return [task, Environment?.Variables ?? {}];
    });
    return new Map(await Promise.all(found));
  } finally {
    lambda.destroy();
    await local.emulator.stop();
  }
}
