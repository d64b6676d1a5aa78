// What a rule delivers to: functions and state machines, each parsed from what a call or a template says, the rest refused by name.

import type { Target } from "@aws-sdk/client-eventbridge";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { type RetryPolicy, retryDefaults } from "../../deliveries.ts";
import { parseTargetInput, type TargetInput } from "./target-input.ts";

export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  readonly kind: "function" | "state-machine" | "managed";
  /** State machines only. */
  readonly roleArn?: string;
  readonly input: TargetInput;
  readonly retry: RetryPolicy;
  readonly deadLetterQueueArn?: string;
  /** As it was put. */
  readonly shown: Target;
}

/** The rule by which Step Functions learns of jobs' ends for `.sync`; here Batch tells it directly, so its targets need no delivery. */
export const managedRuleName = "StepFunctionsGetEventsForBatchJobsRule";

const functionArn = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::(?:\$LATEST|[\w-]+))?$/;
const stateMachineArn = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+$/;
const queueArn = /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+$/;

const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

/** Throws ValidationException, and NotImplemented for a target whose events would silently never come. */
export function parseTarget(ruleName: string, target: Partial<Target>): RuleTarget {
  const { Id: id = "", Arn: arn = "", RoleArn, Input, InputPath, InputTransformer, RetryPolicy, DeadLetterConfig, ...others } = target;
  const [other] = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (other !== undefined) throw notImplemented(`${other} of the target ${id} of the EventBridge rule ${ruleName}`);
  if (id === "") throw invalid("A target needs an Id.");
  const kind = kindOf(ruleName, arn);
  if (kind === "state-machine" && RoleArn === undefined) throw invalid(`RoleArn is required for target ${arn}.`);
  if (kind === "function" && RoleArn !== undefined) throw notImplemented(`RoleArn of the function ${arn} as an EventBridge target`);
  if (DeadLetterConfig?.Arn !== undefined && !queueArn.test(DeadLetterConfig.Arn)) {
    throw invalid(`Parameter DeadLetterConfig is not valid. Reason: ${DeadLetterConfig.Arn} is not the ARN of a standard SQS queue.`);
  }
  return {
    id,
    arn,
    kind,
    ...(RoleArn === undefined ? {} : { roleArn: RoleArn }),
    input: parseTargetInput({ Input, InputPath, InputTransformer }, id),
    retry: retryOf(RetryPolicy),
    ...(DeadLetterConfig?.Arn === undefined ? {} : { deadLetterQueueArn: DeadLetterConfig.Arn }),
    shown: { ...target, Id: id, Arn: arn },
  };
}

function kindOf(ruleName: string, arn: string): RuleTarget["kind"] {
  if (ruleName === managedRuleName) return "managed";
  if (functionArn.test(arn)) return "function";
  if (stateMachineArn.test(arn)) return "state-machine";
  throw notImplemented(`The target ${arn} of the EventBridge rule ${ruleName}`);
}

function retryOf({ MaximumRetryAttempts, MaximumEventAgeInSeconds }: NonNullable<Target["RetryPolicy"]> = {}): RetryPolicy {
  const within = (value: number | undefined, of: { name: string; from: number; to: number; otherwise: number }): number => {
    if (value !== undefined && (value < of.from || value > of.to)) {
      throw invalid(`Parameter ${of.name} is not valid. Reason: it must be between ${of.from} and ${of.to}.`);
    }
    return value ?? of.otherwise;
  };
  return {
    maximumRetryAttempts: within(MaximumRetryAttempts, {
      name: "MaximumRetryAttempts",
      from: 0,
      to: 185,
      otherwise: retryDefaults.maximumRetryAttempts,
    }),
    maximumEventAgeSeconds: within(MaximumEventAgeInSeconds, {
      name: "MaximumEventAgeInSeconds",
      from: 60,
      to: 86_400,
      otherwise: retryDefaults.maximumEventAgeSeconds,
    }),
  };
}
