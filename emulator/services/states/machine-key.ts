// A state machine's customer managed key: Step Functions uses it as the machine's role, and readers need it for themselves.
//
// Source: "Data at rest encryption in Step Functions" (Developer Guide) and the KmsAccessDeniedException of each operation (API Reference).
// The role makes data keys (kms:GenerateDataKey, kms:Decrypt), reused for `kmsDataKeyReusePeriodSeconds`; who reads a definition, an
// execution or its history needs kms:Decrypt, which Step Functions calls with the reader's permissions. The context names the machine.

import { AwsError } from "../../aws-error.ts";
import type { Call, Environment, Gateway, Permission } from "../../service.ts";
import type { RoleSessions } from "./role-sessions.ts";

const principal = "states.amazonaws.com";
const defaultReuseSeconds = 300;

/** KMS as Step Functions uses it for a machine's role. */
export interface DataKeys {
  permission(of: { action: string; keyId: string; encryptionContext?: Readonly<Record<string, string>> }): Permission;
  generateDataKey(of: { keyId: string; encryptionContext: Readonly<Record<string, string>> }): { readonly blob: Uint8Array };
}

export interface MachineKeyDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly keys: DataKeys;
  readonly sessions: RoleSessions;
}

export class MachineKey {
  readonly #keyId: string;
  readonly #machineArn: string;
  readonly #roleArn: string;
  readonly #reuseMs: number;
  readonly #of: MachineKeyDependencies;
  #dataKey: { readonly blob: Uint8Array; readonly untilMs: number } | undefined;

  constructor(key: { keyId: string; machineArn: string; roleArn: string; reuseSeconds: number | undefined }, of: MachineKeyDependencies) {
    this.#keyId = key.keyId;
    this.#machineArn = key.machineArn;
    this.#roleArn = key.roleArn;
    this.#reuseMs = (key.reuseSeconds ?? defaultReuseSeconds) * 1000;
    this.#of = of;
  }

  /** The role writes: a data key that is fresh enough. Throws KmsAccessDeniedException. */
  async seal(): Promise<Uint8Array> {
    const nowMs = this.#of.environment.clock.now();
    if (this.#dataKey === undefined || this.#dataKey.untilMs <= nowMs) {
      await this.#authorizeRole("kms:GenerateDataKey");
      const { blob } = this.#of.keys.generateDataKey({ keyId: this.#keyId, encryptionContext: this.#context });
      this.#dataKey = { blob, untilMs: nowMs + this.#reuseMs };
    }
    return this.#dataKey.blob;
  }

  /** The caller reads: KMS opens the data key with the caller's own permissions. Throws KmsAccessDeniedException. */
  async openFor(call: Call): Promise<void> {
    const CiphertextBlob = this.#dataKey?.blob ?? (await this.seal());
    await asStates(() => call.forward(principal, "kms", "Decrypt", { CiphertextBlob, EncryptionContext: this.#context }));
  }

  /** Who makes or changes the machine must be able to use its key. */
  async createFor(call: Call): Promise<void> {
    const KeyId = this.#keyId;
    await asStates(async () => {
      await call.forward(principal, "kms", "DescribeKey", { KeyId });
      await call.forward(principal, "kms", "GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext: this.#context });
    });
  }

  get #context(): Readonly<Record<string, string>> {
    return { "aws:states:stateMachineArn": this.#machineArn };
  }

  async #authorizeRole(action: string): Promise<void> {
    const { environment, gateway, keys, sessions } = this.#of;
    await asStates(async () => {
      const credentials = await sessions.ofMachine({ machineArn: this.#machineArn, roleArn: this.#roleArn });
      const permission = keys.permission({ action, keyId: this.#keyId, encryptionContext: this.#context });
      const context = { ...permission.context, "kms:ViaService": `states.${environment.region}.amazonaws.com` };
      await gateway.authorize({ credentials, permission: { ...permission, context } });
    });
  }
}

/** KMS's refusals in Step Functions' words. */
async function asStates<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause;
    const states: Readonly<Record<string, string>> = {
      AccessDeniedException: "KmsAccessDeniedException",
      AccessDenied: "KmsAccessDeniedException",
      NotFoundException: "KmsAccessDeniedException",
      DisabledException: "KmsInvalidStateException",
      KMSInvalidStateException: "KmsInvalidStateException",
      ThrottlingException: "KmsThrottlingException",
    };
    const code = states[cause.code];
    if (code === undefined) throw cause;
    throw new AwsError(code, cause.message, { cause });
  }
}
