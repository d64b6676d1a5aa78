// Where somebody could look: everything that the account shows of itself to people with permissions, read with the most that there are.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BatchClient, DescribeJobsCommand, ListJobsCommand } from "@aws-sdk/client-batch";
import { CloudTrailClient, paginateLookupEvents } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient, paginateDescribeLogGroups, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { paginateGetExecutionHistory, paginateListExecutions, SFNClient } from "@aws-sdk/client-sfn";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { signedIn } from "../../cli/local/sign-in.ts";
import {
  attemptsTableName,
  jobBucketName,
  jobDefinitionParameter,
  jobQueueName,
  missedStartsQueueName,
  notificationTopicName,
  recordsBucketName,
  roleNames,
  spotJobQueueName,
} from "../../core/naming.ts";
import { type Deployed, stolen } from "./attacked-account.ts";

const jobs = ["credential-report", "announce"];

/** Each gives all that can be read there, as one text. */
export const publicPlaces: Readonly<Record<string, (at: Deployed) => Promise<string>>> = {
  "the executions' histories": async (at) => {
    const sfn = signedIn(SFNClient, at.people.operator, at);
    const found: unknown[] = [];
    for await (const { executions = [] } of paginateListExecutions({ client: sfn }, { stateMachineArn: at.stateMachineArn })) {
      for (const { executionArn } of executions) {
        for await (const { events } of paginateGetExecutionHistory({ client: sfn }, { executionArn, includeExecutionData: true }))
          found.push(events);
      }
    }
    return JSON.stringify(found);
  },
  "every log": async (at) => {
    const logs = signedIn(CloudWatchLogsClient, at.administrator, at);
    const lines: string[] = [];
    for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, {})) {
      for (const { logGroupName } of logGroups) {
        for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName }))
          lines.push(...events.map(({ message = "" }) => message));
      }
    }
    return lines.join("\n");
  },
  "what Lambda shows of its functions": async (at) => {
    const found: unknown[] = [];
    for await (const { Functions } of paginateListFunctions({ client: signedIn(LambdaClient, at.administrator, at) }, {}))
      found.push(Functions);
    return JSON.stringify(found);
  },
  "what Batch shows of its jobs": async (at) => {
    const batch = signedIn(BatchClient, at.administrator, at);
    const found: unknown[] = [];
    for (const jobQueue of [jobQueueName, spotJobQueueName]) {
      for (const jobStatus of ["SUCCEEDED", "FAILED", "RUNNING", "RUNNABLE"] as const) {
        const { jobSummaryList = [] } = await batch.send(new ListJobsCommand({ jobQueue, jobStatus }));
        const ids = jobSummaryList.flatMap(({ jobId }) => jobId ?? []);
        if (ids.length > 0) found.push(await batch.send(new DescribeJobsCommand({ jobs: ids })));
      }
    }
    return JSON.stringify(found);
  },
  "the table of attempts": async (at) => {
    const { Items } = await signedIn(DynamoDBClient, at.administrator, at).send(new ScanCommand({ TableName: attemptsTableName }));
    return JSON.stringify(Items);
  },
  "the buckets": async (at) => {
    const reader = signedIn(S3Client, await stolen(roleNames.reportReader, at), at);
    const texts: string[] = [];
    for (const Bucket of jobs.map((job) => jobBucketName(job, at))) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: reader }, { Bucket })) {
        for (const { Key } of Contents) {
          const { Body, Metadata } = await reader.send(new GetObjectCommand({ Bucket, Key }));
          texts.push(`${Key} ${JSON.stringify(Metadata)} ${await Body?.transformToString()}`);
        }
      }
    }
    return texts.join("\n");
  },
  "the records": async (at) => {
    const auditor = signedIn(S3Client, at.people.auditor, at);
    const Bucket = recordsBucketName(at);
    const texts: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client: auditor }, { Bucket })) {
      for (const { Key } of Contents) {
        const { Body, Metadata } = await auditor.send(new GetObjectCommand({ Bucket, Key }));
        texts.push(`${Key} ${JSON.stringify(Metadata)} ${await Body?.transformToString()}`);
      }
    }
    return texts.join("\n");
  },
  "what was sent to people": async (at) => JSON.stringify(at.emulator.sns.outbox(at.arn("sns", notificationTopicName))),
  "CloudTrail's event history": async (at) => {
    const texts: string[] = [];
    const trail = signedIn(CloudTrailClient, at.administrator, at);
    for await (const { Events = [] } of paginateLookupEvents({ client: trail }, {}))
      texts.push(...Events.map(({ CloudTrailEvent = "" }) => CloudTrailEvent));
    return texts.join("\n");
  },
  "the parameters": async (at) => {
    const ssm = signedIn(SSMClient, at.administrator, at);
    return JSON.stringify(await Promise.all(jobs.map((job) => ssm.send(new GetParameterCommand({ Name: jobDefinitionParameter(job) })))));
  },
};

/** Missed starts: none was missed, so that there is nothing to read. */
export async function missedStarts(at: Deployed): Promise<number> {
  const { Attributes = {} } = await signedIn(SQSClient, at.administrator, at).send(
    new GetQueueAttributesCommand({
      QueueUrl: `${at.endpoint}/${at.account}/${missedStartsQueueName}`,
      AttributeNames: ["ApproximateNumberOfMessages"],
    }),
  );
  return Number(Attributes["ApproximateNumberOfMessages"]);
}

/** Every file below a folder: its path and what it holds. */
export function filesBelow(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`)
    .join("\n");
}
