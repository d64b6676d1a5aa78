// Events that nobody waits for: accepted, then tried, and tried again as the function's configuration says.

import type { Environment } from "../../service.ts";
import type { EventInvokeConfig } from "./functions.ts";
import type { InvocationEvent, Invoker } from "./invoker.ts";

/** How long Lambda waits before it tries again after a function error; the last one is repeated. */
const retryDelaysMs = [60_000, 120_000] as const;

export interface DiscardedEvent {
  readonly requestId: string;
  readonly functionArn: string;
  readonly reason: "RetriesExhausted" | "EventAgeExceeded";
}

/** Where an event stands. */
interface Trial {
  readonly invoker: Invoker;
  readonly config: EventInvokeConfig;
  readonly failures: number;
  readonly tries: number;
  readonly acceptedAtMs: number;
}

export class AsynchronousEvents {
  readonly #environment: Environment;
  readonly #onDiscarded: ((event: DiscardedEvent) => void) | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor(environment: Environment, onDiscarded?: (event: DiscardedEvent) => void) {
    this.#environment = environment;
    this.#onDiscarded = onDiscarded;
  }

  accept(event: InvocationEvent, of: { invoker: Invoker; config: EventInvokeConfig }): void {
    this.#begin(event, { ...of, failures: 0, tries: 0, acceptedAtMs: this.#environment.clock.now() });
  }

  /** Whether no attempt is under way; attempts that wait for their time do not count. */
  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all(this.#underWay);
  }

  #begin(event: InvocationEvent, of: Trial): void {
    const underWay = this.#attempt(event, of).finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
  }

  async #attempt(event: InvocationEvent, of: Trial): Promise<void> {
    // Throttling and a process that Lambda could not start do not count as the function's failures; only age ends those.
    const ended = await of.invoker.invoke(event).then(
      ({ isError }) => (isError ? "failed" : "done"),
      () => "not-run",
    );
    if (ended === "done") return;
    const failures = of.failures + (ended === "failed" ? 1 : 0);
    if (failures > of.config.maximumRetryAttempts) return this.#discard(event, "RetriesExhausted");
    const { clock } = this.#environment;
    const atMs = clock.now() + (retryDelaysMs[of.tries] ?? retryDelaysMs[1]);
    if (atMs - of.acceptedAtMs > of.config.maximumAgeSeconds * 1000) return this.#discard(event, "EventAgeExceeded");
    clock.at(atMs, () => this.#begin(event, { ...of, failures, tries: of.tries + 1 }));
  }

  #discard({ requestId, invokedArn }: InvocationEvent, reason: DiscardedEvent["reason"]): void {
    this.#onDiscarded?.({ requestId, functionArn: invokedArn, reason });
  }
}
