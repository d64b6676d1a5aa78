// What an auditor reads to check the claims in a deployed account: roles, policies, keys' policies, secrets' policies.

import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import {
  GetLoginProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
} from "@aws-sdk/client-iam";
import { DescribeKeyCommand, GetKeyPolicyCommand, GetKeyRotationStatusCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetResourcePolicyCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetServiceQuotaCommand, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { accountQuotas, adminPolicyName, groupName, jobRoleName, keyAlias, roleNames } from "../../core/naming.ts";
import type { Deployed, Principal } from "./attacked-account.ts";
import { eachOf, type Probe } from "./probe.ts";

const RoleName = roleNames.validateMfa;
const UserName = "alice";
const PolicyArn = (at: Deployed): string => `arn:aws:iam::${at.account}:policy/${adminPolicyName}`;

const reads: readonly (readonly [what: string, read: (iam: IAMClient, at: Deployed) => Promise<unknown>])[] = [
  ["look at a role", (iam) => iam.send(new GetRoleCommand({ RoleName }))],
  ["read a role's policy", (iam) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "permissions" }))],
  ["list a role's policies", (iam) => iam.send(new ListRolePoliciesCommand({ RoleName }))],
  ["list a role's managed policies", (iam) => iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))],
  ["look at the admins' policy", (iam, at) => iam.send(new GetPolicyCommand({ PolicyArn: PolicyArn(at) }))],
  ["read the admins' policy", (iam, at) => iam.send(new GetPolicyVersionCommand({ PolicyArn: PolicyArn(at), VersionId: "v1" }))],
  ["list the versions of the admins' policy", (iam, at) => iam.send(new ListPolicyVersionsCommand({ PolicyArn: PolicyArn(at) }))],
  ["see whom the admins' policy is attached to", (iam, at) => iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: PolicyArn(at) }))],
  ["list the group's policies", (iam) => iam.send(new ListAttachedGroupPoliciesCommand({ GroupName: groupName }))],
  ["list an admin's own policies", (iam) => iam.send(new ListUserPoliciesCommand({ UserName }))],
  ["list an admin's managed policies", (iam) => iam.send(new ListAttachedUserPoliciesCommand({ UserName }))],
];

export const auditProbes: readonly Probe[] = [
  ...reads.map(([what, read]): Probe => ({ what, may: ["auditor"], attempt: (clientOf, at) => read(clientOf(IAMClient), at) })),
  {
    what: "see which stacks are deployed, and their templates",
    may: ["auditor"],
    attempt: async (clientOf) => {
      const cloudFormation = clientOf(CloudFormationClient);
      const StackName = "keyturn-identity";
      await eachOf(
        cloudFormation.send(new DescribeStacksCommand({ StackName })),
        cloudFormation.send(new GetTemplateCommand({ StackName, TemplateStage: "Original" })),
      );
    },
  },
  {
    what: "read the version of the CDK's bootstrap",
    may: ["auditor"],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version" })),
  },
  {
    what: "read the account's quotas",
    may: ["auditor"],
    attempt: async (clientOf) => {
      const quotas = clientOf(ServiceQuotasClient);
      await eachOf(
        ...Object.values(accountQuotas).map((codes) => {
          const [ServiceCode, QuotaCode] = codes.split("/");
          return quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
        }),
      );
    },
  },
  {
    what: "see whether an admin has a console password",
    may: [jobRoleName("credential-report") as Principal],
    attempt: (clientOf) => clientOf(IAMClient).send(new GetLoginProfileCommand({ UserName })),
  },
  {
    what: "look at a key and read its policy",
    may: ["auditor"],
    attempt: async (clientOf, at) => {
      const KeyId = at.emulator.kms.keyArn(keyAlias.mfaSession);
      const kms = clientOf(KMSClient);
      await eachOf(
        kms.send(new DescribeKeyCommand({ KeyId })),
        kms.send(new GetKeyPolicyCommand({ KeyId })),
        kms.send(new GetKeyRotationStatusCommand({ KeyId })),
      );
    },
  },
  {
    what: "read the policy of an admin's secret",
    may: ["auditor"],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new GetResourcePolicyCommand({ SecretId: "keyturn/admins/alice" })),
  },
];
