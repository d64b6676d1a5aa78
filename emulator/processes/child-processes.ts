// Every child of the emulator starts here, so that none outlives it: not after stop(), and not when the emulator itself is killed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** How a child ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles after the child has ended and its output has been read. */
  readonly ended: Promise<Exit>;
  /** Signals the child and every process that it started. */
  kill(signal: NodeJS.Signals): void;
}

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
  /** The child's whole environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** The child could not be started at all (no such program, no such folder). */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

const guardProgram = fileURLToPath(new URL("./guard.mjs", import.meta.url));

/** Starts children as leaders of process groups of their own and keeps the list of those alive. */
export class ChildProcesses {
  readonly #alive = new Set<Child>();
  #guard: ChildProcess | undefined;
  #isStopped = false;

  /** Throws `StartFailure`. */
  async start(command: Command): Promise<Child> {
    if (this.#isStopped) throw new StartFailure(`${command.file}: the emulator is stopping and starts no more processes.`);
    // A group of its own: a signal then reaches what the child itself has started.
    const child = spawn(command.file, command.arguments, {
      cwd: command.folder,
      env: command.environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const ended = new Promise<Exit>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    try {
      await once(child, "spawn");
    } catch (cause) {
      throw new StartFailure(`${command.file} in ${command.folder} did not start: ${(cause as Error).message}`, { cause });
    }
    const pid = child.pid as number;
    let hasExited = false;
    const kill = (signal: NodeJS.Signals): void => {
      // The system may give the number of an ended process to another.
      if (!hasExited) killGroup(pid, signal);
    };
    const started: Child = { pid, stdout: child.stdout, stderr: child.stderr, ended, kill };
    this.#alive.add(started);
    this.#tellGuard(`+${pid}`);
    // What a leader leaves behind in its group ends with it, as in a container; it would hold the output open otherwise.
    child.once("exit", () => {
      kill("SIGKILL");
      hasExited = true;
      this.#tellGuard(`-${pid}`);
    });
    void ended.then(() => this.#alive.delete(started));
    if (this.#isStopped) started.kill("SIGKILL");
    return started;
  }

  /** Kills all children and waits until they are gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const children = [...this.#alive];
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.ended));
    const guard = this.#guard;
    if (guard?.exitCode === null && guard.signalCode === null) {
      const exited = once(guard, "exit");
      guard.stdin?.end();
      await exited;
    }
  }

  #tellGuard(line: string): void {
    if (this.#guard === undefined) {
      // Detached: Ctrl-C in a terminal must not end the guard before the emulator.
      this.#guard = spawn(process.execPath, [guardProgram], { stdio: ["pipe", "ignore", "ignore"], env: {}, detached: true });
      this.#guard.on("error", () => {});
      this.#guard.stdin?.on("error", () => {});
      this.#guard.unref();
      // A pipe by type, a socket in fact: it alone must not keep the emulator running.
      if (this.#guard.stdin instanceof Socket) this.#guard.stdin.unref();
    }
    this.#guard.stdin?.write(`${line}\n`);
  }
}

function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // ESRCH: the whole group has ended already. EPERM: macOS says so of a group of zombies.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
