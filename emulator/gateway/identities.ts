// What the gateway asks of IAM and STS: whose key this is, and which policies bind its owner.

import type { PolicyDocument } from "../../policy/document.ts";
import type { Caller } from "../service.ts";

export interface Identity {
  readonly secretAccessKey: string;
  /** Sessions only; must come with the request. */
  readonly sessionToken?: string;
  readonly expiresAtMs?: number;
  readonly caller: Caller;
}

export interface CallerPolicies {
  /** Inline and attached, of the user and its groups, or of the role. */
  readonly identity: readonly PolicyDocument[];
  readonly boundaries: readonly PolicyDocument[];
}

export interface Identities {
  /** Undefined for unknown and inactive keys, and for sessions whose user or role is gone. */
  find(accessKeyId: string): Identity | undefined;
  policiesOf(caller: Caller): CallerPolicies;
  /** Called once per authenticated request: what `GetAccessKeyLastUsed` reports. */
  noteUse(accessKeyId: string, of: { serviceName: string; region: string; atMs: number }): void;
}

/** Interface and gateway endpoints of the emulated VPCs. */
export interface EndpointRoutes {
  /** The endpoint that carries a call from this interface to the service, or why none does. */
  route(from: { vpcId: string; subnetId: string; ip: string }, serviceName: string): EndpointRoute | { readonly unreachable: string };
}

export interface EndpointRoute {
  readonly vpcEndpointId: string;
  readonly policy?: PolicyDocument;
}
