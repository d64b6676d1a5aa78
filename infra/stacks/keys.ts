// Every key, the secrets that the first of them protects, and what rotates those. Owner: the IAM team; comes after the identities that the policies name.

import { Stack, type StackProps } from "aws-cdk-lib";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import type { JobDefinition } from "../../jobs/definition.ts";
import type { Bundles } from "../bundles.ts";
import type { KeyturnConfig } from "../config.ts";
import { removalPolicyFor } from "../constructs/key.ts";
import { AdminSecrets } from "../keys/admin-secrets.ts";
import { KeyRotation } from "../keys/key-rotation.ts";
import { RelayKeys } from "../keys/relay-keys.ts";
import { ServiceKeys } from "../keys/service-keys.ts";

export interface KeysStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
  readonly bundles: Bundles;
}

export class KeysStack extends Stack {
  readonly relay: RelayKeys;
  readonly services: ServiceKeys;

  constructor(scope: Construct, id: string, props: KeysStackProps) {
    super(scope, id, props);
    const { config, jobs, bundles } = props;
    const { rotation } = config;
    const removal = removalPolicyFor(config.retention.onDelete);
    this.relay = new RelayKeys(this, { config, jobs });
    this.services = new ServiceKeys(this, { config, jobs });
    const secrets = new AdminSecrets(this, {
      admins: Object.keys(config.admins),
      key: this.relay.adminSecrets,
      isRotated: rotation !== undefined,
      removal,
    });
    if (rotation === undefined) return;
    new KeyRotation(this, {
      secrets: secrets.made,
      days: rotation.days,
      code: bundles.task("rotate-admin-key"),
      logsKey: Key.fromKeyArn(this, "LogsKey", this.services.logs),
      logDays: config.retention.logDays,
      removal,
    });
  }
}
