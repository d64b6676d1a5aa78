// An EventBridge rule on the default bus that invokes one Lambda, which lets that rule in and no other.

import { Stack } from "aws-cdk-lib";
import { CfnRule } from "aws-cdk-lib/aws-events";
import { CfnPermission, type IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { type MissedStarts, startRetries } from "./missed-starts.ts";

export interface StartRuleProps {
  readonly name: string;
  readonly description: string;
  readonly pattern: object;
  readonly target: IFunction;
  readonly input: CfnRule.InputTransformerProperty;
  readonly missed: MissedStarts;
}

export class StartRule extends Construct {
  constructor(scope: Construct, id: string, { name, description, pattern, target, input, missed }: StartRuleProps) {
    super(scope, id);
    const rule = new CfnRule(this, "Resource", {
      name,
      description,
      eventPattern: pattern,
      state: "ENABLED",
      targets: [
        {
          id: "start",
          arn: target.functionArn,
          inputTransformer: input,
          retryPolicy: startRetries,
          deadLetterConfig: { arn: missed.queueArn },
        },
      ],
    });
    new CfnPermission(this, "Invokes", {
      action: "lambda:InvokeFunction",
      functionName: target.functionArn,
      principal: "events.amazonaws.com",
      sourceAccount: Stack.of(this).account,
      sourceArn: rule.attrArn,
    });
  }
}
