// Every way known of to raise one's own privileges; nobody of the system may go any of them.

import { BatchClient } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, PutResourcePolicyCommand as PutLogsPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRolePermissionsBoundaryCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  SetDefaultPolicyVersionCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DisableKeyCommand, KMSClient, PutKeyPolicyCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { AddPermissionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { PutResourcePolicyCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateStateMachineCommand, SFNClient, UpdateStateMachineCommand } from "@aws-sdk/client-sfn";
import { SetTopicAttributesCommand, SNSClient } from "@aws-sdk/client-sns";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import {
  functionName,
  jobBucketName,
  jobDefinitionParameter,
  jobRoleName,
  keyAlias,
  notificationTopicName,
  roleNames,
} from "../../core/naming.ts";
import type { Deployed } from "./attacked-account.ts";
import { eachOf, type Probe } from "./probe.ts";
import { ownJobDefinition } from "./specimens.ts";

const everything = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
const opened = (at: Deployed): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: at.account }, Action: "*", Resource: "*" }] });
const trusting = (at: Deployed): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: at.account }, Action: "sts:AssumeRole" }] });

const RoleName = jobRoleName("credential-report");
const UserName = "alice";
const PolicyName = "mine";

const viaIam: readonly (readonly [string, (iam: IAMClient, at: Deployed) => Promise<unknown>])[] = [
  ["create a role", (iam, at) => iam.send(new CreateRoleCommand({ RoleName: "BatchRoleMine", AssumeRolePolicyDocument: trusting(at) }))],
  ["write into a job role's policy", (iam) => iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: everything }))],
  [
    "attach a policy to a job role",
    (iam) => iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" })),
  ],
  ["change a job role's trust", (iam, at) => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trusting(at) }))],
  ["take a job role's boundary away", (iam) => iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }))],
  [
    "write a new version of the admins' policy",
    (iam, at) => iam.send(new CreatePolicyVersionCommand({ PolicyArn: adminsPolicy(at), PolicyDocument: everything, SetAsDefault: true })),
  ],
  [
    "choose another version of it",
    (iam, at) => iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn: adminsPolicy(at), VersionId: "v1" })),
  ],
  ["write into a user's policy", (iam) => iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: everything }))],
  [
    "attach a policy to a user",
    (iam) => iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" })),
  ],
  ["join the admins", (iam) => iam.send(new AddUserToGroupCommand({ UserName: "operator", GroupName: "BatchJobAdmins" }))],
  ["create an admin", (iam) => iam.send(new CreateUserCommand({ UserName: "mallory", Path: "/keyturn/" }))],
  ["give an admin a console password", (iam) => iam.send(new CreateLoginProfileCommand({ UserName, Password: "Correct-Horse-1" }))],
  ["create a key for somebody who is no admin", (iam) => iam.send(new CreateAccessKeyCommand({ UserName: "administrator" }))],
];

const adminsPolicy = (at: Deployed): string => `arn:aws:iam::${at.account}:policy/BatchJobAdmins`;

const keys = [
  keyAlias.code,
  keyAlias.adminSecrets,
  keyAlias.mfaSession,
  keyAlias.jobCredentials,
  keyAlias.workflow,
  keyAlias.records,
  keyAlias.job("credential-report"),
  keyAlias.jobData("credential-report"),
];

export const privilegeProbes: readonly Probe[] = [
  ...viaIam.map(
    ([what, act]): Probe => ({
      what,
      may: [],
      attempt: (clientOf, at) => act(clientOf(IAMClient), at),
    }),
  ),
  ...keys.map(
    (alias): Probe => ({
      what: `change the policy of ${alias}, disable it, delete it`,
      may: [],
      attempt: async (clientOf, at) => {
        const kms = clientOf(KMSClient);
        const KeyId = at.emulator.kms.keyArn(alias);
        await eachOf(
          kms.send(new PutKeyPolicyCommand({ KeyId, Policy: opened(at) })),
          kms.send(new DisableKeyCommand({ KeyId })),
          kms.send(new ScheduleKeyDeletionCommand({ KeyId })),
        );
      },
    }),
  ),
  {
    what: "open alice's secret to the account",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SecretsManagerClient).send(new PutResourcePolicyCommand({ SecretId: "keyturn/admins/alice", ResourcePolicy: opened(at) })),
  },
  {
    what: "open a bucket to the account",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(new PutBucketPolicyCommand({ Bucket: jobBucketName("credential-report", at), Policy: opened(at) })),
  },
  {
    what: "open the topic to the account",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SNSClient).send(
        new SetTopicAttributesCommand({
          TopicArn: at.arn("sns", notificationTopicName),
          AttributeName: "Policy",
          AttributeValue: opened(at),
        }),
      ),
  },
  {
    what: "open a task to the account",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(LambdaClient).send(
        new AddPermissionCommand({
          FunctionName: functionName("retrieve-credentials"),
          StatementId: "mine",
          Action: "lambda:InvokeFunction",
          Principal: at.account,
        }),
      ),
  },
  {
    what: "let others write logs",
    may: [],
    attempt: (clientOf) =>
      clientOf(CloudWatchLogsClient).send(new PutLogsPolicyCommand({ policyName: "mine", policyDocument: everything })),
  },
  {
    what: "register a job definition with a launcher's role",
    may: [],
    attempt: (clientOf, at) => clientOf(BatchClient).send(ownJobDefinition(at)),
  },
  {
    what: "change the state machine",
    may: [],
    attempt: (clientOf, { stateMachineArn }) =>
      clientOf(SFNClient).send(new UpdateStateMachineCommand({ stateMachineArn, definition: ownDefinition })),
  },
  {
    what: "make a state machine with the state machine's role",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SFNClient).send(
        new CreateStateMachineCommand({ name: "mine", definition: ownDefinition, roleArn: at.roleArn(roleNames.stateMachine) }),
      ),
  },
  {
    what: "name another job definition for the workflow",
    may: [],
    attempt: (clientOf) =>
      clientOf(SSMClient).send(new PutParameterCommand({ Name: jobDefinitionParameter("announce"), Value: "mine", Overwrite: true })),
  },
];

const ownDefinition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "Mine", States: { Mine: { Type: "Succeed" } } });
