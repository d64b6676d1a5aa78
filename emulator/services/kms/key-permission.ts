// What a call on a key must be allowed to do: the key's policy decides, under the condition keys that AWS documents for KMS.

import type { Permission } from "../../service.ts";
import type { EncryptionContext } from "./ciphertext-blob.ts";
import type { Keys, ResolvedKey } from "./keys.ts";

/** Facts about one request on a key; `callerAccount` is absent where a service principal asks for itself. */
export interface KeyRequest {
  readonly action: string;
  readonly callerAccount?: string;
  /** Set for cryptographic operations. */
  readonly encryptionContext?: EncryptionContext;
  readonly context?: Permission["context"];
}

/** The permission that `request` needs on a key. */
export function keyPermission(keys: Keys, { key, requestAlias }: ResolvedKey, request: KeyRequest): Permission {
  const aliases = keys.aliasesOf(key.id).map(({ name }) => name);
  return {
    action: request.action,
    resource: key.arn,
    resourcePolicy: key.policy,
    resourceKind: "kms-key",
    context: {
      "kms:KeySpec": "SYMMETRIC_DEFAULT",
      "kms:KeyUsage": "ENCRYPT_DECRYPT",
      "kms:KeyOrigin": "AWS_KMS",
      "kms:MultiRegion": "false",
      ...(request.callerAccount === undefined ? {} : { "kms:CallerAccount": request.callerAccount }),
      ...(requestAlias === undefined ? {} : { "kms:RequestAlias": requestAlias }),
      ...(aliases.length === 0 ? {} : { "kms:ResourceAliases": aliases }),
      ...(request.encryptionContext === undefined ? {} : cryptographicContext(request.encryptionContext)),
      ...Object.fromEntries([...key.tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
      ...request.context,
    },
  };
}

function cryptographicContext(encryptionContext: EncryptionContext): Record<string, string | readonly string[]> {
  const names = Object.keys(encryptionContext);
  return {
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    // Absent, not empty, without a context: `Null` conditions tell the two apart.
    ...(names.length === 0 ? {} : { "kms:EncryptionContextKeys": names }),
    ...Object.fromEntries(names.map((name) => [`kms:EncryptionContext:${name}`, encryptionContext[name] ?? ""])),
  };
}
