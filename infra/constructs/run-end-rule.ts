// A rule that tells a task of every end of a run: of the execution and its status, of no input and no output.

import { Duration, type Stack } from "aws-cdk-lib";
import { EventField, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { runEndRuleName } from "../../core/naming.ts";
import type { EndStatus } from "../../core/run-attempts.ts";
import { arnsOf } from "../arns.ts";

const ends: readonly EndStatus[] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

export interface RunEndRuleProps {
  readonly task: string;
  readonly function: IFunction;
  readonly description: string;
  /** Of the event's detail, what the task's input holds. */
  readonly input: Readonly<Record<string, "executionArn" | "status">>;
}

export class RunEndRule extends Construct {
  constructor(stack: Stack, { task, function: target, description, input }: RunEndRuleProps) {
    super(stack, "RunEnds");
    new Rule(this, "Rule", {
      ruleName: runEndRuleName(task),
      description: `Keyturn: ${description}`,
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: { stateMachineArn: [arnsOf(stack).stateMachine], status: [...ends] },
      },
      targets: [
        new LambdaFunction(target, {
          event: RuleTargetInput.fromObject(
            Object.fromEntries(Object.entries(input).map(([name, member]) => [name, EventField.fromPath(`$.detail.${member}`)])),
          ),
          maxEventAge: Duration.hours(1),
          retryAttempts: 10,
        }),
      ],
    });
  }
}
