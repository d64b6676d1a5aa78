// AWS CloudTrail, as far as its event history goes: who called what, out of the calls that the gateway sees.

import type { EndedCall } from "../gateway/call-record.ts";
import type { Environment, Service } from "../service.ts";
import { lookupEvents } from "./cloudtrail/lookup.ts";
import { Trail } from "./cloudtrail/trail.ts";

export interface CloudTrailOptions {
  /** How long after a call its event can be looked up, on the emulator's clock: 5 to 15 minutes on AWS. At once where left out. */
  readonly trailDelayMs?: number;
}

export interface CloudTrail {
  readonly service: Service;
  readonly resourceTypes: readonly [];
  /** For the gateway: every call as it ends. */
  record(ended: EndedCall): void;
}

export function createCloudTrail(environment: Environment, { trailDelayMs = 0 }: CloudTrailOptions = {}): CloudTrail {
  const trail = new Trail(environment, { delayMs: trailDelayMs });
  return {
    service: {
      signingName: "cloudtrail",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-cloudtrail"),
      operations: { LookupEvents: lookupEvents(trail) },
    },
    resourceTypes: [],
    record: (ended) => trail.add(ended),
  };
}
