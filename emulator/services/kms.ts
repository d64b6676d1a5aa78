// AWS Key Management Service: keys that never leave, used only as their policies allow.

import type { ResourceType } from "../deploy/resource-type.ts";
import { kmsResourceTypes } from "../deploy/resources/kms.ts";
import type { Environment, Permission, Service } from "../service.ts";
import { administrativeOperations } from "./kms/administration.ts";
import type { EncryptionContext } from "./kms/ciphertext-blob.ts";
import { Cryptography, cryptographicOperations } from "./kms/cryptography.ts";
import { keyPermission } from "./kms/key-permission.ts";
import { Keys } from "./kms/keys.ts";

export interface Kms {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** The ARN of the key that an id, ARN or alias means; throws `NotFoundException`. */
  keyArn(identifier: string): string;
  /**
   * What a service principal needs to use a key for itself (CloudWatch Logs, SNS delivering to SQS): give it to `gateway.authorizeService`
   * before any of the two methods below.
   */
  permission(of: { action: string; keyId: string; encryptionContext?: EncryptionContext }): Permission;
  /** A data key for a service's own use, of 32 bytes. Asks nobody. */
  generateDataKey(of: { keyId: string; encryptionContext: EncryptionContext }): { plaintext: Uint8Array; blob: Uint8Array; keyArn: string };
  /** Opens what `generateDataKey` gave. Asks nobody. */
  decrypt(of: { blob: Uint8Array; encryptionContext: EncryptionContext }): Uint8Array;
}

export function createKms(environment: Environment): Kms {
  const keys = new Keys(environment);
  const cryptography = new Cryptography(keys, environment);
  return {
    service: {
      signingName: "kms",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-kms"),
      operations: { ...cryptographicOperations(keys, cryptography), ...administrativeOperations(keys, environment) },
    },
    resourceTypes: kmsResourceTypes(keys),
    keyArn: (identifier) => keys.resolve(identifier).key.arn,
    permission: ({ action, keyId, encryptionContext }) =>
      keyPermission(keys, keys.resolve(keyId), { action, encryptionContext: encryptionContext ?? {} }),
    generateDataKey({ keyId, encryptionContext }) {
      const { key } = keys.resolve(keyId);
      return { ...cryptography.dataKey(key, 32, encryptionContext), keyArn: key.arn };
    },
    decrypt: ({ blob, encryptionContext }) => cryptography.decrypt(cryptography.keyFor(blob, undefined).key, blob, encryptionContext),
  };
}
