// The workflow's roles: one that each step is invoked under, one that each Lambda runs under, and the state machine's own.

import type { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { attemptsTableName, roleNames } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import { ExactRole } from "../constructs/role.ts";
import type { Statement } from "../statement.ts";
import { trustService, trustStateMachine } from "./trust.ts";

/** The Lambda of each step, by task folder: the role it is invoked under, the role it runs under. */
export const lambdaTasks = {
  "admit-run": { invokedUnder: roleNames.invokeAdmitRun, runsUnder: roleNames.admitRun },
  "request-mfa": { invokedUnder: roleNames.invokeRequestMfa, runsUnder: roleNames.requestMfa },
  "validate-mfa": { invokedUnder: roleNames.invokeValidateMfa, runsUnder: roleNames.validateMfa },
  "retrieve-credentials": { invokedUnder: roleNames.invokeRetrieveCredentials, runsUnder: roleNames.retrieveCredentials },
  "authorize-submission": { invokedUnder: roleNames.invokeAuthorizeSubmission, runsUnder: roleNames.authorizeSubmission },
} as const;

export type LambdaTask = keyof typeof lambdaTasks;
export const lambdaTaskNames = Object.keys(lambdaTasks) as LambdaTask[];

export class TaskRoles extends Construct {
  constructor(stack: Stack, jobs: readonly JobDefinition[]) {
    super(stack, "TaskRoles");
    const arns = arnsOf(stack);
    const machine = new ExactRole(this, {
      roleName: roleNames.stateMachine,
      description: "Keyturn: the state machine takes on the role of each step, and can do nothing else of consequence",
      trust: [trustService(stack, "states.amazonaws.com", arns.stateMachine)],
      permissions: stateMachineStatements(stack),
    });
    const own = ownPermissions(stack);
    for (const task of lambdaTaskNames) {
      const { invokedUnder, runsUnder } = lambdaTasks[task];
      const invoker = new ExactRole(this, {
        roleName: invokedUnder,
        description: `Keyturn: the state machine invokes ${task}`,
        trust: [trustStateMachine(stack)],
        permissions: [{ sid: "Invoke", actions: ["lambda:InvokeFunction"], resources: [arns.task(task)] }],
      });
      // A trust policy cannot name a role that does not exist yet.
      invoker.node.addDependency(machine);
      new ExactRole(this, {
        roleName: runsUnder,
        description: `Keyturn: ${task} runs under it`,
        // Lambda says the account; that it says the function is not documented (docs/decisions/0003).
        trust: [trustService(stack, "lambda.amazonaws.com")],
        permissions: [
          { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [arns.taskLogs(task)] },
          ...own[task],
        ],
      });
    }
    const runJob = new ExactRole(this, {
      roleName: roleNames.runJob,
      description: "Keyturn: the state machine submits a job of the catalogue and waits for it",
      trust: [trustStateMachine(stack)],
      permissions: runJobStatements(stack, jobs),
    });
    runJob.node.addDependency(machine);
  }
}

/** What a Lambda may do beside writing its log; what key and secret policies grant by name is not repeated here. */
function ownPermissions(stack: Stack): Record<LambdaTask, readonly Statement[]> {
  const arns = arnsOf(stack);
  return {
    "admit-run": [],
    "request-mfa": [{ sid: "Notify", actions: ["sns:Publish"], resources: [arns.topic] }],
    "validate-mfa": [
      { sid: "ReadAdminSecrets", actions: ["secretsmanager:GetSecretValue"], resources: [arns.everySecret] },
      {
        sid: `Use${attemptsTableName}`,
        actions: ["dynamodb:GetItem", "dynamodb:PutItem"],
        resources: [arns.attemptsTable],
      },
      ...networkInterfaces(arns.task("validate-mfa")),
    ],
    "retrieve-credentials": networkInterfaces(arns.task("retrieve-credentials")),
    "authorize-submission": [],
  };
}

/** Lambda itself makes the interfaces, under the function's role; the function's code may not. */
function networkInterfaces(functionArn: string): Statement[] {
  const actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ];
  return [
    {
      sid: "LambdaMakesInterfaces",
      actions,
      resources: ["*"],
      reason: "Lambda refuses a VPC function whose role names resources here; the next statement takes it from the function's own code.",
    },
    {
      sid: "CodeMakesNoInterfaces",
      effect: "Deny",
      actions,
      resources: ["*"],
      conditions: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
    },
  ];
}

function stateMachineStatements(stack: Stack): Statement[] {
  const arns = arnsOf(stack);
  const steps = [...Object.values(lambdaTasks).map(({ invokedUnder }) => invokedUnder), roleNames.runJob];
  return [
    { sid: "TakeOnTheSteps", actions: ["sts:AssumeRole"], resources: steps.map(arns.role) },
    {
      sid: "LearnThatAJobEnded",
      actions: ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
      resources: [arns.batchEventsRule],
    },
    {
      sid: "DeliverLogs",
      actions: [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:UpdateLogDelivery",
      ],
      resources: ["*"],
      reason: "AWS offers no resource level for log deliveries.",
    },
    {
      sid: "Trace",
      actions: ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"],
      resources: ["*"],
      reason: "AWS offers no resource level for X-Ray's segments and sampling.",
    },
  ];
}

function runJobStatements(stack: Stack, jobs: readonly JobDefinition[]): Statement[] {
  const arns = arnsOf(stack);
  return [
    {
      sid: "Submit",
      actions: ["batch:SubmitJob"],
      resources: [
        ...jobs.map(({ name }) => `${arns.jobDefinition(name)}:*`),
        ...new Set(jobs.map(({ spot }) => arns.jobQueue(spot === true))),
      ],
    },
    {
      sid: "TagWhatIsSubmitted",
      actions: ["batch:TagResource"],
      resources: [arns.everyJob],
      conditions: { Null: { "aws:RequestTag/keyturn:run": "false" } },
    },
    {
      sid: "Watch",
      actions: ["batch:DescribeJobs"],
      resources: ["*"],
      reason: "AWS offers no resource level for batch:DescribeJobs.",
    },
    {
      sid: "EndOurs",
      actions: ["batch:TerminateJob"],
      resources: [arns.everyJob],
      conditions: { Null: { "aws:ResourceTag/keyturn:run": "false" } },
    },
  ];
}
