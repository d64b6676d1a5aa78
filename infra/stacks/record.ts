// The record of what ran: the bucket, the task that adds to it, and what wakes that task. Owner: whoever audits; those who deploy the workflow cannot change it.

import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectLockRetention } from "aws-cdk-lib/aws-s3";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { functionName, recordScheduleGroupName, recordsBucketName, roleNames } from "../../core/naming.ts";
import packageManifest from "../../package.json" with { type: "json" };
import { arnsOf } from "../arns.ts";
import type { Bundles } from "../bundles.ts";
import type { KeyturnConfig } from "../config.ts";
import { otherEncryptions } from "../constructs/bucket-encryption.ts";
import { removalPolicyFor } from "../constructs/key.ts";
import { RunEndRule } from "../constructs/run-end-rule.ts";
import { TaskFunction } from "../constructs/task-function.ts";
import type { KeysStack } from "./keys.ts";

export interface RecordStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly keys: KeysStack;
  readonly bundles: Bundles;
}

/** EventBridge tells of ends as best it can; what it did not tell of is found this late at most. */
const sweepMinutes = 15;

export class RecordStack extends Stack {
  constructor(scope: Construct, id: string, props: RecordStackProps) {
    super(scope, id, props);
    const { config, keys, bundles } = props;
    const bucket = this.#bucket(config, keys.services.records);
    const made = new TaskFunction(this, {
      task: "record-run",
      runsUnder: roleNames.recordRun,
      code: bundles.task("record-run"),
      environment: {
        KEYTURN_RECORDS_BUCKET: bucket.bucketName,
        KEYTURN_STATE_MACHINE: arnsOf(this).stateMachine,
        KEYTURN_RECORD_LOCK: JSON.stringify({ mode: config.records.lock.toUpperCase(), days: config.records.days }),
        KEYTURN_VERSION: packageManifest.version,
      },
      logsKey: Key.fromKeyArn(this, "LogsKey", keys.services.logs),
      logDays: config.retention.logDays,
      removal: removalPolicyFor(config.retention.onDelete),
      // A sweep after days in which nothing was recorded; it stops by itself before that.
      timeoutSeconds: 300,
    });
    new RunEndRule(this, {
      task: "record-run",
      function: made.function,
      description: "a run has ended and leaves a record",
      input: { execution: "executionArn" },
    });
    this.#sweep(made);
  }

  #bucket(config: KeyturnConfig, key: string): Bucket {
    const period = Duration.days(config.records.days);
    const bucket = new Bucket(this, "Records", {
      bucketName: recordsBucketName(this),
      encryption: BucketEncryption.KMS,
      encryptionKey: Key.fromKeyArn(this, "RecordsKey", key),
      bucketKeyEnabled: false,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention:
        config.records.lock === "compliance" ? ObjectLockRetention.compliance(period) : ObjectLockRetention.governance(period),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const statement of [...recordsPolicy(this), ...otherEncryptions(bucket.arnForObjects("*"), key)])
      bucket.addToResourcePolicy(statement);
    return bucket;
  }

  #sweep({ function: target }: TaskFunction): void {
    const group = new CfnScheduleGroup(this, "Group", { name: recordScheduleGroupName });
    const schedule = new CfnSchedule(this, "Sweep", {
      name: `${functionName("record-run")}-sweep`,
      groupName: recordScheduleGroupName,
      description: "Keyturn: looks for runs that have ended and have no record",
      scheduleExpression: `rate(${sweepMinutes} minutes)`,
      flexibleTimeWindow: { mode: "OFF" },
      state: "ENABLED",
      target: {
        arn: target.functionArn,
        roleArn: arnsOf(this).role(roleNames.sweepRecords),
        input: JSON.stringify({ sweep: true }),
        // The next one comes soon, and finds the same.
        retryPolicy: { maximumEventAgeInSeconds: 600, maximumRetryAttempts: 2 },
      },
    });
    schedule.addResourceDependency(group);
  }
}

/** Denied whatever an identity policy allows, to everybody in the account. */
function recordsPolicy(stack: Stack): PolicyStatement[] {
  const arns = arnsOf(stack);
  const deny = (sid: string, actions: readonly string[], conditions: Readonly<Record<string, object>> = {}) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: [...actions],
      resources: [`${arns.recordsBucket}/*`],
      conditions,
    });
  return [
    deny("OnlyRecordRunAdds", ["s3:PutObject"], { ArnNotEquals: { "aws:PrincipalArn": arns.role(roleNames.recordRun) } }),
    deny("OnlyWhatIsNotThere", ["s3:PutObject"], { Null: { "s3:if-none-match": "true" } }),
    deny("NothingComesByReplication", ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]),
    deny("NothingIsTakenAway", ["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    deny("NoLockIsChanged", ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]),
  ];
}
