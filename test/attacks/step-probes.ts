// The steps of a run: who may invoke a task, and who may take on a step's role.

import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { functionName, roleNames } from "../../core/naming.ts";
import type { Principal } from "./attacked-account.ts";
import type { Probe } from "./probe.ts";

const invokers: readonly (readonly [string, Principal])[] = [
  ["admit-run", roleNames.invokeAdmitRun],
  ["request-mfa", roleNames.invokeRequestMfa],
  ["validate-mfa", roleNames.invokeValidateMfa],
  ["retrieve-credentials", roleNames.invokeRetrieveCredentials],
  ["authorize-submission", roleNames.invokeAuthorizeSubmission],
];

export const stepProbes: readonly Probe[] = [
  ...invokers.map(
    ([task, invoker]): Probe => ({
      what: `invoke ${task}`,
      may: [invoker],
      attempt: (clientOf) => clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName(task), InvocationType: "DryRun" })),
    }),
  ),
  {
    what: "invoke rotate-admin-key",
    // Secrets Manager does, and it is no principal that anybody could be.
    may: [],
    attempt: (clientOf) =>
      clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName("rotate-admin-key"), InvocationType: "DryRun" })),
  },
  ...[...invokers.map(([, invoker]) => invoker), roleNames.runJob].map(
    (role): Probe => ({
      what: `assume ${role}`,
      may: [roleNames.stateMachine],
      attempt: (clientOf, at) =>
        clientOf(STSClient).send(
          new AssumeRoleCommand({ RoleArn: at.roleArn(role), RoleSessionName: "probe", ExternalId: at.stateMachineArn }),
        ),
    }),
  ),
  ...[
    roleNames.validateMfa,
    roleNames.rotateAdminKey,
    roleNames.stateMachine,
    roleNames.iamAdmin,
    "LauncherCredentialReport",
    "BatchRoleCredentialReport",
  ].map(
    (role): Probe => ({
      what: `assume ${role} (from outside the VPC)`,
      may: [],
      attempt: (clientOf, at) =>
        clientOf(STSClient).send(
          new AssumeRoleCommand({ RoleArn: at.roleArn(role), RoleSessionName: "probe", ExternalId: at.stateMachineArn }),
        ),
    }),
  ),
];
