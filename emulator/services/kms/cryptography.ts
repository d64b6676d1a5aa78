// KMS's cryptographic operations: real AES-256-GCM under material that never leaves this service.

import type {
  DecryptCommandInput,
  DecryptCommandOutput,
  EncryptCommandInput,
  EncryptCommandOutput,
  GenerateDataKeyCommandInput,
  GenerateDataKeyCommandOutput,
  GenerateDataKeyWithoutPlaintextCommandInput,
  GenerateDataKeyWithoutPlaintextCommandOutput,
  ReEncryptCommandInput,
  ReEncryptCommandOutput,
} from "@aws-sdk/client-kms";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import { type EncryptionContext, keyIdOf, openBlob, sealBlob } from "./ciphertext-blob.ts";
import { keyPermission } from "./key-permission.ts";
import { assertUsable, type Key, type Keys, type ResolvedKey } from "./keys.ts";

const longestPlaintextBytes = 4096;
const algorithm = "SYMMETRIC_DEFAULT";

interface CommonInput {
  readonly GrantTokens?: string[] | undefined;
  readonly DryRun?: boolean | undefined;
  readonly Recipient?: object | undefined;
}

function assertModelled(input: CommonInput): void {
  if (input.GrantTokens?.length) throw notImplemented("KMS grants (GrantTokens)");
  if (input.Recipient !== undefined) throw notImplemented("KMS for Nitro enclaves (Recipient)");
  if (input.DryRun) {
    throw new AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.", { statusCode: 412 });
  }
}

const validation = (message: string): AwsError => new AwsError("ValidationException", message);

function dataKeyBytes(input: { KeySpec?: string | undefined; NumberOfBytes?: number | undefined }): number {
  const { KeySpec: spec, NumberOfBytes: bytes } = input;
  if ((spec === undefined) === (bytes === undefined)) throw validation("Please specify either number of bytes or key spec.");
  if (spec !== undefined) return spec === "AES_128" ? 16 : 32;
  const count = bytes ?? 0;
  if (count < 1 || count > 1024) throw validation(`NumberOfBytes must be from 1 to 1024, not ${count}.`);
  return count;
}

/** Seals, opens and re-seals under the account's keys, with no question of permission: the operations below ask that first. */
export class Cryptography {
  readonly #keys: Keys;
  readonly #environment: Environment;

  constructor(keys: Keys, environment: Environment) {
    this.#keys = keys;
    this.#environment = environment;
  }

  encrypt(key: Key, plaintext: Uint8Array, context: EncryptionContext): Uint8Array {
    assertUsable(key);
    const randomBytes = (size: number): Uint8Array => this.#environment.randomBytes(size);
    return sealBlob(plaintext, { keyId: key.id, material: key.material, context, randomBytes });
  }

  decrypt(key: Key, blob: Uint8Array, context: EncryptionContext): Uint8Array {
    assertUsable(key);
    if (keyIdOf(blob) !== key.id) {
      throw new AwsError("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.");
    }
    return openBlob(blob, { material: key.material, context });
  }

  dataKey(key: Key, bytes: number, context: EncryptionContext): { plaintext: Uint8Array; blob: Uint8Array } {
    const plaintext = this.#environment.randomBytes(bytes);
    return { plaintext, blob: this.encrypt(key, plaintext, context) };
  }

  /** The key that a request on ciphertext is about: the one it names, else the one that the blob names. */
  keyFor(blob: Uint8Array, keyId: string | undefined): ResolvedKey {
    if (keyId !== undefined) return this.#keys.resolve(keyId);
    const key = this.#keys.find(keyIdOf(blob));
    if (key !== undefined) return { key };
    throw new AwsError(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  }
}

export function cryptographicOperations(keys: Keys, cryptography: Cryptography): Record<string, Operation> {
  const permission = (
    resolved: ResolvedKey,
    of: { action: string; call: Call; encryptionContext: EncryptionContext | undefined; context?: Permission["context"] },
  ): Permission =>
    keyPermission(keys, resolved, {
      action: of.action,
      callerAccount: of.call.caller.accountId,
      encryptionContext: of.encryptionContext ?? {},
      context: of.context,
    });

  const encrypt: Operation<EncryptCommandInput, Partial<EncryptCommandOutput>> = {
    permissions: (input, call) => [
      permission(keys.resolve(required(input.KeyId, "keyId")), { action: "kms:Encrypt", call, encryptionContext: input.EncryptionContext }),
    ],
    run(input) {
      assertModelled(input);
      const plaintext = required(input.Plaintext, "plaintext");
      if (plaintext.length < 1 || plaintext.length > longestPlaintextBytes) {
        throw validation(
          "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
        );
      }
      const { key } = keys.resolve(required(input.KeyId, "keyId"));
      const blob = cryptography.encrypt(key, plaintext, input.EncryptionContext ?? {});
      return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
    },
  };

  const decrypt: Operation<DecryptCommandInput, Partial<DecryptCommandOutput>> = {
    permissions: (input, call) => [
      permission(cryptography.keyFor(required(input.CiphertextBlob, "ciphertextBlob"), input.KeyId), {
        action: "kms:Decrypt",
        call,
        encryptionContext: input.EncryptionContext,
      }),
    ],
    run(input) {
      assertModelled(input);
      const blob = required(input.CiphertextBlob, "ciphertextBlob");
      const { key } = cryptography.keyFor(blob, input.KeyId);
      const plaintext = cryptography.decrypt(key, blob, input.EncryptionContext ?? {});
      return { Plaintext: plaintext, KeyId: key.arn, EncryptionAlgorithm: algorithm };
    },
  };

  const generateDataKey: Operation<GenerateDataKeyCommandInput, Partial<GenerateDataKeyCommandOutput>> = {
    permissions: (input, call) => [
      permission(keys.resolve(required(input.KeyId, "keyId")), {
        action: "kms:GenerateDataKey",
        call,
        encryptionContext: input.EncryptionContext,
      }),
    ],
    run(input) {
      assertModelled(input);
      const { key } = keys.resolve(required(input.KeyId, "keyId"));
      const { plaintext, blob } = cryptography.dataKey(key, dataKeyBytes(input), input.EncryptionContext ?? {});
      return { CiphertextBlob: blob, Plaintext: plaintext, KeyId: key.arn };
    },
  };

  const generateDataKeyWithoutPlaintext: Operation<
    GenerateDataKeyWithoutPlaintextCommandInput,
    Partial<GenerateDataKeyWithoutPlaintextCommandOutput>
  > = {
    permissions: (input, call) => [
      permission(keys.resolve(required(input.KeyId, "keyId")), {
        action: "kms:GenerateDataKeyWithoutPlaintext",
        call,
        encryptionContext: input.EncryptionContext,
      }),
    ],
    run(input) {
      assertModelled(input);
      const { key } = keys.resolve(required(input.KeyId, "keyId"));
      const { blob } = cryptography.dataKey(key, dataKeyBytes(input), input.EncryptionContext ?? {});
      return { CiphertextBlob: blob, KeyId: key.arn };
    },
  };

  const reEncrypt: Operation<ReEncryptCommandInput, Partial<ReEncryptCommandOutput>> = {
    permissions(input, call) {
      const source = cryptography.keyFor(required(input.CiphertextBlob, "ciphertextBlob"), input.SourceKeyId);
      const destination = keys.resolve(required(input.DestinationKeyId, "destinationKeyId"));
      const context = { "kms:ReEncryptOnSameKey": String(source.key.id === destination.key.id) };
      return [
        permission(source, { action: "kms:ReEncryptFrom", call, encryptionContext: input.SourceEncryptionContext, context }),
        permission(destination, { action: "kms:ReEncryptTo", call, encryptionContext: input.DestinationEncryptionContext, context }),
      ];
    },
    run(input) {
      assertModelled(input);
      const blob = required(input.CiphertextBlob, "ciphertextBlob");
      const source = cryptography.keyFor(blob, input.SourceKeyId).key;
      const destination = keys.resolve(required(input.DestinationKeyId, "destinationKeyId")).key;
      const plaintext = cryptography.decrypt(source, blob, input.SourceEncryptionContext ?? {});
      return {
        CiphertextBlob: cryptography.encrypt(destination, plaintext, input.DestinationEncryptionContext ?? {}),
        SourceKeyId: source.arn,
        KeyId: destination.arn,
        SourceEncryptionAlgorithm: algorithm,
        DestinationEncryptionAlgorithm: algorithm,
      };
    },
  };

  return {
    Encrypt: encrypt,
    Decrypt: decrypt,
    GenerateDataKey: generateDataKey,
    GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
    ReEncrypt: reEncrypt,
  };
}
