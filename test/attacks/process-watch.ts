// What Linux shows of the processes that the emulator starts: argument lists and environments, sampled while runs are played.

import { readdirSync, readFileSync } from "node:fs";

export interface SeenProcess {
  readonly commandLine: string;
  readonly environment: ReadonlyMap<string, string>;
}

/** @defaultValue every 4 ms: a job's process lives for a tenth of a second at least */
const everyMs = 4;

export class ProcessWatch {
  readonly #seen = new Map<string, SeenProcess>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(process.pid), everyMs);
  }

  /** Every state that a process of ours was seen in, once each. */
  stop(): readonly SeenProcess[] {
    clearInterval(this.#timer);
    return [...this.#seen.values()];
  }

  #look(parent: number): void {
    for (const child of childrenOf(parent)) {
      const commandLine = read(`/proc/${child}/cmdline`);
      const environment = read(`/proc/${child}/environ`);
      // Before it has started its own program, a child shows what its parent was started with: that is the test runner.
      if (commandLine !== "" && commandLine !== read("/proc/self/cmdline")) {
        this.#seen.set(`${child} ${commandLine} ${environment}`, { commandLine, environment: parseEnvironment(environment) });
      }
      this.#look(child);
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  return list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .filter((text) => text !== "")
      .map(Number),
  );
}

const parseEnvironment = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split("\0")
      .filter((entry) => entry.includes("="))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );

/** Empty where the process has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
