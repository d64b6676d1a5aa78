// A person at a terminal: `keyturn` on a pseudo-terminal that Python's standard library makes, typed to and read as it goes.

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const program = join(import.meta.dirname, "..", "..", "cli", "keyturn.mjs");
const bridge = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

export const hasPython = spawnSync("python3", ["-c", "import pty"]).status === 0;

export interface TerminalSession {
  /** Resolves when the screen has shown `text` (after what was last waited for); rejects if the process ends before. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  /** All that it has shown so far. */
  screen(): string;
  /** Takes the terminal away, as when its window is closed. */
  kill(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly screen: string }>;
}

export const keys = { enter: "\r", down: "\u001b[B", interrupt: "\u0003" } as const;

export function atTerminal(argv: readonly string[], environment: NodeJS.ProcessEnv): TerminalSession {
  // A pseudo-terminal begins without a size.
  const command = ["sh", "-c", 'stty rows 50 cols 200; exec "$@"', "sh", process.execPath, program, ...argv];
  const child = spawn("python3", ["-c", bridge, ...command], { env: { ...process.env, ...environment, TERM: "xterm", NO_COLOR: "1" } });
  let screen = "";
  let seen = 0;
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const one of waiting) one();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    screen += stripVTControlCharacters(chunk);
    look();
  });
  let hasEnded = false;
  const ended = new Promise<{ code: number | null; screen: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      hasEnded = true;
      look();
      resolve({ code, screen });
    });
  });
  return {
    shows: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const at = screen.indexOf(text, seen);
          if (at < 0 && !hasEnded) return;
          waiting.delete(check);
          if (at < 0) reject(new Error(`the terminal never showed ${JSON.stringify(text)}:\n${screen}`));
          else {
            seen = at + text.length;
            resolve();
          }
        };
        waiting.add(check);
        check();
      }),
    type: (text) => {
      child.stdin.write(text);
    },
    screen: () => screen,
    kill: () => {
      child.kill("SIGKILL");
    },
    ended,
  };
}
