// The event history: the management events of the last 90 days, as many as there is room for.
// Source: "CloudTrail record contents for management, data, and network activity events", CloudTrail User Guide.

import { createHash } from "node:crypto";
import type { EndedCall } from "../../gateway/call-record.ts";
import type { Environment } from "../../service.ts";
import { secondsInstant } from "../events/event.ts";
import { loggedParameters } from "./logged-parameters.ts";
import { isManagementEvent, isReadOnly } from "./management-events.ts";
import { type ReferencedResource, referencedResources } from "./referenced-resources.ts";
import { userIdentity, userNameOf } from "./user-identity.ts";

export interface TrailEvent {
  /** Counts up in the order in which calls ended. */
  readonly position: number;
  readonly id: string;
  readonly name: string;
  /** `states.amazonaws.com`. */
  readonly source: string;
  readonly userName: string;
  readonly accessKeyId: string;
  readonly isReadOnly: boolean;
  readonly resources: readonly ReferencedResource[];
  /** Whole seconds, as every event's time is. */
  readonly atMs: number;
  readonly visibleAtMs: number;
  /** The record as JSON text. */
  readonly record: string;
}

/** Bounds of the memory that the history takes, whichever is met first; the oldest events go. */
const mostEvents = 10_000;
const mostCharacters = 16_000_000;
const keptMs = 90 * 24 * 3600 * 1000;

export class Trail {
  readonly #environment: Environment;
  readonly #delayMs: number;
  readonly #events = new Map<number, TrailEvent>();
  #characters = 0;
  #positions = 0;

  /** @param of.delayMs - how long after its end a call becomes visible, on the emulator's clock */
  constructor(environment: Environment, of: { delayMs: number }) {
    this.#environment = environment;
    this.#delayMs = of.delayMs;
  }

  add(ended: EndedCall): void {
    const event = this.#eventOf(ended);
    if (event === undefined) return;
    this.#events.set(event.position, event);
    this.#characters += event.record.length;
    for (const [position, oldest] of this.#events) {
      if (this.#events.size <= mostEvents && this.#characters <= mostCharacters) break;
      this.#events.delete(position);
      this.#characters -= oldest.record.length;
    }
  }

  /** What has become visible and is young enough, newest first. */
  visible(): readonly TrailEvent[] {
    const nowMs = this.#environment.clock.now();
    return [...this.#events.values()]
      .filter(({ visibleAtMs, atMs }) => visibleAtMs <= nowMs && atMs > nowMs - keptMs)
      .sort((a, b) => b.atMs - a.atMs || b.position - a.position);
  }

  #eventOf({ record, userAgent, model, input, output }: EndedCall): TrailEvent | undefined {
    const { service, operation, caller, error } = record;
    // Who did not prove who he is is in no account's history; what AWS would have answered is not known of what is not modelled.
    if (service === undefined || operation === undefined || caller === undefined || error?.code === "NotImplemented") return undefined;
    if (!isManagementEvent(service, operation)) return undefined;
    const readOnly = isReadOnly(service, operation);
    const isDenied = record.outcome === "denied";
    const answers = record.outcome === "answered" && (!readOnly || service === "sts");
    const requestParameters = isDenied || model === undefined ? null : loggedParameters(model.input, input);
    const invokedBy = record.calledVia.at(-1);
    const { region, account } = this.#environment;
    const id = eventId(record.requestId);
    const source = `${service}.amazonaws.com`;
    const atMs = Math.floor(record.atMs / 1000) * 1000;
    const text = JSON.stringify({
      eventVersion: "1.11",
      userIdentity: userIdentity(caller, invokedBy),
      eventTime: secondsInstant(atMs),
      eventSource: source,
      eventName: operation,
      awsRegion: region,
      sourceIPAddress: invokedBy ?? record.origin.vpc?.ip ?? record.origin.sourceIp,
      userAgent: invokedBy ?? userAgent ?? null,
      ...(error && { errorCode: isDenied ? "AccessDenied" : error.code, errorMessage: error.message }),
      requestParameters,
      responseElements: answers && model !== undefined ? loggedParameters(model.output, output) : null,
      requestID: record.requestId,
      eventID: id,
      readOnly,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: "Management",
    });
    this.#positions += 1;
    return {
      position: this.#positions,
      id,
      name: operation,
      source,
      userName: userNameOf(caller),
      accessKeyId: caller.accessKeyId,
      isReadOnly: readOnly,
      resources: referencedResources(service, requestParameters),
      atMs,
      visibleAtMs: record.atMs + record.durationMs + this.#delayMs,
      record: text,
    };
  }
}

/** From the request's id, so that who watches changes nothing of what a seed makes. */
const eventId = (requestId: string): string =>
  createHash("sha256")
    .update(requestId)
    .digest("hex")
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-4$3-8$4-$5");
