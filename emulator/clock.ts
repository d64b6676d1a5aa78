// Time as the emulator knows it: real, and a test may move it forward.

export interface Timer {
  cancel(): void;
}

/** All times are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Calls `fire` once, when the clock reaches `atMs` (at once, but never synchronously, if that has passed). */
  at(atMs: number, fire: () => void): Timer;
}

interface PendingTimer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
  handle?: NodeJS.Timeout;
}

/** Longest delay that a Node timer takes. */
const longestDelayMs = 2 ** 31 - 1;

/**
 * Runs at real speed, or stands still (`frozenAtMs`), and jumps forward on `advance`. Timers that a jump passes fire in the order of their
 * times, each with the clock showing its own time.
 */
export class MovableClock implements Clock {
  #offsetMs = 0;
  #frozenAtMs: number | undefined;
  readonly #timers = new Set<PendingTimer>();
  #order = 0;

  constructor(options: { frozenAtMs?: number } = {}) {
    this.#frozenAtMs = options.frozenAtMs;
  }

  now(): number {
    return this.#frozenAtMs ?? Date.now() + this.#offsetMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const timer: PendingTimer = { atMs, order: this.#order++, fire };
    this.#timers.add(timer);
    this.#arm(timer);
    return {
      cancel: () => {
        this.#disarm(timer);
        this.#timers.delete(timer);
      },
    };
  }

  /** Moves the clock by `byMs` (never back), firing what falls due, and lets each fired timer's promises settle before the next. */
  async advance(byMs: number): Promise<void> {
    if (!(byMs >= 0)) throw new RangeError(`the clock moves forward only, not by ${byMs} ms`);
    const targetMs = this.now() + byMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= targetMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#moveTo(Math.max(due.atMs, this.now()));
      this.#disarm(due);
      this.#timers.delete(due);
      due.fire();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#moveTo(Math.max(targetMs, this.now()));
    for (const timer of this.#timers) this.#arm(timer);
  }

  /** Ends all timers, so that nothing keeps the process alive. */
  stop(): void {
    for (const timer of this.#timers) this.#disarm(timer);
    this.#timers.clear();
  }

  #moveTo(atMs: number): void {
    if (this.#frozenAtMs === undefined) this.#offsetMs += Math.max(0, atMs - this.now());
    else this.#frozenAtMs = atMs;
  }

  #arm(timer: PendingTimer): void {
    this.#disarm(timer);
    const delayMs = timer.atMs - this.now();
    if (this.#frozenAtMs !== undefined && delayMs > 0) return;
    timer.handle = setTimeout(
      () => {
        if (timer.atMs > this.now()) return this.#arm(timer);
        this.#timers.delete(timer);
        timer.fire();
      },
      Math.min(Math.max(0, delayMs), longestDelayMs),
    );
  }

  #disarm(timer: PendingTimer): void {
    if (timer.handle !== undefined) clearTimeout(timer.handle);
    delete timer.handle;
  }
}
