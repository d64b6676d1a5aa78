// Events that nobody waits for: accepted, then tried, and tried again as the function's configuration says; at last sent to its destination.

import type { Environment, Gateway } from "../../service.ts";
import { type GivenUpEvent, sendToDestination } from "./failure-destination.ts";
import type { EventInvokeConfig } from "./functions.ts";
import type { InvocationEvent, InvocationResult, Invoker } from "./invoker.ts";

/** How long Lambda waits before it tries again after a function error; the last one is repeated. */
const retryDelaysMs = [60_000, 120_000] as const;

export interface DiscardedEvent {
  readonly requestId: string;
  readonly functionArn: string;
  readonly reason: "RetriesExhausted" | "EventAgeExceeded";
  /** Whether the on-failure destination got it; absent where there is none. */
  readonly destination?: "sent" | "lost";
}

/** Where an event stands. */
interface Trial {
  readonly invoker: Invoker;
  readonly config: EventInvokeConfig;
  readonly failures: number;
  readonly tries: number;
  readonly acceptedAtMs: number;
  readonly result?: InvocationResult;
}

interface Dependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly onDiscarded?: (event: DiscardedEvent) => void;
}

export class AsynchronousEvents {
  readonly #of: Dependencies;
  readonly #underWay = new Set<Promise<void>>();

  constructor(of: Dependencies) {
    this.#of = of;
  }

  accept(event: InvocationEvent, of: { invoker: Invoker; config: EventInvokeConfig }): void {
    this.#begin(event, { ...of, failures: 0, tries: 0, acceptedAtMs: this.#of.environment.clock.now() });
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
    const result = await of.invoker.invoke(event).catch(() => undefined);
    if (result?.isError === false) return;
    const failed: Trial = {
      ...of,
      tries: of.tries + 1,
      failures: of.failures + (result === undefined ? 0 : 1),
      ...(result === undefined ? {} : { result }),
    };
    if (failed.failures > of.config.maximumRetryAttempts) return this.#discard(event, failed, "RetriesExhausted");
    const { clock } = this.#of.environment;
    const atMs = clock.now() + (retryDelaysMs[of.tries] ?? retryDelaysMs[1]);
    if (atMs - of.acceptedAtMs > of.config.maximumAgeSeconds * 1000) return this.#discard(event, failed, "EventAgeExceeded");
    clock.at(atMs, () => this.#begin(event, failed));
  }

  async #discard(event: InvocationEvent, trial: Trial, reason: DiscardedEvent["reason"]): Promise<void> {
    const destination = await this.#send(trial, { event, condition: reason, tries: trial.tries });
    const { requestId, invokedArn } = event;
    this.#of.onDiscarded?.({ requestId, functionArn: invokedArn, reason, ...(destination === undefined ? {} : { destination }) });
  }

  async #send(
    { config, invoker, result }: Trial,
    of: Pick<GivenUpEvent, "event" | "condition" | "tries">,
  ): Promise<DiscardedEvent["destination"]> {
    if (config.onFailureArn === undefined) return undefined;
    const { environment, gateway } = this.#of;
    const givenUp = { ...of, executedVersion: invoker.version, atMs: environment.clock.now(), ...(result === undefined ? {} : { result }) };
    try {
      await sendToDestination(config.onFailureArn, { givenUp, gateway, session: await invoker.session() });
      return "sent";
    } catch {
      // A destination that does not let the function's role in loses the event, as on AWS; onDiscarded says so.
      return "lost";
    }
  }
}
