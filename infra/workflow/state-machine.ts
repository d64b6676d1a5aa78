// The state machine as a resource: its encryption, its log of errors, its traces. What it does stands in workflows/.

import type { RemovalPolicy, Stack } from "aws-cdk-lib";
import { Role } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { CfnResourcePolicy, LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import {
  CustomerManagedEncryptionConfiguration,
  DefinitionBody,
  type IChainable,
  LogLevel,
  QueryLanguage,
  StateMachine,
  StateMachineType,
} from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { roleNames, stateMachineLogGroup, stateMachineName } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { policyDocument } from "../statement.ts";

export interface KeyturnStateMachineProps {
  readonly start: IChainable;
  readonly workflowKey: string;
  readonly logsKey: IKey;
  readonly logDays: RetentionDays;
  readonly removal: RemovalPolicy;
}

export class KeyturnStateMachine extends Construct {
  constructor(stack: Stack, props: KeyturnStateMachineProps) {
    super(stack, "StateMachine");
    const arns = arnsOf(stack);
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: stateMachineLogGroup,
      encryptionKey: props.logsKey,
      retention: props.logDays,
      removalPolicy: props.removal,
    });
    // Written here, so that the machine's role needs no permission to write resource policies.
    const delivery = new CfnResourcePolicy(this, "LogDelivery", {
      policyName: "keyturn-state-machine-log",
      policyDocument: stack.toJsonString(
        policyDocument([
          {
            sid: "StepFunctionsDelivers",
            principal: { Service: "delivery.logs.amazonaws.com" },
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [arns.logStreams(stateMachineLogGroup)],
            conditions: {
              StringEquals: { "aws:SourceAccount": stack.account },
              ArnLike: { "aws:SourceArn": arns.everyLogOfTheRegion },
            },
          },
        ]),
      ),
    });
    const machine = new StateMachine(this, "Resource", {
      stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      queryLanguage: QueryLanguage.JSONATA,
      comment: "Keyturn: a privileged job, after a person has turned the key",
      definitionBody: DefinitionBody.fromChainable(props.start),
      // Not mutable: the CDK would grant this role what only the steps' roles may do.
      role: Role.fromRoleArn(this, "Role", arns.role(roleNames.stateMachine), { mutable: false }),
      encryptionConfiguration: new CustomerManagedEncryptionConfiguration(Key.fromKeyArn(this, "WorkflowKey", props.workflowKey)),
      // Without execution data: a code or an envelope has no place in a log.
      logs: { destination: logGroup, level: LogLevel.ERROR, includeExecutionData: false },
      tracingEnabled: true,
    });
    machine.node.addDependency(delivery);
  }
}
