// An event as it lies on the bus: AWS's envelope around what a service or a caller tells.
// Source: "AWS service event metadata", EventBridge Events Reference.

import type { Environment } from "../../service.ts";

export interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  /** Whole seconds, ISO 8601. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** What a service tells; the bus adds the rest. */
export interface ServiceEvent {
  readonly source: `aws.${string}`;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: object;
}

export const secondsInstant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");

export const busEvent = (
  of: { source: string; detailType: string; resources: readonly string[]; detail: unknown; timeMs?: number | undefined },
  { uuid, account, region, clock }: Environment,
): BusEvent => ({
  version: "0",
  id: uuid(),
  "detail-type": of.detailType,
  source: of.source,
  account,
  time: secondsInstant(of.timeMs ?? clock.now()),
  region,
  resources: of.resources,
  detail: of.detail,
});
