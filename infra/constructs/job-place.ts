// What one job needs to run: its image, its log, its bucket, its definition, and the parameter by which the workflow finds the definition.

import { Duration, type RemovalPolicy, Size, type Stack } from "aws-cdk-lib";
import { EcsFargateContainerDefinition, EcsJobDefinition } from "aws-cdk-lib/aws-batch";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";
import { ContainerImage, CpuArchitecture, FargatePlatformVersion, LogDriver, OperatingSystemFamily } from "aws-cdk-lib/aws-ecs";
import { Role } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from "aws-cdk-lib/aws-s3";
import { CfnParameter } from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";
import {
  jobBucketName,
  jobDefinitionName,
  jobDefinitionParameter,
  jobLogGroup,
  launcherRoleName,
  pascalCase,
  roleNames,
} from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import { otherEncryptions } from "./bucket-encryption.ts";

export interface JobPlaceProps {
  readonly job: JobDefinition;
  /** Folder of the image's build context. */
  readonly image: string;
  readonly keys: { readonly envelopes: string; readonly data: string };
  readonly logsKey: IKey;
  readonly logDays: number;
  readonly oldReportDays: number;
  /** Whether the bucket tells EventBridge of its objects. */
  readonly isWatched: boolean;
  readonly removal: RemovalPolicy;
}

export class JobPlaceResources extends Construct {
  constructor(stack: Stack, props: JobPlaceProps) {
    const { job, keys } = props;
    super(stack, pascalCase(job.name));
    const bucket = new Bucket(this, "Bucket", {
      bucketName: jobBucketName(job.name, stack),
      encryption: BucketEncryption.KMS,
      encryptionKey: Key.fromKeyArn(this, "DataKey", keys.data),
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [
        { noncurrentVersionExpiration: Duration.days(props.oldReportDays), abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
      removalPolicy: props.removal,
    });
    if (props.isWatched) {
      // Not the CDK's eventBridgeEnabled: it adds a custom resource with a Lambda and a role of its own.
      const resource = bucket.node.defaultChild as CfnBucket;
      resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    }
    for (const statement of otherEncryptions(bucket.arnForObjects("*"), keys.data)) bucket.addToResourcePolicy(statement);
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: jobLogGroup(job.name),
      encryptionKey: props.logsKey,
      retention: props.logDays,
      removalPolicy: props.removal,
    });
    const definition = new EcsJobDefinition(this, "Definition", {
      jobDefinitionName: jobDefinitionName(job.name),
      timeout: Duration.seconds(job.timeoutSeconds),
      retryAttempts: job.attempts,
      propagateTags: true,
      container: new EcsFargateContainerDefinition(this, "Container", {
        image: ContainerImage.fromAsset(props.image, { platform: Platform.LINUX_AMD64 }),
        cpu: job.vcpu,
        memory: Size.mebibytes(job.memoryMiB),
        fargateCpuArchitecture: CpuArchitecture.X86_64,
        fargateOperatingSystemFamily: OperatingSystemFamily.LINUX,
        fargatePlatformVersion: FargatePlatformVersion.VERSION1_4,
        assignPublicIp: false,
        readonlyRootFilesystem: true,
        user: "node",
        jobRole: this.#role(stack, launcherRoleName(job.name)),
        executionRole: this.#role(stack, roleNames.jobExecution),
        logging: LogDriver.awsLogs({ logGroup, streamPrefix: "job" }),
        // No more than this: region and bucket follow from the key, which KMS confirms and a submission cannot change.
        environment: { KEYTURN_JOB_KEY: keys.envelopes },
      }),
    });
    // A parameter, not an export: a new revision must not be a change that another stack's import forbids.
    new CfnParameter(this, "DefinitionParameter", {
      name: jobDefinitionParameter(job.name),
      type: "String",
      description: `Keyturn: the definition of ${job.name} that new runs use`,
      value: definition.jobDefinitionArn,
    });
  }

  /** Roles belong to the identity stack, and nothing here may add to them. */
  #role(stack: Stack, name: string) {
    return Role.fromRoleArn(this, name, arnsOf(stack).role(name), { mutable: false });
  }
}
