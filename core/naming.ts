// Every physical name in one place: the stacks create them, the tasks and the CLI find them, policies name them.

import { createHash } from "node:crypto";

/** `credential-report` → `CredentialReport`. */
export const pascalCase = (kebab: string): string =>
  kebab
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

export const iamPath = "/keyturn/";

export const roleNames = {
  stateMachine: "KeyturnStateMachineRole",
  // "Invoked under": assumed by the state machine for one Task each.
  invokeAdmitRun: "InvokeAdmitRun",
  invokeRequestMfa: "InvokeRequestMfa",
  invokeValidateMfa: "InvokeValidateMfa",
  invokeRetrieveCredentials: "InvokeRetrieveCredentials",
  invokeAuthorizeSubmission: "InvokeAuthorizeSubmission",
  runJob: "RunJobRole",
  // "Runs under": the Lambdas' execution roles.
  admitRun: "AdmitRunRole",
  requestMfa: "RequestMfaRole",
  validateMfa: "ValidateMfaRole",
  retrieveCredentials: "RetrieveCredentialsRole",
  authorizeSubmission: "AuthorizeSubmissionRole",
  rotateAdminKey: "RotateAdminKeyRole",
  // Lambdas that a run's end calls, and what wakes the second of them.
  announceEnd: "AnnounceEndRole",
  recordRun: "RecordRunRole",
  sweepRecords: "KeyturnSweepRole",
  startScheduledRun: "StartScheduledRunRole",
  startEventRun: "StartEventRunRole",
  iamAdmin: "KeyturnIamAdmin",
  reportReader: "KeyturnReportReader",
  scheduler: "KeyturnSchedulerRole",
  jobExecution: "KeyturnJobExecutionRole",
  flowLogs: "KeyturnFlowLogsRole",
} as const;

export const jobRoleName = (job: string): string => `BatchRole${pascalCase(job)}`;
export const launcherRoleName = (job: string): string => `Launcher${pascalCase(job)}`;

export const groupName = "BatchJobAdmins";
export const adminPolicyName = "BatchJobAdmins";
export const operatorPolicyName = "KeyturnOperator";
export const auditorPolicyName = "KeyturnAuditor";
export const jobBoundaryName = "KeyturnJobBoundary";

export const stateMachineName = "keyturn";
export const attemptsTableName = "MfaAttempts";
export const notificationTopicName = "keyturn-notifications";
export const scheduleGroupName = "keyturn";
export const jobQueueName = "keyturn";
/** Where jobs that declare `spot` wait. */
export const spotJobQueueName = "keyturn-spot";
export const scheduleName = (job: string): string => `keyturn-${job}`;
export const eventRuleName = (job: string, event: string): string => `keyturn-${job}-${event}`;
/** Tells start-scheduled-run that a run has ended which a firing may wait for. */
export const scheduledRunEndedRuleName = "keyturn-scheduled-run-ended";
/** Where firings and events are put that started no run. */
export const missedStartsQueueName = "keyturn-missed-starts";

/**
 * SSM parameters of a job's schedule. `disabled`: written by operators, `{ by, at, reason }`; its being there turns the schedule off. `newest`:
 * written by start-scheduled-run where a schedule queues, the newest firing.
 */
export const scheduleParameter = (job: string, what: "disabled" | "newest"): string => `/keyturn/schedules/${job}/${what}`;

/** The Secrets Manager name of an admin's access key: JSON `{ accessKeyId, secretAccessKey, mfaSerial }`. */
export const adminSecretName = (admin: string): string => `keyturn/admins/${admin}`;

/**
 * Staging labels of an admin's secret: whoever writes a version says with it what is in it, to those who may write and not read.
 * They move with AWSCURRENT, in one call (docs/decisions/0040).
 */
export const adminSecretLabel = { key: (accessKeyId: string): string => `key-${accessKeyId}`, removed: "removed" } as const;

/** Lambda function names equal their task folder under this prefix. */
export const functionName = (task: string): string => `keyturn-${task}`;
export const functionLogGroup = (task: string): string => `/keyturn/tasks/${task}`;
export const jobLogGroup = (job: string): string => `/keyturn/jobs/${job}`;
export const stateMachineLogGroup = "/aws/vendedlogs/states/keyturn";
export const flowLogGroup = "/keyturn/network";

export const jobDefinitionName = (job: string): string => `keyturn-${job}`;
export const jobBucketName = (job: string, at: { account: string; region: string }): string => `keyturn-${job}-${at.account}-${at.region}`;

/** Ends in a word, so that no job's bucket can have its name. */
export const recordsBucketName = (at: { account: string; region: string }): string => `keyturn-${at.account}-${at.region}-records`;
/** Rules that hear of a run's end, and the group of the schedule that looks for ends which nobody heard of. */
export const runEndRuleName = (task: string): string => `keyturn-${task}`;
export const recordScheduleGroupName = "keyturn-record";

/** SSM parameter holding a job's current definition ARN, revision included: written by `jobs`, read by `workflow` when it deploys. */
export const jobDefinitionParameter = (job: string): string => `/keyturn/jobs/${job}/definition`;

/** KMS aliases; policies name key ARNs, programs name these. */
export const keyAlias = {
  code: "alias/keyturn/code",
  adminSecrets: "alias/keyturn/admin-secrets",
  mfaSession: "alias/keyturn/mfa-session",
  jobCredentials: "alias/keyturn/job-credentials",
  workflow: "alias/keyturn/workflow",
  records: "alias/keyturn/records",
  logs: "alias/keyturn/logs",
  networkLogs: "alias/keyturn/network-logs",
  job: (job: string): string => `alias/keyturn/jobs/${job}`,
  jobData: (job: string): string => `alias/keyturn/jobs/${job}/data`,
} as const;

/** Limits of the account that Keyturn lives within: Service Quotas' service and quota, as in their ARN. */
export const accountQuotas = {
  fargateVcpus: "fargate/L-3032A538",
  fargateSpotVcpus: "fargate/L-36FBB829",
  lambdaConcurrency: "lambda/L-B99A9384",
} as const;

/** State names as they stand in the workflow, the history and the docs. */
export const stateNames = {
  admitRun: "AdmitRun",
  resumeAt: "ResumeAt",
  hasMfaCode: "HasMfaCode",
  requestMfa: "RequestMfa",
  validateMfa: "ValidateMfa",
  retrieveCredentials: "RetrieveCredentials",
  authorizeSubmission: "AuthorizeSubmission",
  runJob: "RunJob",
} as const;

/** Environment of a submitted job: the launcher's input. Ciphertext and public facts only. */
export const launchVariables = {
  /** JSON of the order's subject (`OrderSubject` without `command`, which the launcher takes from what it was really given). */
  order: "KEYTURN_ORDER",
  /** The job's credentials, sealed for this launch. */
  envelope: "KEYTURN_ENVELOPE",
} as const;

/**
 * RoleSessionName of a run's AssumeRole: the run id, or, past STS's 64 characters, its first 47 and 16 hex digits of its SHA-256
 * (64 bits), so that two long run ids with one beginning stay two sessions in CloudTrail.
 */
export const roleSessionName = (run: string): string =>
  run.length <= 64 ? run : `${run.slice(0, 47)}-${createHash("sha256").update(run, "utf8").digest("hex").slice(0, 16)}`;

/** Batch's job name; at most 40 + 1 + 80 of its 128 characters. */
export const batchJobName = (of: { job: string; run: string }): string => `${of.job}-${of.run}`;

/** Exit status of a launcher or a job's program that refuses (sysexits' EX_CONFIG): Batch does not try that again. */
export const refusedExitCode = 78;
