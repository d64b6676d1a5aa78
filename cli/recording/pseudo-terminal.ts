// A command on a pseudo-terminal of util-linux's `script`: what it shows, when, and what is typed to it.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What came from the terminal at a time, in milliseconds since the recording began. */
export interface Chunk {
  readonly atMs: number;
  readonly text: string;
}

export class PseudoTerminal {
  readonly chunks: Chunk[] = [];
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #listeners = new Set<() => void>();
  #hasEnded = false;
  #text = "";
  #seen = 0;

  /** `command` is for a POSIX shell. */
  constructor(command: string, of: { size: Size; environment: NodeJS.ProcessEnv; nowMs: () => number }) {
    const { size, environment, nowMs } = of;
    const sized = `stty columns ${size.columns} rows ${size.rows}; ${command}`;
    this.#child = spawn("script", ["--quiet", "--return", "--flush", "--command", sized, "/dev/null"], {
      env: { ...process.env, ...environment, TERM: "xterm-256color" },
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.chunks.push({ atMs: nowMs(), text });
      this.#text += stripVTControlCharacters(text);
      this.#tell();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code) => {
        this.#hasEnded = true;
        this.#tell();
        resolve(code);
      });
    });
  }

  /** Resolves when the terminal has shown `text` after what was last waited for; rejects if the command ends before. */
  shows(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const at = this.#text.indexOf(text, this.#seen);
        if (at < 0 && !this.#hasEnded) return;
        this.#listeners.delete(look);
        if (at < 0) reject(new Error(`The terminal never showed ${JSON.stringify(text)}:\n${this.#text}`));
        else {
          this.#seen = at + text.length;
          resolve();
        }
      };
      this.#listeners.add(look);
      look();
    });
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
