// What is kept: secrets, attempts, reports, notifications, missed starts, parameters.

import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import { PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import {
  attemptsTableName,
  jobBucketName,
  jobDefinitionParameter,
  jobRoleName,
  notificationTopicName,
  roleNames,
} from "../../core/naming.ts";
import type { Principal } from "./attacked-account.ts";
import { eachOf, type Probe, unique } from "./probe.ts";
import { jobs } from "./specimens.ts";

export const dataProbes: readonly Probe[] = [
  {
    what: "read alice's secret",
    may: [roleNames.validateMfa],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: "keyturn/admins/alice" })),
  },
  {
    what: "read another version of alice's secret",
    may: [roleNames.validateMfa],
    attempt: (clientOf) =>
      clientOf(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: "keyturn/admins/alice", VersionStage: "AWSPENDING" })),
  },
  {
    what: "write alice's secret",
    may: [roleNames.iamAdmin, roleNames.rotateAdminKey],
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
      const item = { admin: { S: "probe" }, attempt: { S: "probe" } };
      await eachOf(
        clientOf(DynamoDBClient).send(new PutItemCommand({ TableName, Item: item })),
        clientOf(DynamoDBClient).send(new GetItemCommand({ TableName, Key: item })),
      );
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
  ...jobs.map(
    (job): Probe => ({
      what: `write ${job}'s data`,
      may: [jobRoleName(job) as Principal],
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
    what: "list credential-report's data",
    may: [roleNames.reportReader],
    attempt: (clientOf, at) => clientOf(S3Client).send(new ListObjectsV2Command({ Bucket: jobBucketName("credential-report", at) })),
  },
  {
    what: "delete credential-report's data",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(new DeleteObjectCommand({ Bucket: jobBucketName("credential-report", at), Key: "probe" })),
  },
  {
    what: "notify",
    may: [roleNames.requestMfa, roleNames.announceEnd],
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
    what: "read a job definition's parameter",
    may: ["operator"],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: jobDefinitionParameter("announce") })),
  },
  {
    what: "read any other parameter of ours",
    may: [],
    attempt: (clientOf) => clientOf(SSMClient).send(new GetParameterCommand({ Name: "/keyturn/jobs/announce/other" })),
  },
];
