// AWS STS: who am I, sessions for users, sessions of roles.

import type { GetAccessKeyInfoCommandInput, GetSessionTokenCommandInput } from "@aws-sdk/client-sts";
import { AwsError } from "../aws-error.ts";
import type { Caller, Environment, Operation, Service, ServiceRoles } from "../service.ts";
import type { IamStore } from "./iam/store.ts";
import { assumeRole } from "./sts/assume-role.ts";
import { checkMfa, spend } from "./sts/mfa.ts";
import { serviceRoles } from "./sts/service-roles.ts";
import { credentialsOf, issueSession } from "./sts/sessions.ts";
import { checkSeconds } from "./sts/validation.ts";

export interface Sts {
  readonly service: Service;
  readonly resourceTypes: readonly [];
  readonly roles: ServiceRoles;
}

/** @param dependencies - `store`: IAM's state, in which STS finds roles and devices and keeps its sessions. */
export function createSts(environment: Environment, { store }: { store: IamStore }): Sts {
  const operations = {
    GetCallerIdentity: {
      // AWS asks for no permission, and no policy can forbid it.
      permissions: () => [],
      run: (_: object, { caller }) => ({ UserId: caller.userId, Account: caller.accountId, Arn: caller.arn }),
    } satisfies Operation<object>,

    GetSessionToken: {
      // Authentication, not authorisation: no policy governs it.
      permissions: () => [],
      run(input: GetSessionTokenCommandInput, call) {
        const { caller, nowMs } = call;
        if (caller.session !== undefined || caller.type !== "User")
          throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", { statusCode: 403 });
        const durationSeconds = input.DurationSeconds ?? 43_200;
        checkSeconds(durationSeconds, { member: "durationSeconds", min: 900, max: 129_600 });
        const accepted = checkMfa(input, { store, caller, nowMs });
        spend(accepted);
        const session = issueSession(
          {
            caller: withoutKey(caller),
            session: { kind: "GetSessionToken", policies: [], ...(accepted && { mfaAtMs: nowMs }) },
            principalId: caller.userId,
            durationSeconds,
          },
          { store, environment },
        );
        return { Credentials: credentialsOf(session) };
      },
    } satisfies Operation<GetSessionTokenCommandInput>,

    AssumeRole: assumeRole({ store, environment }),

    GetAccessKeyInfo: {
      permissions: () => [{ action: "sts:GetAccessKeyInfo", resource: "*" }],
      run({ AccessKeyId: id = "" }: GetAccessKeyInfoCommandInput) {
        if (!store.accessKeys.has(id) && !store.sessions.has(id))
          throw new AwsError("ValidationError", `Access key ${id} is of no account that this emulator knows.`);
        return { Account: environment.account };
      },
    } satisfies Operation<GetAccessKeyInfoCommandInput>,
  };
  return {
    service: { signingName: "sts", protocol: "awsQuery", model: () => import("@aws-sdk/client-sts"), operations },
    resourceTypes: [],
    roles: serviceRoles({ store, environment }),
  };
}

const withoutKey = ({ accessKeyId: _, session: __, ...caller }: Caller): Omit<Caller, "accessKeyId" | "session"> => caller;
