// A task's Lambda: its bundle, its log, its role, its subnets, and nothing that another task has.

import type { RemovalPolicy } from "aws-cdk-lib";
import { Duration, type Stack } from "aws-cdk-lib";
import { Role } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Architecture, Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { functionLogGroup, functionName, pascalCase } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import type { NetworkStack, TenantNetwork } from "../stacks/network.ts";

export interface TaskFunctionProps {
  /** The task's folder. */
  readonly task: string;
  /** Name of the role that it runs under. */
  readonly runsUnder: string;
  /** Folder with `index.mjs`. */
  readonly code: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logsKey: IKey;
  readonly logDays: RetentionDays;
  readonly removal: RemovalPolicy;
  /** @defaultValue 30: a step that takes longer has lost its service, not its patience */
  readonly timeoutSeconds?: number;
  readonly network?: { readonly vpc: NetworkStack["vpc"]; readonly tenant: TenantNetwork };
}

export class TaskFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(stack: Stack, props: TaskFunctionProps) {
    super(stack, `${pascalCase(props.task)}Task`);
    this.function = new LambdaFunction(this, "Function", {
      functionName: functionName(props.task),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(props.code),
      role: Role.fromRoleArn(this, "RunsUnder", arnsOf(stack).role(props.runsUnder), { mutable: false }),
      environment: { ...props.environment },
      memorySize: 512,
      timeout: Duration.seconds(props.timeoutSeconds ?? 30),
      logGroup: new LogGroup(this, "Log", {
        logGroupName: functionLogGroup(props.task),
        encryptionKey: props.logsKey,
        retention: props.logDays,
        removalPolicy: props.removal,
      }),
      ...(props.network
        ? {
            vpc: props.network.vpc,
            vpcSubnets: { subnets: [...props.network.tenant.subnets] },
            securityGroups: [props.network.tenant.securityGroup],
          }
        : {}),
    });
  }
}
