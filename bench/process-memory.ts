// Memory as the system accounts it: of one process, and of all that it has started.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface ProcessMemory {
  /** Resident set of the process itself, in MB (10⁶ bytes). */
  readonly own: number;
  /** Resident sets of its descendants, added up; pages that they share count each time. */
  readonly children: number;
}

/** Source: ps(1), POSIX; `rss` is in units of 1024 bytes. */
export async function memoryOf(pid: number): Promise<ProcessMemory> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,rss="]);
  const processes = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number, rss: number]);
  const megabytes = (kibibytes: number): number => (kibibytes * 1024) / 1e6;
  const own = processes.find(([id]) => id === pid)?.[2];
  if (own === undefined) throw new Error(`process ${pid} has ended before its memory was read`);
  const below = (parent: number): number =>
    processes.filter(([, of]) => of === parent).reduce((sum, [id, , rss]) => sum + rss + below(id), 0);
  return { own: megabytes(own), children: megabytes(below(pid)) };
}
