// The one queue for every start that did not come about: firings and events that were not delivered, and those that their Lambda gave up.

import { Duration, RemovalPolicy, type Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { CfnEventInvokeConfig, type IFunction } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { missedStartsQueueName } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import { startRuleNames } from "../start-rules.ts";

/** A start that is an hour late is for a person to judge. */
export const startRetries = { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 10 } as const;

export class MissedStarts extends Construct {
  readonly queueArn: string;

  constructor(stack: Stack, of: { jobs: readonly JobDefinition[]; workflowKey: string }) {
    super(stack, "MissedStarts");
    const queue = new Queue(this, "Queue", {
      queueName: missedStartsQueueName,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: Key.fromKeyArn(this, "WorkflowKey", of.workflowKey),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const rules = startRuleNames(of.jobs);
    if (rules.length > 0) {
      queue.addToResourcePolicy(
        new PolicyStatement({
          sid: "EventBridgePutsAside",
          effect: Effect.ALLOW,
          principals: [new ServicePrincipal("events.amazonaws.com")],
          actions: ["sqs:SendMessage"],
          resources: [queue.queueArn],
          conditions: {
            StringEquals: { "aws:SourceAccount": stack.account },
            ArnEquals: { "aws:SourceArn": rules.map(arnsOf(stack).rule) },
          },
        }),
      );
    }
    this.queueArn = queue.queueArn;
  }

  /** What a Lambda gives up that nobody waits for: its payload, and the error. */
  takeFailuresOf(failing: IFunction): void {
    new CfnEventInvokeConfig(failing, "Failures", {
      functionName: failing.functionName,
      qualifier: "$LATEST",
      maximumEventAgeInSeconds: startRetries.maximumEventAgeInSeconds,
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: this.queueArn } },
    });
  }
}
