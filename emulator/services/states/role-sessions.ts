// Whose permissions a task has: the state machine's role, assumed by the service, or the role that its Credentials name, assumed by that one.

import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { AwsError } from "../../aws-error.ts";
import type { Credentials, Environment, Gateway, RoleSession, ServiceRoles } from "../../service.ts";
import type { TaskRequest } from "../../states/task-runner.ts";

export const statesPrincipal = "states.amazonaws.com";

/** A session that ends sooner is not used for another call. */
const marginMs = 300_000;

/** The state machine's role may not assume the task's. */
export class TaskRoleRefused extends Error {}

export class RoleSessions {
  readonly #environment: Environment;
  readonly #gateway: Gateway;
  readonly #roles: ServiceRoles;
  readonly #sessions = new Map<string, RoleSession>();

  constructor(environment: Environment, { gateway, roles }: { gateway: Gateway; roles: ServiceRoles }) {
    this.#environment = environment;
    this.#gateway = gateway;
    this.#roles = roles;
  }

  /** Throws AccessDeniedException where the role does not trust Step Functions for this machine. */
  async ofMachine({ machineArn, roleArn }: { machineArn: string; roleArn: string }): Promise<RoleSession> {
    const key = `${machineArn} ${roleArn}`;
    const current = this.#sessions.get(key);
    if (current !== undefined && current.expiresAtMs - this.#environment.clock.now() > marginMs) return current;
    try {
      const session = await this.#roles.assumeAsService({
        service: statesPrincipal,
        roleArn,
        sessionName: this.#sessionName(),
        sourceArn: machineArn,
      });
      this.#sessions.set(key, session);
      return session;
    } catch (cause) {
      if (!(cause instanceof AwsError)) throw cause;
      const message = `Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.`;
      throw new AwsError("AccessDeniedException", message, { cause });
    }
  }

  /** The credentials of one task. Throws TaskRoleRefused, and AccessDeniedException as above. */
  async ofTask({ execution, roleArn }: TaskRequest): Promise<Credentials> {
    const session = await this.ofMachine({ machineArn: execution.stateMachineArn, roleArn: execution.roleArn });
    if (roleArn === undefined) return session;
    const sts = new STSClient({ ...this.#gateway.clientOptions(session), maxAttempts: 1 });
    try {
      const { Credentials: given } = await sts.send(
        new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: this.#sessionName(), ExternalId: execution.stateMachineArn }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = given ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
        throw new TypeError(`AssumeRole on ${roleArn} gave no credentials`);
      }
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    } catch (cause) {
      if ((cause as Error).name !== "AccessDenied") throw cause;
      throw new TaskRoleRefused(`The role ${execution.roleArn} is not authorized to assume the task state's role, ${roleArn}.`, { cause });
    } finally {
      sts.destroy();
    }
  }

  /** AWS gives its sessions random names too; letters and digits only, so that any trust policy takes them. */
  #sessionName(): string {
    return this.#environment.uniqueId("StepFunctions-");
  }
}
