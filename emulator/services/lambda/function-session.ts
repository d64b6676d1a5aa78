// A function acts as its role and nothing else: the session of that role, renewed in time, and the log client that signs with it.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { AwsError } from "../../aws-error.ts";
import type { Environment, Gateway, Permission, RoleSession, ServiceRoles } from "../../service.ts";
import type { FunctionDefinition } from "./functions.ts";

/** Whoever knows KMS keys: the permission to use one, with its key policy. */
export interface KeyPermissions {
  permission(of: { action: string; keyId: string; encryptionContext?: Readonly<Record<string, string>> }): Permission;
}

export interface SessionDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly roles: ServiceRoles;
  readonly keys: KeyPermissions;
}

/** A session that ends sooner than this after the longest event is not given to a process any more. */
const marginMs = 60_000;

export class FunctionSession {
  readonly #definition: FunctionDefinition;
  readonly #dependencies: SessionDependencies;
  #session: Promise<RoleSession> | undefined;
  #logs: { readonly session: RoleSession; readonly client: CloudWatchLogsClient } | undefined;

  constructor(definition: FunctionDefinition, dependencies: SessionDependencies) {
    this.#definition = definition;
    this.#dependencies = dependencies;
  }

  /** Throws what Lambda answers when the role does not trust it. */
  async get(): Promise<RoleSession> {
    const current = await this.#session?.catch(() => undefined);
    if (current === undefined || !this.isFresh(current)) this.#session = this.#assume();
    return this.#session as Promise<RoleSession>;
  }

  isFresh(session: RoleSession): boolean {
    return session.expiresAtMs - this.#dependencies.environment.clock.now() > this.#definition.timeoutSeconds * 1000 + marginMs;
  }

  async logsClient(): Promise<CloudWatchLogsClient> {
    const session = await this.get();
    if (this.#logs?.session !== session) {
      this.#logs = { session, client: new CloudWatchLogsClient(this.#dependencies.gateway.clientOptions(session)) };
    }
    return this.#logs.client;
  }

  /**
   * The decryption of environment variables under a key of the customer's, which Lambda does as the role whenever a process starts.
   *
   * Source: "Securing Lambda environment variables", AWS Lambda Developer Guide.
   */
  async authorizeVariables(session: RoleSession): Promise<void> {
    const { kmsKeyArn, arn, variables } = this.#definition;
    if (kmsKeyArn === undefined || Object.keys(variables).length === 0) return;
    const { environment, gateway, keys } = this.#dependencies;
    try {
      const encryptionContext = { "aws:lambda:FunctionArn": arn };
      const permission = keys.permission({ action: "kms:Decrypt", keyId: kmsKeyArn, encryptionContext });
      const context = { ...permission.context, "kms:ViaService": `lambda.${environment.region}.amazonaws.com` };
      await gateway.authorize({ credentials: session, permission: { ...permission, context } });
    } catch (cause) {
      throw new AwsError(
        "KMSAccessDeniedException",
        `Lambda was unable to decrypt the environment variables because KMS access was denied. Please check the function's AWS KMS key settings. KMS Exception: ${(cause as Error).name}KMS Message: ${(cause as Error).message}`,
        { statusCode: 502, fields: { Type: "User" }, cause },
      );
    }
  }

  async #assume(): Promise<RoleSession> {
    const { name, arn, roleArn } = this.#definition;
    try {
      return await this.#dependencies.roles.assumeAsService({
        service: "lambda.amazonaws.com",
        roleArn,
        sessionName: name,
        sourceArn: arn,
      });
    } catch (cause) {
      throw new AwsError("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", {
        statusCode: 403,
        cause,
      });
    }
  }
}
