// What policy evaluation is asked in one run, with real sessions, policies and conditions of the deployed account.

import { GetResourcePolicyCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { PopulatedAccount } from "../cli/local/local-account.ts";
import { signedIn } from "../cli/local/sign-in.ts";
import { encryptionContext } from "../core/envelope.ts";
import { adminSecretName, attemptsTableName, functionName, keyAlias, roleNames, stateMachineName } from "../core/naming.ts";
import { requestContext } from "../emulator/gateway/request-context.ts";
import type { Credentials, Permission } from "../emulator/service.ts";
import { storeIdentities } from "../emulator/services/iam/identities.ts";
import type { PolicyDocument } from "../policy/document.ts";
import type { EvaluationRequest } from "../policy/evaluate.ts";

export interface AskedOfPolicies {
  readonly request: EvaluationRequest;
  readonly isAllowed: boolean;
}

const { stateMachine, invokeValidateMfa, validateMfa, retrieveCredentials, authorizeSubmission } = roleNames;

/** One of each kind that a run asks: plain, trust, key policy with context, secret's policy; and two that are refused. */
export async function requestsOfARun(local: PopulatedAccount): Promise<readonly AskedOfPolicies[]> {
  const { emulator, account, region } = local;
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
  const machine = arn("states", `stateMachine:${stateMachineName}`);
  const bound = { run: "bench", digest: "0".repeat(64), until: "2026-01-01T00:00:00.000Z" };
  const key = (alias: string, action: string, hop: "mfaSession" | "jobCredentials"): Permission =>
    emulator.kms.permission({ action, keyId: alias, encryptionContext: encryptionContext[hop](bound) });
  const secret = await secretPermission(local);
  const session = (role: string): Promise<Credentials> => {
    const [service, sourceArn] =
      role === stateMachine ? ["states.amazonaws.com", machine] : ["lambda.amazonaws.com", arn("lambda", "function:keyturn")];
    return emulator.roles.assumeAsService({ service, roleArn: `arn:aws:iam::${account}:role/${role}`, sessionName: "bench", sourceArn });
  };
  const as = async (role: string, permission: Permission): Promise<AskedOfPolicies> => ({
    request: requestOf(await session(role), permission, local),
    isAllowed: true,
  });
  const refused = (permission: Permission): AskedOfPolicies => ({
    request: requestOf(local.people.operator, permission, local),
    isAllowed: false,
  });
  return [
    { request: requestOf(local.people.operator, { action: "states:StartExecution", resource: machine }, local), isAllowed: true },
    await as(stateMachine, trustOf(invokeValidateMfa, machine, local)),
    await as(validateMfa, { action: "dynamodb:PutItem", resource: arn("dynamodb", `table/${attemptsTableName}`) }),
    await as(validateMfa, secret),
    await as(validateMfa, key(keyAlias.mfaSession, "kms:GenerateDataKey", "mfaSession")),
    await as(retrieveCredentials, key(keyAlias.mfaSession, "kms:Decrypt", "mfaSession")),
    await as(retrieveCredentials, key(keyAlias.jobCredentials, "kms:GenerateDataKey", "jobCredentials")),
    await as(authorizeSubmission, key(keyAlias.jobCredentials, "kms:ReEncryptFrom", "jobCredentials")),
    refused(secret),
    refused({ action: "lambda:InvokeFunction", resource: arn("lambda", `function:${functionName("validate-mfa")}`) }),
  ];
}

/** As the gateway asks (`emulator/gateway/authorize.ts`). */
function requestOf(credentials: Credentials, permission: Permission, { emulator, account, region }: PopulatedAccount): EvaluationRequest {
  const identities = storeIdentities(emulator.store);
  const caller = identities.find(credentials.accessKeyId)?.caller;
  if (caller === undefined) throw new Error("the account does not know these credentials");
  const { identity, boundaries } = identities.policiesOf(caller);
  const { action, resource, resourcePolicy, resourceKind } = permission;
  const asked = { caller, origin: { sourceIp: "127.0.0.1" }, endpoint: undefined, calledVia: [], nowMs: emulator.clock.now() };
  return {
    principal: { ...caller },
    action,
    resource,
    resourceAccountId: account,
    context: { ...requestContext({ ...asked, region, account, action, resource }), ...permission.context },
    identityPolicies: identity,
    permissionsBoundaries: boundaries,
    sessionPolicies: caller.session?.policies,
    resourcePolicy,
    resourceKind,
  };
}

function trustOf(role: string, externalId: string, { emulator, account }: PopulatedAccount): Permission {
  const trust = emulator.store.roles.get(role)?.trust.document;
  if (trust === undefined) throw new Error(`the account has no role ${role}`);
  return {
    action: "sts:AssumeRole",
    resource: `arn:aws:iam::${account}:role/${role}`,
    resourcePolicy: trust,
    resourceKind: "role-trust",
    context: { "sts:ExternalId": externalId },
  };
}

async function secretPermission(local: PopulatedAccount): Promise<Permission> {
  const secrets = signedIn(SecretsManagerClient, local.administrator, local);
  try {
    const { ARN = "", ResourcePolicy = "{}" } = await secrets.send(new GetResourcePolicyCommand({ SecretId: adminSecretName("alice") }));
    return { action: "secretsmanager:GetSecretValue", resource: ARN, resourcePolicy: JSON.parse(ResourcePolicy) as PolicyDocument };
  } finally {
    secrets.destroy();
  }
}
