// Every key, and the secrets that the first of them protects. Owner: the IAM team; comes after the identities that the policies name.

import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { JobDefinition } from "../../jobs/definition.ts";
import type { KeyturnConfig } from "../config.ts";
import { removalPolicyFor } from "../constructs/key.ts";
import { AdminSecrets } from "../keys/admin-secrets.ts";
import { RelayKeys } from "../keys/relay-keys.ts";
import { ServiceKeys } from "../keys/service-keys.ts";

export interface KeysStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
}

export class KeysStack extends Stack {
  readonly relay: RelayKeys;
  readonly services: ServiceKeys;

  constructor(scope: Construct, id: string, props: KeysStackProps) {
    super(scope, id, props);
    const { config, jobs } = props;
    this.relay = new RelayKeys(this, { config, jobs });
    this.services = new ServiceKeys(this, config);
    new AdminSecrets(this, {
      admins: Object.keys(config.admins),
      key: this.relay.adminSecrets,
      removal: removalPolicyFor(config.retention.onDelete),
    });
  }
}
