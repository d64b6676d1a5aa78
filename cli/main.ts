// The shell of `keyturn`: finds the command, runs it, and is the only place that turns errors into exit codes.

import { stripVTControlCharacters } from "node:util";
import { runCommand } from "citty";
import { AssemblyRefused, DeploymentFailed } from "../emulator/deploy/template-fault.ts";
import packageManifest from "../package.json" with { type: "json" };
import { type AnyCommand, assertKnownArguments, commandGroup, findCommand, helpText } from "./command.ts";
import { CommandFailed, Denied, type ExitCode, exitCodes, isExitCode, UsageError } from "./outcome.ts";
import { colours } from "./terminal.ts";

export const root: AnyCommand = commandGroup({
  name: "keyturn",
  description: "Starts privileged AWS Batch jobs, and only after a person turns a key: a one-time MFA code.",
  examples: ["keyturn local demo", "keyturn plan credential-report", "keyturn run credential-report", "keyturn runs"],
  commands: {
    jobs: async () => (await import("./jobs.ts")).jobs,
    plan: async () => (await import("./plan.ts")).plan,
    run: async () => (await import("./runs/run.ts")).run,
    approve: async () => (await import("./runs/approve.ts")).approve,
    runs: async () => (await import("./runs/list.ts")).list,
    status: async () => (await import("./runs/status.ts")).status,
    logs: async () => (await import("./runs/logs.ts")).logs,
    stop: async () => (await import("./runs/stop.ts")).stop,
    schedules: async () => (await import("./schedules/list.ts")).schedules,
    replay: async () => (await import("./runs/replay.ts")).replay,
    audit: async () => (await import("./audit/audit.ts")).audit,
    admin: async () =>
      commandGroup({
        name: "admin",
        description: "The people who can turn the key, and their credentials.",
        examples: ["keyturn admin enroll alice --profile iam-admin", "keyturn admin list --profile iam-admin"],
        commands: {
          enroll: async () => (await import("./admin/enroll.ts")).enroll,
          rotate: async () => (await import("./admin/rotate.ts")).rotate,
          remove: async () => (await import("./admin/remove.ts")).remove,
          list: async () => (await import("./admin/list.ts")).list,
        },
      }),
    completion: async () => (await import("./completion.ts")).completion,
    doctor: async () => (await import("./doctor.ts")).doctor,
    local: async () =>
      commandGroup({
        name: "local",
        description: "AWS on this machine: the emulator with Keyturn deployed into it.",
        examples: ["keyturn local demo", "keyturn local start --port 4566"],
        commands: {
          start: async () => (await import("./local/start.ts")).start,
          demo: async () => (await import("./local/demo.ts")).demo,
        },
      }),
  },
});

/** What the shells' scripts call, with the words up to the cursor; no command of people's. */
const completing = "__complete";

/** Runs one command line and says how it ended. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await run(argv);
  } catch (error) {
    console.error(explain(error));
    return exitCodeOf(error);
  }
}

async function run(argv: readonly string[]): Promise<ExitCode> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
    console.log(packageManifest.version);
    return exitCodes.done;
  }
  if (argv[0] === completing) {
    const { candidates } = await import("./completion/candidates.ts");
    for (const { value, description } of await candidates(root, argv.slice(1))) console.log(`${value}\t${description}`);
    return exitCodes.done;
  }
  const found = await findCommand(root, argv);
  const plain = (text: string): string => (colours(process.stdout).enabled ? text : stripVTControlCharacters(text));
  if (found.rest.includes("--help") || found.rest.includes("-h")) {
    console.log(plain(await helpText(found)));
    return exitCodes.done;
  }
  assertKnownArguments(found);
  if (found.command.run === undefined) {
    console.error(plain(await helpText(found)));
    return exitCodes.usage;
  }
  // citty would take an option's value for the name of a command within.
  const { subCommands: _, ...own } = found.command;
  const { result } = await runCommand(own, { rawArgs: [...found.rest] });
  return isExitCode(result) ? result : exitCodes.done;
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof Denied) return exitCodes.denied;
  return exitCodes.failed;
}

/** Expected failures speak for themselves; anything else is a bug and shows where it happened. */
const expected = [UsageError, CommandFailed, Denied, AssemblyRefused, DeploymentFailed] as const;

function explain(error: unknown): string {
  if (!(error instanceof Error)) return `keyturn: ${String(error)}`;
  return expected.some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message);
}
