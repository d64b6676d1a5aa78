// What a service carries to a target on its own: tried again as the retry policy says, given up when that is spent or when nothing would mend it.

import type { Clock, Timer } from "./clock.ts";

export interface RetryPolicy {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
}

/** What EventBridge and Scheduler do where a target says nothing. */
export const retryDefaults: RetryPolicy = { maximumRetryAttempts: 185, maximumEventAgeSeconds: 86_400 };

export interface GivenUp {
  readonly error: Error;
  readonly attempts: number;
  /** Which of the policy's bounds was met; absent where no retry would have helped. */
  readonly exhausted?: "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";
}

export interface Parcel {
  readonly retry: RetryPolicy;
  /** When its age began, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Carries it there once; `attempt` counts from 1. */
  carry(attempt: number): Promise<void>;
  delivered(attempts: number): void;
  givenUp(of: GivenUp): Promise<void>;
}

/** Errors that no retry mends: the call itself is wrong or forbidden. */
function isPermanent(error: Error & { statusCode?: number; $metadata?: { httpStatusCode?: number } }): boolean {
  const status = error.$metadata?.httpStatusCode ?? error.statusCode;
  const isThrottled = /Throttl|TooManyRequests|LimitExceeded/.test(error.name);
  return status !== undefined && status >= 400 && status < 500 && !isThrottled;
}

const longestBackoffMs = 5 * 60_000;

export class Deliveries {
  readonly #clock: Clock;
  readonly #underWay = new Set<Promise<void>>();
  readonly #retries = new Set<Timer>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first attempt begins at once. */
  begin(parcel: Parcel): void {
    if (!this.#isStopped) this.#start(parcel, 1);
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  /** Settles when no attempt is under way; attempts that wait for their time are not waited for. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#underWay);
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#retries) timer.cancel();
    await this.idle();
  }

  #start(parcel: Parcel, attempt: number): void {
    const underWay = this.#attempt(parcel, attempt).finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
  }

  async #attempt(parcel: Parcel, attempt: number): Promise<void> {
    try {
      await parcel.carry(attempt);
    } catch (thrown) {
      return this.#failed(parcel, { error: thrown as Error, attempt });
    }
    parcel.delivered(attempt);
  }

  async #failed(parcel: Parcel, { error, attempt }: { error: Error; attempt: number }): Promise<void> {
    if (isPermanent(error)) return parcel.givenUp({ error, attempts: attempt });
    const { maximumRetryAttempts, maximumEventAgeSeconds } = parcel.retry;
    if (attempt > maximumRetryAttempts) return parcel.givenUp({ error, attempts: attempt, exhausted: "MaximumRetryAttempts" });
    const atMs = this.#clock.now() + Math.min(1000 * 2 ** (attempt - 1), longestBackoffMs);
    if (atMs - parcel.sinceMs > maximumEventAgeSeconds * 1000) {
      return parcel.givenUp({ error, attempts: attempt, exhausted: "MaximumEventAgeInSeconds" });
    }
    if (this.#isStopped) return;
    const timer = this.#clock.at(atMs, () => {
      this.#retries.delete(timer);
      this.#start(parcel, attempt + 1);
    });
    this.#retries.add(timer);
  }
}
