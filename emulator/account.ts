// The people of a local account: whom a newcomer signs in as, made through IAM's own API with the deployed managed policies.

import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetRoleCommand,
  IAMClient,
  PutUserPolicyCommand,
  paginateListPolicies,
} from "@aws-sdk/client-iam";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { auditorPolicyName, operatorPolicyName, roleNames } from "../core/naming.ts";
import type { Credentials, Environment, Gateway } from "./service.ts";
import { VirtualAuthenticator } from "./virtual-authenticator.ts";

export interface PersonWithRole {
  readonly session: Credentials;
  readonly roleArn: string;
}

export interface LocalPrincipals {
  readonly operator: Credentials;
  readonly auditor: Credentials;
  /** Users who may assume one role each, signed in with MFA. */
  readonly iamAdmin: PersonWithRole;
  readonly reportReader: PersonWithRole;
}

/** The longest session that GetSessionToken gives a user. */
const longestSessionSeconds = 129_600;

/** @param administrator - may do everything in IAM */
export async function createLocalPrincipals(
  administrator: Credentials,
  { gateway, environment }: { gateway: Gateway; environment: Environment },
): Promise<LocalPrincipals> {
  const iam = new IAMClient(gateway.clientOptions(administrator));
  const policies = await deployedPolicies(iam);
  const [operator, auditor, iamAdmin, reportReader] = await Promise.all([
    createUser(iam, "operator", policies.get(operatorPolicyName)),
    createUser(iam, "auditor", policies.get(auditorPolicyName)),
    createPersonWithRole(iam, { UserName: "iam-admin", RoleName: roleNames.iamAdmin, gateway, environment }),
    createPersonWithRole(iam, { UserName: "report-reader", RoleName: roleNames.reportReader, gateway, environment }),
  ]);
  return { operator, auditor, iamAdmin, reportReader };
}

async function deployedPolicies(iam: IAMClient): Promise<ReadonlyMap<string, string>> {
  const arns = new Map<string, string>();
  for await (const { Policies = [] } of paginateListPolicies({ client: iam }, { Scope: "Local" })) {
    for (const { PolicyName, Arn } of Policies) if (PolicyName !== undefined && Arn !== undefined) arns.set(PolicyName, Arn);
  }
  return arns;
}

async function createUser(iam: IAMClient, UserName: string, PolicyArn: string | undefined): Promise<Credentials> {
  if (PolicyArn === undefined) throw new Error(`the templates deployed no managed policy for the local user ${UserName}`);
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  return createKey(iam, UserName);
}

async function createKey(iam: IAMClient, UserName: string): Promise<Credentials> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: required(AccessKey?.AccessKeyId), secretAccessKey: required(AccessKey?.SecretAccessKey) };
}

/** The role's trust demands MFA, so this user gets a device, and a session that was opened with it. */
async function createPersonWithRole(
  iam: IAMClient,
  of: { UserName: string; RoleName: string; gateway: Gateway; environment: Environment },
): Promise<PersonWithRole> {
  const { UserName, RoleName, gateway, environment } = of;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const roleArn = required(Role?.Arn);
  await iam.send(new CreateUserCommand({ UserName }));
  const statement = { Effect: "Allow", Action: "sts:AssumeRole", Resource: roleArn };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: `assume-${RoleName}`, PolicyDocument }));
  const key = await createKey(iam, UserName);
  const { VirtualMFADevice } = await iam.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }));
  const seed = Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString("ascii");
  const SerialNumber = required(VirtualMFADevice?.SerialNumber);
  const authenticator = new VirtualAuthenticator(seed, () => environment.clock.now());
  const [AuthenticationCode1, AuthenticationCode2] = authenticator.activationCodes();
  await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }));
  const sts = new STSClient(gateway.clientOptions(key));
  const { Credentials } = await sts.send(
    new GetSessionTokenCommand({ SerialNumber, TokenCode: authenticator.code(), DurationSeconds: longestSessionSeconds }),
  );
  return {
    roleArn,
    session: {
      accessKeyId: required(Credentials?.AccessKeyId),
      secretAccessKey: required(Credentials?.SecretAccessKey),
      sessionToken: required(Credentials?.SessionToken),
    },
  };
}

function required(value: string | undefined): string {
  if (value === undefined) throw new Error("IAM or STS left out what it always answers");
  return value;
}
