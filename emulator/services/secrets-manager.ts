// AWS Secrets Manager: values that are written by some, read by others, opened only with KMS's consent, and rotated by functions.

import { AwsError } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { secretsManagerResourceTypes } from "../deploy/resources/secrets-manager.ts";
import { sealData } from "../sealed-storage.ts";
import type { Environment, Service } from "../service.ts";
import type { Kms } from "./kms.ts";
import type { Lambda } from "./lambda.ts";
import { configureRotation, notInvocable, type RotationFunctions, rotationOperations } from "./secrets-manager/rotation-operations.ts";
import { type RotationAttempt, Rotations } from "./secrets-manager/rotations.ts";
import { managedKey, secretContext } from "./secrets-manager/secret-key.ts";
import { secretOperations } from "./secrets-manager/secret-operations.ts";
import { Secrets } from "./secrets-manager/secrets.ts";
import { valueOperations } from "./secrets-manager/value-operations.ts";

export interface SecretsManagerDependencies {
  readonly kms: Kms;
  readonly functions: Lambda["forServices"];
  /** Every attempt at a rotation once it has ended, and every test of a configuration. */
  readonly onRotation?: (attempt: RotationAttempt) => void;
}

export interface SecretsManager {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** When the next attempt to rotate a secret begins, in milliseconds since the epoch; `undefined` where none is set. */
  nextRotation(secretId: string): number | undefined;
  /** Whether no rotation is under way; one that failed and waits for its next attempt does not count. */
  readonly isIdle: boolean;
  /** Settles when it is so. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const principal = "secretsmanager.amazonaws.com";

export function createSecretsManager(environment: Environment, dependencies: SecretsManagerDependencies): SecretsManager {
  const { kms, functions, onRotation } = dependencies;
  const secrets = new Secrets(environment);
  const randomBytes = (size: number): Uint8Array => environment.randomBytes(size);
  const rotations = new Rotations({
    environment,
    secrets,
    async invoke({ functionArn, sourceArn, payload }) {
      const { isError, payload: answer } = await functions.invoke({ functionArn, service: principal, sourceArn, payload });
      if (isError) throw new Error(`The function failed: ${Buffer.from(answer).toString("utf8")}`);
    },
    letGo: (functionArn) => functions.letGo(functionArn),
    ...(onRotation === undefined ? {} : { onRotation }),
  });
  const rotationFunctions: RotationFunctions = {
    permission: (functionArn) => functions.permission(functionArn),
    async assertInvocable(functionArn, sourceArn) {
      await functions.assertInvocable({ functionArn, service: principal, sourceArn }).catch((cause: unknown) => {
        throw cause instanceof AwsError && cause.code === "AccessDeniedException" ? notInvocable(cause) : cause;
      });
    },
  };
  return {
    service: {
      signingName: "secretsmanager",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-secrets-manager"),
      operations: {
        ...valueOperations(secrets, environment, { onWritten: (secret) => rotations.written(secret) }),
        ...secretOperations(secrets, environment),
        ...rotationOperations({ secrets, rotations, functions: rotationFunctions, environment }),
      },
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
        const stages = new Set(["AWSCURRENT"]);
        secret.versions.set(id, { id, createdAtMs: secret.createdAtMs, value: { kind: "string", sealed }, stages });
      },
      async configureRotation(secret, configuration) {
        await configureRotation(secret, configuration, { rotations, functions: rotationFunctions, environment });
      },
    }),
    nextRotation(secretId) {
      return rotations.next(secrets.get(secretId));
    },
    get isIdle() {
      return rotations.isIdle;
    },
    idle: () => rotations.idle(),
    async stop() {
      rotations.stop();
    },
  };
}
