// The record of what ran: who may add to it, who may read it, and that nobody may take anything away.

import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { functionName, recordsBucketName, roleNames } from "../../core/naming.ts";
import { eachOf, type Probe, unique } from "./probe.ts";

const dayMs = 86_400_000;

export const recordProbes: readonly Probe[] = [
  {
    what: "add a record",
    may: [roleNames.recordRun],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(new PutObjectCommand({ Bucket: recordsBucketName(at), Key: unique(), Body: "{}", IfNoneMatch: "*" })),
  },
  {
    what: "write over a record",
    may: [],
    attempt: (clientOf, at, { record: { key: Key } }) =>
      clientOf(S3Client).send(new PutObjectCommand({ Bucket: recordsBucketName(at), Key, Body: "{}" })),
  },
  {
    what: "copy a record over another",
    may: [],
    attempt: (clientOf, at, { record: { key: Key } }) => {
      const Bucket = recordsBucketName(at);
      return clientOf(S3Client).send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${Key}` }));
    },
  },
  {
    what: "add a record under another key",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(S3Client).send(
        new PutObjectCommand({
          Bucket: recordsBucketName(at),
          Key: unique(),
          Body: "{}",
          IfNoneMatch: "*",
          ServerSideEncryption: "AES256",
        }),
      ),
  },
  {
    what: "hide a record",
    may: [],
    attempt: (clientOf, at, { record: { key: Key } }) =>
      clientOf(S3Client).send(new DeleteObjectCommand({ Bucket: recordsBucketName(at), Key })),
  },
  {
    what: "delete a record",
    may: [],
    attempt: async (clientOf, at, { record: { key: Key, versionId: VersionId } }) => {
      const s3 = clientOf(S3Client);
      const which = { Bucket: recordsBucketName(at), Key, VersionId };
      await eachOf(
        s3.send(new DeleteObjectCommand(which)),
        s3.send(new DeleteObjectCommand({ ...which, BypassGovernanceRetention: true })),
      );
    },
  },
  {
    what: "weaken a record's lock",
    may: [],
    attempt: async (clientOf, at, { record: { key: Key, versionId: VersionId } }) => {
      const s3 = clientOf(S3Client);
      const which = { Bucket: recordsBucketName(at), Key, VersionId };
      const Retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(at.emulator.clock.now() + dayMs) } as const;
      await eachOf(
        s3.send(new PutObjectRetentionCommand({ ...which, Retention })),
        s3.send(new PutObjectRetentionCommand({ ...which, Retention, BypassGovernanceRetention: true })),
        s3.send(new PutObjectLegalHoldCommand({ ...which, LegalHold: { Status: "OFF" } })),
      );
    },
  },
  {
    what: "change how the bucket keeps records",
    may: [],
    attempt: async (clientOf, at) => {
      const s3 = clientOf(S3Client);
      const Bucket = recordsBucketName(at);
      await eachOf(
        s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } })),
        s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } })),
        s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }) })),
      );
    },
  },
  {
    what: "read a record, and list records",
    may: [roleNames.recordRun, "auditor"],
    attempt: async (clientOf, at, { record: { key: Key } }) => {
      const s3 = clientOf(S3Client);
      const Bucket = recordsBucketName(at);
      await eachOf(s3.send(new ListObjectsV2Command({ Bucket })), s3.send(new GetObjectCommand({ Bucket, Key })));
    },
  },
  {
    what: "read every version of the records, and their locks",
    may: ["auditor"],
    attempt: async (clientOf, at, { record: { key: Key, versionId: VersionId } }) => {
      const s3 = clientOf(S3Client);
      const Bucket = recordsBucketName(at);
      await eachOf(
        s3.send(new ListObjectVersionsCommand({ Bucket })),
        s3.send(new GetObjectCommand({ Bucket, Key, VersionId })),
        s3.send(new GetObjectRetentionCommand({ Bucket, Key })),
        s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
      );
    },
  },
  {
    what: "look up who called what",
    may: [roleNames.recordRun],
    attempt: (clientOf) => clientOf(CloudTrailClient).send(new LookupEventsCommand({})),
  },
  ...(
    [
      ["record-run", [roleNames.sweepRecords]],
      ["announce-end", []],
    ] as const
  ).map(
    ([task, may]): Probe => ({
      what: `invoke ${task}`,
      may,
      attempt: (clientOf) => clientOf(LambdaClient).send(new InvokeCommand({ FunctionName: functionName(task), InvocationType: "DryRun" })),
    }),
  ),
];
