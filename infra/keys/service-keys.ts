// The keys that AWS services use for us: the workflow's own data, and the logs.

import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { keyAlias, roleNames, stateMachineLogGroup } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import type { KeyturnConfig } from "../config.ts";
import { ExactKey, type KeyUse, removalPolicyFor, through } from "../constructs/key.ts";
import { startRoles } from "../identity/start-roles.ts";
import { startRuleNames } from "../start-rules.ts";
import { logsServiceUse } from "./logs-service-use.ts";

const tableUse = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"] as const;

export class ServiceKeys extends Construct {
  readonly workflow: string;
  readonly records: string;
  readonly logs: string;

  constructor(stack: Stack, { config, jobs }: { config: KeyturnConfig; jobs: readonly JobDefinition[] }) {
    super(stack, "ServiceKeys");
    const arns = arnsOf(stack);
    const removal = removalPolicyFor(config.retention.onDelete);
    this.workflow = new ExactKey(this, "WorkflowKey", {
      alias: keyAlias.workflow,
      description: "Keyturn: executions, attempts, notifications and missed starts",
      arns,
      uses: [...executionUses(stack), ...tableUses(stack), ...messageUses(stack, jobs)],
      removal,
    }).arn;
    this.records = new ExactKey(this, "RecordsKey", {
      alias: keyAlias.records,
      description: "Keyturn: records of finished runs",
      arns,
      uses: recordUses(stack),
      // Kept whatever the configuration says, as the records are.
      removal: RemovalPolicy.RETAIN,
    }).arn;
    this.logs = new ExactKey(this, "LogsKey", {
      alias: keyAlias.logs,
      description: "Keyturn: logs of tasks, jobs and the state machine",
      arns,
      uses: [logsServiceUse(stack, ["/keyturn/*", stateMachineLogGroup])],
      removal,
    }).arn;
  }
}

/** Step Functions' data, by its page on encryption at rest: the machine's role writes and reads it, callers read it as themselves. */
function executionUses(stack: Stack): KeyUse[] {
  const arns = arnsOf(stack);
  const machine = { "kms:EncryptionContext:aws:states:stateMachineArn": arns.stateMachine };
  const delivery = { "kms:EncryptionContext:SourceArn": arns.everyLogOfTheRegion };
  return [
    {
      sid: "StateMachine",
      principal: { AWS: arns.role(roleNames.stateMachine) },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: { StringEquals: machine },
    },
    {
      sid: "StateMachineSealsItsLog",
      principal: { AWS: arns.role(roleNames.stateMachine) },
      actions: ["kms:GenerateDataKey"],
      conditions: { StringEquals: delivery },
    },
    {
      sid: "LogDeliveryOpensIt",
      principal: { Service: "delivery.logs.amazonaws.com" },
      actions: ["kms:Decrypt"],
      conditions: { StringEquals: { ...delivery, "aws:SourceAccount": stack.account } },
    },
    {
      sid: "CallersOfStepFunctions",
      // Left to IAM policies: operators and auditors are people's own roles, which this stack does not know.
      principal: { AWS: arns.root },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: through("states", stack, machine),
    },
  ];
}

/** DynamoDB keeps a grant of its own; whoever makes the table gives it, and whoever uses the table must be let in too. */
function tableUses(stack: Stack): KeyUse[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "ValidateMfaUsesTheTable",
      principal: { AWS: arns.role(roleNames.validateMfa) },
      actions: tableUse,
      conditions: through("dynamodb", stack),
    },
    { sid: "TableIsMade", principal: { AWS: arns.root }, actions: tableUse, conditions: through("dynamodb", stack) },
    {
      sid: "TableGetsItsGrant",
      principal: { AWS: arns.root },
      actions: ["kms:CreateGrant"],
      conditions: { ...through("dynamodb", stack), Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

function messageUses(stack: Stack, jobs: readonly JobDefinition[]): KeyUse[] {
  const arns = arnsOf(stack);
  const starters = startRoles(stack, jobs).map(({ roleName }) => arns.role(roleName));
  return [
    {
      sid: "RequestMfaNotifies",
      principal: { AWS: arns.role(roleNames.requestMfa) },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: through("sns", stack),
    },
    {
      sid: "AnnounceEndNotifies",
      principal: { AWS: arns.role(roleNames.announceEnd) },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: through("sns", stack),
    },
    {
      sid: "MissedStartsArePutAside",
      principal: { AWS: starters },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: through("sqs", stack),
    },
    {
      sid: "CallersOfTheMissedStarts",
      // Left to IAM policies, as with Step Functions: operators are people's own roles.
      principal: { AWS: arns.root },
      actions: ["kms:Decrypt"],
      conditions: through("sqs", stack, { "kms:EncryptionContext:aws:sqs:arn": arns.missedStarts }),
    },
    ...(startRuleNames(jobs).length > 0
      ? [
          {
            // EventBridge puts an undelivered event aside for itself, under no role.
            sid: "UndeliveredEventsArePutAside",
            principal: { Service: "events.amazonaws.com" },
            actions: ["kms:Decrypt", "kms:GenerateDataKey"],
            conditions: {
              StringEquals: { "aws:SourceAccount": stack.account },
              ArnEquals: { "aws:SourceArn": startRuleNames(jobs).map(arns.rule) },
            },
          },
        ]
      : []),
  ];
}

/** Records are written and read through S3, object by object: no bucket key, so that KMS logs each with its name. */
function recordUses(stack: Stack): KeyUse[] {
  const arns = arnsOf(stack);
  const ofTheRecords = { ...through("s3", stack), StringLike: { "kms:EncryptionContext:aws:s3:arn": `${arns.recordsBucket}/*` } };
  return [
    {
      sid: "RecordRunAddsAndReads",
      principal: { AWS: arns.role(roleNames.recordRun) },
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      conditions: ofTheRecords,
    },
    {
      sid: "AuditorsRead",
      // Left to IAM policies: auditors are people's own roles, which this stack does not know.
      principal: { AWS: arns.root },
      actions: ["kms:Decrypt"],
      conditions: ofTheRecords,
    },
  ];
}
