// AWS IAM: users, groups, roles, policies, keys and MFA devices of the account.

import { AwsError } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { iamResourceTypes } from "../deploy/resources/iam.ts";
import type { Call, Environment, Operation, Service } from "../service.ts";
import { accessKeyOperations } from "./iam/access-keys.ts";
import type { IamAccount } from "./iam/account.ts";
import { accountReportOperations } from "./iam/account-report.ts";
import { attachmentOperations } from "./iam/attachments.ts";
import { groupOperations } from "./iam/groups.ts";
import { inlinePolicyOperations } from "./iam/inline-policies.ts";
import { loginProfileOperations } from "./iam/login-profiles.ts";
import { managedPolicyOperations } from "./iam/managed-policies.ts";
import { mfaDeviceOperations } from "./iam/mfa-devices.ts";
import { roleOperations } from "./iam/roles.ts";
import { simulationOperations } from "./iam/simulate.ts";
import type { IamStore } from "./iam/store.ts";
import { userOperations } from "./iam/users.ts";

export interface Iam {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

/** @param dependencies - `store`: IAM's state, which STS and the gateway read too. */
export function createIam(environment: Environment, { store }: { store: IamStore }): Iam {
  const iam: IamAccount = { store, environment };
  const operations: Readonly<Record<string, Operation<never>>> = {
    ...userOperations(iam),
    ...groupOperations(iam),
    ...roleOperations(iam),
    ...inlinePolicyOperations(iam),
    ...managedPolicyOperations(iam),
    ...attachmentOperations(iam),
    ...accessKeyOperations(iam),
    ...mfaDeviceOperations(iam),
    ...loginProfileOperations(iam),
    ...accountReportOperations(iam),
    ...simulationOperations(iam),
  };
  return {
    service: {
      signingName: "iam",
      protocol: "awsQuery",
      model: () => import("@aws-sdk/client-iam"),
      operations: Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, refusingPlainSessions(operation)])),
    },
    resourceTypes: iamResourceTypes(iam),
  };
}

/** IAM takes no calls with credentials of GetSessionToken that were given without MFA. */
const refusingPlainSessions = (operation: Operation<never>): Operation<never> => ({
  permissions(input, call: Call) {
    const { session } = call.caller;
    if (session?.kind === "GetSessionToken" && session.mfaAtMs === undefined)
      throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid", { statusCode: 403 });
    return operation.permissions(input, call);
  },
  run: (input, call) => operation.run(input, call),
});
