// What every account has before any service of its own: identities, a network, the gateway, and STS to hand out roles.

import type { MovableClock } from "./clock.ts";
import type { ResourceType } from "./deploy/resource-type.ts";
import { ec2ResourceTypes } from "./deploy/resources/ec2.ts";
import { createEnvironment } from "./environment.ts";
import type { CallRecord } from "./gateway/call-record.ts";
import { EmulatorGateway } from "./gateway/gateway.ts";
import type { Credentials, Environment, ServiceRoles } from "./service.ts";
import { Network } from "./services/ec2/network.ts";
import { bootstrapAdministrator } from "./services/iam/administrator.ts";
import { storeIdentities } from "./services/iam/identities.ts";
import { emptyStore, type IamStore } from "./services/iam/store.ts";
import { createIam } from "./services/iam.ts";
import { createSts } from "./services/sts.ts";

export interface FoundationOptions {
  readonly account: string;
  readonly region: string;
  readonly clock: MovableClock;
  /** Makes ids and keys the same from run to run; for tests only. */
  readonly seed?: string;
  /** Sees every call as it ends, refused ones included. */
  readonly onCall?: (record: CallRecord) => void;
}

export interface Foundation {
  readonly environment: Environment;
  readonly clock: MovableClock;
  readonly store: IamStore;
  readonly network: Network;
  readonly gateway: EmulatorGateway;
  readonly roles: ServiceRoles;
  /** CloudFormation types of IAM and of the network. */
  readonly resourceTypes: readonly ResourceType[];
  /** Long-term key of the IAM user `administrator`. */
  readonly administrator: Credentials;
}

export function createFoundation(options: FoundationOptions): Foundation {
  const environment = createEnvironment(options);
  const store = emptyStore();
  const network = new Network();
  const gateway = new EmulatorGateway({
    environment,
    identities: storeIdentities(store),
    routes: network,
    ...(options.onCall && { onCall: options.onCall }),
  });
  const sts = createSts(environment, { store });
  const iam = createIam(environment, { store });
  gateway.mount(sts.service);
  gateway.mount(iam.service);
  return {
    environment,
    clock: options.clock,
    store,
    network,
    gateway,
    roles: sts.roles,
    resourceTypes: [...iam.resourceTypes, ...ec2ResourceTypes(network, environment)],
    administrator: bootstrapAdministrator(store, environment),
  };
}
