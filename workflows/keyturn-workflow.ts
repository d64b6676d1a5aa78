// The state machine: admit, ask for a code until there is one, open the relay step by step, run the job.

import { Duration, Stack } from "aws-cdk-lib";
import type { IRole } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import {
  Choice,
  Condition,
  CustomState,
  type IChainable,
  IntegrationPattern,
  JitterType,
  TaskInput,
  TaskRole,
  Timeout,
} from "aws-cdk-lib/aws-stepfunctions";
import { LambdaInvoke } from "aws-cdk-lib/aws-stepfunctions-tasks";
import type { Construct } from "constructs";
import type { FailureName } from "../core/errors.ts";
import { stateNames } from "../core/naming.ts";
import {
  failureText,
  jobResult,
  lambdaAnswered,
  mfaCodeIn,
  requestMfaPayload,
  resumedOutput,
  resumesAt,
  submissionThatCredentialsOutlive,
  whyWithoutCode,
} from "./expressions.ts";

/** One Lambda step: what is invoked, and the role that the state machine takes on for it. */
export interface LambdaStep {
  readonly function: IFunction;
  readonly invokedUnder: IRole;
}

export interface KeyturnWorkflowProps {
  readonly admitRun: LambdaStep;
  readonly requestMfa: LambdaStep;
  readonly validateMfa: LambdaStep;
  readonly retrieveCredentials: LambdaStep;
  readonly authorizeSubmission: LambdaStep;
  /** ARN of the role that the job is submitted under. */
  readonly runJobRoleArn: string;
  /** How long RequestMfa waits for an answer. */
  readonly approvalSeconds: number;
}

/** Longer than any of the Lambdas may take. */
const stepSeconds = 90;

/** Names that the Catch of a state matches; typed, so that a task can raise each of them. */
const failures = (...names: readonly FailureName[]): string[] => [...names];

/** `start` begins the machine; every state is made under `scope`. */
export function keyturnWorkflow(scope: Construct, props: KeyturnWorkflowProps): { readonly start: IChainable } {
  const admitRun = LambdaInvoke.jsonata(scope, stateNames.admitRun, {
    ...invocation(props.admitRun),
    payload: TaskInput.fromObject({
      run: "{% $states.context.Execution.Name %}",
      startedAt: "{% $states.context.Execution.StartTime %}",
      input: "{% $states.input %}",
    }),
    assign: {
      order: lambdaAnswered,
      mfaCode: mfaCodeIn("$states.context.Execution.Input"),
      because: whyWithoutCode,
      message: null,
      // Of the execution that this one replays: envelopes that open for this run and order alone. Never a submission.
      session: resumedOutput("ValidateMfa.session"),
      credentials: resumedOutput("RetrieveCredentials.credentials"),
      expiresAt: resumedOutput("RetrieveCredentials.expiresAt"),
    },
    outputs: lambdaAnswered,
  });

  const requestMfa = LambdaInvoke.jsonata(scope, stateNames.requestMfa, {
    ...invocation(props.requestMfa),
    integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    payload: TaskInput.fromText(requestMfaPayload(props.approvalSeconds)),
    taskTimeout: Timeout.duration(Duration.seconds(props.approvalSeconds)),
    // Nothing but the code is taken from an answer; one without a code is asked for again, and this says why.
    assign: {
      mfaCode: mfaCodeIn("$states.result"),
      because: "no-code",
      message: 'The last answer held no mfaCode: answer with {"mfaCode": "123456"}.',
    },
    outputs: {},
  });

  const validateMfa = LambdaInvoke.jsonata(scope, stateNames.validateMfa, {
    ...invocation(props.validateMfa),
    payload: TaskInput.fromObject({ order: "{% $order %}", mfaCode: "{% $mfaCode %}" }),
    assign: { session: "{% $states.result.Payload.session %}", mfaCode: null },
    outputs: lambdaAnswered,
  });

  const retrieveCredentials = LambdaInvoke.jsonata(scope, stateNames.retrieveCredentials, {
    ...invocation(props.retrieveCredentials),
    payload: TaskInput.fromObject({ order: "{% $order %}", session: "{% $session %}" }),
    assign: { credentials: "{% $states.result.Payload.credentials %}", expiresAt: "{% $states.result.Payload.expiresAt %}" },
    outputs: lambdaAnswered,
  });

  const authorizeSubmission = LambdaInvoke.jsonata(scope, stateNames.authorizeSubmission, {
    ...invocation(props.authorizeSubmission),
    payload: TaskInput.fromObject({ order: "{% $order %}", credentials: "{% $credentials %}", expiresAt: "{% $expiresAt %}" }),
    assign: { submission: "{% $states.result.Payload.submission %}" },
    outputs: lambdaAnswered,
  });

  // Not the CDK's BatchSubmitJob, which cannot send a whole request and drops the state's own timeout.
  const runJob = new CustomState(scope, stateNames.runJob, {
    stateJson: {
      Type: "Task",
      Resource: `arn:${Stack.of(scope).partition}:states:::batch:submitJob.sync`,
      Credentials: { RoleArn: props.runJobRoleArn },
      // Queue, attempts and their starts; what still ran then would run without credentials.
      TimeoutSeconds: "{% $order.credentialSeconds %}",
      Arguments: submissionThatCredentialsOutlive,
      Output: jobResult,
    },
  });

  const hasMfaCode = Choice.jsonata(scope, stateNames.hasMfaCode)
    .when(Condition.jsonata("{% $mfaCode != null %}"), validateMfa)
    .otherwise(requestMfa);

  const resumeAt = Choice.jsonata(scope, stateNames.resumeAt)
    .when(Condition.jsonata(resumesAt(stateNames.retrieveCredentials)), retrieveCredentials)
    .when(Condition.jsonata(resumesAt(stateNames.authorizeSubmission)), authorizeSubmission)
    .otherwise(hasMfaCode);

  const askAgain = (because: "refused" | "session-expired", message: string) => ({ because, message });
  validateMfa.addCatch(requestMfa, {
    errors: failures("MfaRejected", "MfaLocked"),
    assign: askAgain("refused", failureText),
  });
  retrieveCredentials.addCatch(requestMfa, {
    errors: failures("MfaSessionExpired"),
    assign: askAgain("session-expired", failureText),
  });
  runJob.addCatch(requestMfa, {
    errors: ["States.QueryEvaluationError"],
    assign: askAgain("session-expired", "The credentials that were issued would end before the job could."),
  });

  // A step that is invoked again gives the same; a code is spent, and a notification is sent, by each invocation.
  for (const state of [admitRun, retrieveCredentials, authorizeSubmission]) state.addRetry({ errors: lambdaHadTrouble, ...patiently });
  requestMfa.addRetry({ errors: ["Lambda.TooManyRequestsException"], ...patiently });

  admitRun.next(resumeAt);
  requestMfa.next(hasMfaCode);
  validateMfa.next(retrieveCredentials);
  retrieveCredentials.next(authorizeSubmission);
  authorizeSubmission.next(runJob);
  return { start: admitRun };
}

const lambdaHadTrouble = [
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
];

const patiently = {
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxAttempts: 4,
  maxDelay: Duration.seconds(20),
  jitterStrategy: JitterType.FULL,
};

const invocation = ({ function: lambdaFunction, invokedUnder }: LambdaStep) => ({
  lambdaFunction,
  credentials: { role: TaskRole.fromRole(invokedUnder) },
  retryOnServiceExceptions: false,
  taskTimeout: Timeout.duration(Duration.seconds(stepSeconds)),
});
