// Processes of one function: warm ones are used again, and as many run side by side as there are events at the same time.

import type { StartGate } from "../../processes/start-gate.ts";
import type { ExecutionEnvironment } from "./execution-environment.ts";

interface Waiter {
  resolve(environment: ExecutionEnvironment): void;
  reject(error: unknown): void;
}

/**
 * An event that finds no warm process asks for a new one and takes whichever is free first, the new one or one that another event leaves:
 * with more events than processors, starting a process for each would be slower than waiting.
 */
export class EnvironmentPool {
  readonly #start: () => Promise<ExecutionEnvironment>;
  readonly #isUsable: (environment: ExecutionEnvironment) => boolean;
  readonly #gate: StartGate;
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #waiting: Waiter[] = [];
  #starting = 0;

  constructor(of: {
    start: () => Promise<ExecutionEnvironment>;
    isUsable: (environment: ExecutionEnvironment) => boolean;
    gate: StartGate;
  }) {
    this.#start = of.start;
    this.#isUsable = of.isUsable;
    this.#gate = of.gate;
  }

  /** A process with no event in it; rejects where it took a new one and that did not start. */
  acquire(): Promise<ExecutionEnvironment> {
    for (let warm = this.#idle.pop(); warm !== undefined; warm = this.#idle.pop()) {
      if (this.#isUsable(warm)) return Promise.resolve(warm);
      void warm.process.kill();
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // As many are being started as wait, at least: each start serves one.
      if (this.#starting < this.#waiting.length) void this.#grow();
    });
  }

  /** Gives a process back, or lets it go when it has ended or its session is about to. */
  release(environment: ExecutionEnvironment): void {
    if (this.#isUsable(environment)) this.#offer(environment);
    else void environment.process.kill();
  }

  /** Ends the processes that wait for an event. */
  async letGo(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((environment) => environment.process.kill()));
  }

  #offer(environment: ExecutionEnvironment): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(environment);
    else next.resolve(environment);
  }

  async #grow(): Promise<void> {
    this.#starting += 1;
    try {
      await this.#gate.run(async () => {
        if (this.#waiting.length === 0) return;
        this.#offer(await this.#start());
      });
    } catch (error) {
      this.#waiting.shift()?.reject(error);
    } finally {
      this.#starting -= 1;
    }
  }
}
