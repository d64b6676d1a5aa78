// Memory as the system accounts it: of one process, and of all that it has started.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

export interface ProcessMemory {
  /** Resident set of the process itself, in MB (10⁶ bytes). */
  readonly own: number;
  /** Of its descendants, added up. A page that several of them share counts once in all where the system tells (Linux), else each time. */
  readonly children: number;
}

/** Source: ps(1), POSIX, whose `rss` is in units of 1024 bytes; proc_pid_smaps(5). */
export async function memoryOf(pid: number): Promise<ProcessMemory> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,rss="]);
  const processes = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number, rss: number]);
  const own = processes.find(([id]) => id === pid)?.[2];
  if (own === undefined) throw new Error(`process ${pid} has ended before its memory was read`);
  const below = (parent: number): number[] => processes.filter(([, of]) => of === parent).flatMap(([id]) => [id, ...below(id)]);
  const shares = await Promise.all(below(pid).map(async (id) => (await share(id)) ?? processes.find(([of]) => of === id)?.[2] ?? 0));
  return { own: megabytes(own), children: megabytes(shares.reduce((sum, kibibytes) => sum + kibibytes, 0)) };
}

const megabytes = (kibibytes: number): number => (kibibytes * 1024) / 1e6;

/** The proportional set in KiB: shared pages divided among those who share them. Undefined where the system does not tell. */
async function share(pid: number): Promise<number | undefined> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  const found = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1];
  return found === undefined ? undefined : Number(found);
}
