// Drives `keyturn` as people do: as a process of its own, by its exit code and what it prints.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = join(import.meta.dirname, "..", "..", "cli", "keyturn.mjs");

export interface Started {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** The first whole line on stdout; rejects if the process ends without one. */
  readonly firstLine: Promise<string>;
}

/** @param node - the Node to start it with; this test's own if left out */
export function startKeyturn(
  argv: readonly string[],
  { environment = {}, node = process.execPath }: { environment?: NodeJS.ProcessEnv; node?: string } = {},
): Started {
  // Neither colour nor citty's own switches may depend on where the tests run.
  const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...inherited } = process.env;
  const child = spawn(node, [program, ...argv], { env: { ...inherited, ...environment } });
  child.stdin.end();
  let stdout = "";
  let stderr = "";
  const first = Promise.withResolvers<string>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    const end = stdout.indexOf("\n");
    if (end >= 0) first.resolve(stdout.slice(0, end));
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      first.reject(new Error(`keyturn ${argv.join(" ")} ended with ${code ?? signal} before it printed a line:\n${stderr}`));
      resolve({ code, signal, stdout, stderr });
    });
  });
  // Not every test waits for a line.
  first.promise.catch(() => undefined);
  return { process: child, ended, firstLine: first.promise };
}

export const keyturn = (...argv: readonly string[]): Promise<Ended> => startKeyturn(argv).ended;
