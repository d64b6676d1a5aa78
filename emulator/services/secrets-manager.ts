// AWS Secrets Manager: values that are written by some, read by others, and opened only with KMS's consent.

import type { ResourceType } from "../deploy/resource-type.ts";
import { secretsManagerResourceTypes } from "../deploy/resources/secrets-manager.ts";
import { sealData } from "../sealed-storage.ts";
import type { Environment, Service } from "../service.ts";
import type { Kms } from "./kms.ts";
import { managedKey, secretContext } from "./secrets-manager/secret-key.ts";
import { secretOperations } from "./secrets-manager/secret-operations.ts";
import { Secrets } from "./secrets-manager/secrets.ts";
import { valueOperations } from "./secrets-manager/value-operations.ts";

export interface SecretsManager {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export function createSecretsManager(environment: Environment, dependencies: { kms: Kms }): SecretsManager {
  const { kms } = dependencies;
  const secrets = new Secrets(environment);
  const randomBytes = (size: number): Uint8Array => environment.randomBytes(size);
  return {
    service: {
      signingName: "secretsmanager",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-secrets-manager"),
      operations: { ...valueOperations(secrets, environment), ...secretOperations(secrets, environment) },
    },
    resourceTypes: secretsManagerResourceTypes(secrets, {
      kms,
      randomBytes,
      setFirstValue(secret, value) {
        const id = environment.uuid();
        const encryptionContext = secretContext(secret.arn, id);
        const { plaintext, blob, keyArn } = kms.generateDataKey({ keyId: secret.kmsKeyId ?? managedKey, encryptionContext });
        const sealed = sealData(Buffer.from(value, "utf8"), {
          dataKey: { plaintext, wrapped: blob, keyArn },
          encryptionContext,
          randomBytes,
        });
        secret.versions.set(id, { id, createdAtMs: secret.createdAtMs, kind: "string", sealed, stages: new Set(["AWSCURRENT"]) });
      },
    }),
  };
}
