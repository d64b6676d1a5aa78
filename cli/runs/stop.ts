// `keyturn stop RUN`: ends the execution and its job, and says what may still be valid.

import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { profileNames } from "../completion/values.ts";
import { colours, duration, moment, table, wrap } from "../terminal.ts";
import { asOperator } from "./operator-session.ts";
import { parseRun, runArgument } from "./run-argument.ts";
import { findExecution } from "./run-execution.ts";
import { type Stopped, stopRun } from "./stop-run.ts";

export const stop = command({
  meta: { name: "stop", description: "Stop a run and its job." },
  args: { run: runArgument, json: { type: "boolean", description: "Print one JSON document." }, ...sessionArguments },
  values: { profile: profileNames },
  examples: ["keyturn stop 20261122-010628-x7kq2"],
  run: ({ args }) => {
    const named = parseRun(args.run);
    return asOperator(args, async (operator) => {
      const stopped = await stopRun(await findExecution(named, operator), operator);
      const { view, ...told } = stopped;
      console.log(args.json ? JSON.stringify({ ...told, status: view.status }) : stoppedText(stopped));
    });
  },
});

const names: Readonly<Record<Stopped["stillValid"][number]["what"], string>> = {
  "mfa-session": "MFA session",
  "job-credentials": "job credentials",
};

export function stoppedText({ run, stoppedExecution, terminatedJobs, stillValid, view }: Stopped): string {
  const { paint } = colours(process.stdout);
  const first = stoppedExecution ? `Run ${run} is stopped.` : `Run ${run} had ended already: ${view.status}.`;
  const jobs = terminatedJobs.map((id) => `Batch job ${id} was told to end; its program has 30 seconds to do so.`);
  const valid =
    stillValid.length === 0
      ? ["Nothing that was issued for it is valid any more."]
      : [
          "What AWS would still honour (sealed; only the step that it was made for could open it):",
          table(
            stillValid.map(({ what, until, forSeconds }) => [
              names[what],
              `until ${moment(Date.parse(until))} (${duration(forSeconds * 1000)} more)`,
            ]),
          ),
        ];
  return [paint("bold", first), ...jobs.map((line) => wrap(line)), ...valid].join("\n");
}
