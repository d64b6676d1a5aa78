// Real material to attack: an envelope key of every hop, sealed by the step that may seal it, jobs to end, a key to disable.

import { BatchClient, RegisterJobDefinitionCommand, SubmitJobCommand } from "@aws-sdk/client-batch";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { EncryptCommand, GenerateDataKeyCommand, KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ListExecutionsCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { signedIn } from "../../cli/local/sign-in.ts";
import { encryptionContext } from "../../core/envelope.ts";
import { jobDefinitionName, keyAlias, recordsBucketName, roleNames } from "../../core/naming.ts";
import { recordKey } from "../../core/record-chain.ts";
import { scheduledRunName } from "../../core/run-names.ts";
import { betweenLooks } from "../support/between-looks.ts";
import { type Deployed, stolen } from "./attacked-account.ts";

/** The run and the order that every specimen is bound to. */
export const subject = {
  run: "specimen",
  job: "credential-report",
  admin: "alice",
  digest: "0".repeat(64),
  until: "2026-11-21T09:00:00.000Z",
};

/** Every job of the account. */
export const jobs = ["credential-report", "disable-access-key", "announce"] as const;
export type Job = (typeof jobs)[number];

export interface Specimens {
  readonly sealedCode: Uint8Array;
  readonly mfaSession: Uint8Array;
  readonly jobCredentials: Uint8Array;
  /** The same credentials, addressed to each job. */
  readonly launch: Readonly<Record<Job, Uint8Array>>;
  /** ARN of an execution that has ended. */
  readonly endedExecution: string;
  /** The record of that execution. */
  readonly record: { readonly key: string; readonly versionId: string };
  /** ARN of one that has ended too, with the name of a scheduled run. */
  readonly scheduledExecution: string;
  /** A job with our tags, and one that somebody else of the account runs without them. */
  readonly taggedJob: string;
  readonly foreignJob: string;
  /** Of a user whom Keyturn does not know. */
  readonly otherUsersKey: { readonly userName: string; readonly accessKeyId: string };
}

export async function makeSpecimens(at: Deployed): Promise<Specimens> {
  const as = async (principal: Parameters<typeof stolen>[0]) =>
    new KMSClient(at.emulator.gateway.clientOptions(await stolen(principal, at)));
  const [operator, validate, retrieve, authorize] = [
    await as("operator"),
    await as(roleNames.validateMfa),
    await as(roleNames.retrieveCredentials),
    await as(roleNames.authorizeSubmission),
  ];
  const code = await operator.send(
    new EncryptCommand({ KeyId: keyAlias.code, Plaintext: Buffer.from("123456"), EncryptionContext: encryptionContext.code(subject) }),
  );
  const session = await validate.send(
    new GenerateDataKeyCommand({
      KeyId: keyAlias.mfaSession,
      KeySpec: "AES_256",
      EncryptionContext: encryptionContext.mfaSession(subject),
    }),
  );
  const credentials = await retrieve.send(
    new GenerateDataKeyCommand({
      KeyId: keyAlias.jobCredentials,
      KeySpec: "AES_256",
      EncryptionContext: encryptionContext.jobCredentials(subject),
    }),
  );
  const addressed = async (job: Job): Promise<Uint8Array> => {
    const { CiphertextBlob } = await authorize.send(
      new ReEncryptCommand({
        CiphertextBlob: credentials.CiphertextBlob,
        SourceKeyId: keyAlias.jobCredentials,
        SourceEncryptionContext: encryptionContext.jobCredentials(subject),
        DestinationKeyId: keyAlias.job(job),
        DestinationEncryptionContext: encryptionContext.launch({ ...subject, job }),
      }),
    );
    return given(CiphertextBlob);
  };
  const execution = await endedExecution(at);
  return {
    sealedCode: given(code.CiphertextBlob),
    mfaSession: given(session.CiphertextBlob),
    jobCredentials: given(credentials.CiphertextBlob),
    launch: {
      "credential-report": await addressed("credential-report"),
      "disable-access-key": await addressed("disable-access-key"),
      announce: await addressed("announce"),
    },
    endedExecution: execution,
    record: await firstRecord(at),
    scheduledExecution: await endedExecution(at, scheduledRunName("credential-report", 0)),
    taggedJob: await submit(at, { "keyturn:run": "specimen" }),
    foreignJob: await submit(at, {}),
    otherUsersKey: await otherUsersKey(at),
  };
}

async function otherUsersKey(at: Deployed): Promise<Specimens["otherUsersKey"]> {
  const iam = signedIn(IAMClient, at.administrator, at);
  const UserName = "deployer";
  await iam.send(new CreateUserCommand({ UserName, Path: "/ci/" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { userName: UserName, accessKeyId: given(AccessKey?.AccessKeyId) };
}

/** A run that AdmitRun refuses ends by itself. */
async function endedExecution(at: Deployed, name?: string): Promise<string> {
  const sfn = signedIn(SFNClient, at.people.operator, at);
  const { stateMachineArn } = at;
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: '{"job": "none"}', ...(name === undefined ? {} : { name }) }),
  );
  for (;;) {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: at.stateMachineArn }));
    if (executions.some((execution) => execution.executionArn === executionArn && execution.status === "FAILED"))
      return given(executionArn);
    await betweenLooks();
  }
}

/** Once what follows the run's end has happened. */
async function firstRecord(at: Deployed): Promise<Specimens["record"]> {
  await at.emulator.settled();
  const s3 = signedIn(S3Client, at.people.auditor, at);
  const key = recordKey(1);
  const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket: recordsBucketName(at), Key: key }));
  return { key, versionId: given(VersionId) };
}

/** Its launcher refuses, for it was given no envelope. */
async function submit(at: Deployed, tags: Record<string, string>): Promise<string> {
  const batch = signedIn(BatchClient, at.administrator, at);
  const { jobId } = await batch.send(
    new SubmitJobCommand({ jobName: "specimen", jobDefinition: jobDefinitionName("announce"), jobQueue: "keyturn", tags }),
  );
  return given(jobId);
}

/** What registering a job definition of one's own would take. */
export const ownJobDefinition = (at: Deployed) =>
  new RegisterJobDefinitionCommand({
    jobDefinitionName: "mine",
    type: "container",
    platformCapabilities: ["FARGATE"],
    containerProperties: {
      image: "public.ecr.aws/docker/library/busybox:latest",
      command: ["sh"],
      executionRoleArn: at.roleArn(roleNames.jobExecution),
      jobRoleArn: at.roleArn("LauncherCredentialReport"),
      resourceRequirements: [
        { type: "VCPU", value: "0.25" },
        { type: "MEMORY", value: "512" },
      ],
    },
  });

export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("AWS left out what it always answers");
  return value;
}
