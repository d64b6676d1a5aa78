// Everything that some principal needs and another must not have: each probe tries it for real, and names who may.

import { BatchClient, DescribeJobsCommand, SubmitJobCommand, TerminateJobCommand } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, CreateLogStreamCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutRuleCommand } from "@aws-sdk/client-eventbridge";
import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import {
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { encryptionContext } from "../../core/envelope.ts";
import {
  attemptsTableName,
  functionLogGroup,
  functionName,
  jobBucketName,
  jobDefinitionName,
  jobDefinitionParameter,
  jobLogGroup,
  keyAlias,
  notificationTopicName,
  roleNames,
  scheduleDeadLetterQueueName,
  scheduleGroupName,
} from "../../core/naming.ts";
import type { Deployed, Principal } from "./attacked-account.ts";
import { type Specimens, subject } from "./specimens.ts";

/** A client of the given class with the attacker's credentials. */
export type ClientOf = <Client>(client: new (options: object) => Client) => Client;

export interface Probe {
  /** What is tried, as the matrix shows it. */
  readonly what: string;
  /** Everybody who may; all others must be refused. */
  readonly may: readonly Principal[];
  attempt(clientOf: ClientOf, at: Deployed, of: Specimens): Promise<unknown>;
}

const invokers: readonly (readonly [string, Principal])[] = [
  ["admit-run", roleNames.invokeAdmitRun],
  ["request-mfa", roleNames.invokeRequestMfa],
  ["validate-mfa", roleNames.invokeValidateMfa],
  ["retrieve-credentials", roleNames.invokeRetrieveCredentials],
  ["authorize-submission", roleNames.invokeAuthorizeSubmission],
];

/** Each is unique, so that a probe that is allowed twice meets nothing of its own. */
let serial = 0;
const unique = (): string => `probe-${++serial}`;

const steps: readonly Probe[] = [
  ...invokers.map(
    ([task, invoker]): Probe => ({
      what: `invoke ${task}`,
      may: [invoker],
      attempt: (clientOf) => clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName(task), InvocationType: "DryRun" })),
    }),
  ),
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
  ...[roleNames.validateMfa, roleNames.stateMachine, roleNames.iamAdmin, "LauncherCredentialReport", "BatchRoleCredentialReport"].map(
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

const runs: readonly Probe[] = [
  {
    what: "start a run",
    may: [roleNames.scheduler, "operator"],
    attempt: (clientOf, { stateMachineArn }) =>
      clientOf(SFNClient).send(new StartExecutionCommand({ stateMachineArn, input: '{"job": "none"}' })),
  },
  {
    what: "answer a run",
    may: ["operator"],
    attempt: (clientOf) => clientOf(SFNClient).send(new SendTaskSuccessCommand({ taskToken: "none", output: "{}" })),
  },
  {
    what: "watch a run",
    may: ["operator", "auditor"],
    attempt: async (clientOf, _at, { endedExecution: executionArn }) => {
      await clientOf(SFNClient).send(new DescribeExecutionCommand({ executionArn }));
      await clientOf(SFNClient).send(new GetExecutionHistoryCommand({ executionArn }));
    },
  },
  {
    what: "stop a run",
    may: ["operator"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) => clientOf(SFNClient).send(new StopExecutionCommand({ executionArn })),
  },
  {
    what: "replay a run",
    may: ["operator"],
    attempt: (clientOf, _at, { endedExecution: executionArn }) => clientOf(SFNClient).send(new RedriveExecutionCommand({ executionArn })),
  },
  {
    what: "make a schedule",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SchedulerClient).send(
        new CreateScheduleCommand({
          Name: unique(),
          GroupName: scheduleGroupName,
          ScheduleExpression: "rate(1 day)",
          FlexibleTimeWindow: { Mode: "OFF" },
          Target: { Arn: at.stateMachineArn, RoleArn: at.roleArn(roleNames.scheduler) },
        }),
      ),
  },
  {
    what: "change the rule that tells Step Functions of ended jobs",
    may: [roleNames.stateMachine],
    attempt: (clientOf) =>
      clientOf(EventBridgeClient).send(
        new PutRuleCommand({ Name: "StepFunctionsGetEventsForBatchJobsRule", EventPattern: '{"source": ["aws.batch"]}' }),
      ),
  },
  {
    what: "make another rule",
    may: [],
    attempt: (clientOf) => clientOf(EventBridgeClient).send(new PutRuleCommand({ Name: unique(), ScheduleExpression: "rate(1 day)" })),
  },
];

const jobs: readonly Probe[] = [
  {
    what: "submit a job of the catalogue",
    may: [roleNames.runJob],
    attempt: (clientOf) =>
      clientOf(BatchClient).send(
        new SubmitJobCommand({ jobName: unique(), jobDefinition: `${jobDefinitionName("announce")}:1`, jobQueue: "keyturn" }),
      ),
  },
  {
    what: "describe jobs",
    may: [roleNames.runJob, "operator", "auditor"],
    attempt: (clientOf, _at, { taggedJob }) => clientOf(BatchClient).send(new DescribeJobsCommand({ jobs: [taggedJob] })),
  },
  {
    what: "end a job of ours",
    may: [roleNames.runJob, "operator"],
    attempt: (clientOf, _at, { taggedJob: jobId }) => clientOf(BatchClient).send(new TerminateJobCommand({ jobId, reason: "probe" })),
  },
  {
    what: "end somebody else's job",
    may: [],
    attempt: (clientOf, _at, { foreignJob: jobId }) => clientOf(BatchClient).send(new TerminateJobCommand({ jobId, reason: "probe" })),
  },
];

const context = {
  code: encryptionContext.code(subject),
  session: encryptionContext.mfaSession(subject),
  credentials: encryptionContext.jobCredentials(subject),
  launch: encryptionContext.launch(subject),
};

const open = (KeyId: string, CiphertextBlob: Uint8Array, EncryptionContext: Readonly<Record<string, string>>) =>
  new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext });
const newKey = (KeyId: string, EncryptionContext: Readonly<Record<string, string>>) =>
  new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext });

const relay: readonly Probe[] = [
  {
    what: "seal a code",
    may: ["operator"],
    attempt: (clientOf) =>
      clientOf(KMSClient).send(
        new EncryptCommand({ KeyId: keyAlias.code, Plaintext: Buffer.from("123456"), EncryptionContext: context.code }),
      ),
  },
  {
    what: "open a code",
    may: [roleNames.validateMfa],
    attempt: (clientOf, _at, { sealedCode }) => clientOf(KMSClient).send(open(keyAlias.code, sealedCode, context.code)),
  },
  {
    what: "seal an MFA session",
    may: [roleNames.validateMfa],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.mfaSession, context.session)),
  },
  {
    what: "open an MFA session",
    may: [roleNames.retrieveCredentials],
    attempt: (clientOf, _at, { mfaSession }) => clientOf(KMSClient).send(open(keyAlias.mfaSession, mfaSession, context.session)),
  },
  {
    what: "seal job credentials",
    may: [roleNames.retrieveCredentials],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.jobCredentials, context.credentials)),
  },
  {
    what: "open job credentials before they are addressed",
    may: [],
    attempt: (clientOf, _at, { jobCredentials }) =>
      clientOf(KMSClient).send(open(keyAlias.jobCredentials, jobCredentials, context.credentials)),
  },
  {
    what: "address job credentials to the job",
    may: [roleNames.authorizeSubmission],
    attempt: (clientOf, _at, { jobCredentials }) =>
      clientOf(KMSClient).send(
        new ReEncryptCommand({
          CiphertextBlob: jobCredentials,
          SourceKeyId: keyAlias.jobCredentials,
          SourceEncryptionContext: context.credentials,
          DestinationKeyId: keyAlias.job("credential-report"),
          DestinationEncryptionContext: context.launch,
        }),
      ),
  },
  {
    what: "address an MFA session to the job",
    may: [],
    attempt: (clientOf, _at, { mfaSession }) =>
      clientOf(KMSClient).send(
        new ReEncryptCommand({
          CiphertextBlob: mfaSession,
          SourceKeyId: keyAlias.mfaSession,
          SourceEncryptionContext: context.session,
          DestinationKeyId: keyAlias.job("credential-report"),
          DestinationEncryptionContext: context.launch,
        }),
      ),
  },
  {
    what: "seal for a job without job credentials",
    may: [],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.job("credential-report"), context.launch)),
  },
  {
    what: "open credential-report's envelope",
    may: ["LauncherCredentialReport" as Principal],
    attempt: (clientOf, _at, { launch }) => clientOf(KMSClient).send(open(keyAlias.job("credential-report"), launch, context.launch)),
  },
];

const data: readonly Probe[] = [
  {
    what: "read alice's secret",
    may: [roleNames.validateMfa],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: "keyturn/admins/alice" })),
  },
  {
    what: "write alice's secret",
    may: [roleNames.iamAdmin],
    attempt: (clientOf) =>
      // A stage of its own: what validate-mfa reads stays as it is.
      clientOf(SecretsManagerClient).send(
        new PutSecretValueCommand({ SecretId: "keyturn/admins/alice", SecretString: "{}", VersionStages: ["PROBE"] }),
      ),
  },
  {
    what: "write alice's secret another way",
    may: [],
    attempt: (clientOf) =>
      clientOf(SecretsManagerClient).send(new UpdateSecretCommand({ SecretId: "keyturn/admins/alice", SecretString: "{}" })),
  },
  {
    what: "delete alice's secret",
    may: [],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new DeleteSecretCommand({ SecretId: "keyturn/admins/alice" })),
  },
  {
    what: "count a refusal",
    may: [roleNames.validateMfa],
    attempt: async (clientOf) => {
      const TableName = attemptsTableName;
      await clientOf(DynamoDBClient).send(new PutItemCommand({ TableName, Item: { admin: { S: "probe" }, attempt: { S: "probe" } } }));
      await clientOf(DynamoDBClient).send(new GetItemCommand({ TableName, Key: { admin: { S: "probe" }, attempt: { S: "probe" } } }));
    },
  },
  {
    what: "forget a spent code",
    may: [],
    attempt: (clientOf) =>
      clientOf(DynamoDBClient).send(
        new DeleteItemCommand({ TableName: attemptsTableName, Key: { admin: { S: "alice" }, attempt: { S: "refusals" } } }),
      ),
  },
  {
    what: "list every attempt",
    may: [],
    attempt: (clientOf) => clientOf(DynamoDBClient).send(new ScanCommand({ TableName: attemptsTableName })),
  },
  ...(["credential-report", "announce"] as const).map(
    (job): Probe => ({
      what: `write ${job}'s data`,
      may: [job === "announce" ? ("BatchRoleAnnounce" as Principal) : ("BatchRoleCredentialReport" as Principal)],
      attempt: (clientOf, at) =>
        clientOf(S3Client).send(new PutObjectCommand({ Bucket: jobBucketName(job, at), Key: unique(), Body: "x" })),
    }),
  ),
  {
    what: "read credential-report's data",
    may: [roleNames.reportReader],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(new GetObjectCommand({ Bucket: jobBucketName("credential-report", at), Key: "probe" })),
  },
  {
    what: "delete credential-report's data",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(new DeleteObjectCommand({ Bucket: jobBucketName("credential-report", at), Key: "probe" })),
  },
  {
    what: "notify",
    may: [roleNames.requestMfa],
    attempt: (clientOf, at) =>
      clientOf(SNSClient).send(new PublishCommand({ TopicArn: at.arn("sns", notificationTopicName), Message: "probe" })),
  },
  {
    what: "listen to notifications",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SNSClient).send(
        new SubscribeCommand({ TopicArn: at.arn("sns", notificationTopicName), Protocol: "email", Endpoint: "probe@example.com" }),
      ),
  },
  {
    what: "put a missed start aside",
    may: [roleNames.scheduler],
    attempt: (clientOf, at) => clientOf(SQSClient).send(new SendMessageCommand({ QueueUrl: queueUrl(at), MessageBody: "probe" })),
  },
  {
    what: "read missed starts",
    may: [],
    attempt: (clientOf, at) => clientOf(SQSClient).send(new ReceiveMessageCommand({ QueueUrl: queueUrl(at) })),
  },
  {
    what: "read a job definition's parameter",
    may: [],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: jobDefinitionParameter("announce") })),
  },
];

const queueUrl = (at: Deployed): string => `${at.endpoint}/${at.account}/${scheduleDeadLetterQueueName}`;

const taskRoles: readonly (readonly [string, Principal])[] = [
  ["admit-run", roleNames.admitRun],
  ["request-mfa", roleNames.requestMfa],
  ["validate-mfa", roleNames.validateMfa],
  ["retrieve-credentials", roleNames.retrieveCredentials],
  ["authorize-submission", roleNames.authorizeSubmission],
];

const logs: readonly Probe[] = [
  ...taskRoles.map(
    ([task, role]): Probe => ({
      what: `write ${task}'s log`,
      may: [role],
      attempt: (clientOf) =>
        clientOf(CloudWatchLogsClient).send(new CreateLogStreamCommand({ logGroupName: functionLogGroup(task), logStreamName: unique() })),
    }),
  ),
  {
    what: "write a job's log",
    may: [roleNames.jobExecution],
    attempt: (clientOf) =>
      clientOf(CloudWatchLogsClient).send(new CreateLogStreamCommand({ logGroupName: jobLogGroup("announce"), logStreamName: unique() })),
  },
  {
    what: "read a job's log",
    may: ["operator", "auditor"],
    attempt: (clientOf) => clientOf(CloudWatchLogsClient).send(new FilterLogEventsCommand({ logGroupName: jobLogGroup("announce") })),
  },
  {
    what: "read a task's log",
    may: ["auditor"],
    attempt: (clientOf) =>
      clientOf(CloudWatchLogsClient).send(new FilterLogEventsCommand({ logGroupName: functionLogGroup("validate-mfa") })),
  },
];

export const probes: readonly Probe[] = [...steps, ...runs, ...jobs, ...relay, ...data, ...logs];
