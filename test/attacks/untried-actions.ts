// What the templates allow and no probe can try, each with the reason: written by hand, and a failed test where it is too long or too short.

import { jobRoleName, roleNames } from "../../core/naming.ts";

export interface Untried {
  readonly holders: readonly string[];
  readonly actions: readonly string[];
  readonly why: string;
}

export const untried: readonly Untried[] = [
  {
    holders: [jobRoleName("announce"), jobRoleName("credential-report"), jobRoleName("disable-access-key")],
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    why: "Only through S3: the probes that write a job's data need it, and get an object encrypted with the job's key.",
  },
  {
    holders: [roleNames.reportReader],
    actions: ["kms:Decrypt"],
    why: "Only through S3; test/foreign reads a report with it.",
  },
  {
    holders: [roleNames.iamAdmin, roleNames.rotateAdminKey],
    actions: ["kms:GenerateDataKey"],
    why: "Only through Secrets Manager: writing an admin's secret needs it.",
  },
  {
    holders: [roleNames.scheduler, roleNames.startScheduledRun, roleNames.startEventRun, roleNames.requestMfa],
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    why: "Only through SQS and SNS: putting a missed start aside and notifying need it.",
  },
  {
    holders: [roleNames.announceEnd, roleNames.recordRun],
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    why: "Only through Step Functions, and SNS or S3: reading a history, notifying and adding a record need it.",
  },
  {
    holders: ["auditor"],
    actions: ["s3:GetObjectVersion"],
    why: "The call is GetObject with a version, by which the probe of the records' versions reads one.",
  },
  {
    holders: [roleNames.stateMachine],
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    why: "Only with the state machine's own encryption context, which Step Functions gives: every run needs it.",
  },
  {
    holders: ["operator", "auditor"],
    actions: ["kms:Decrypt"],
    why: "Only through Step Functions and, for auditors, S3: starting and watching runs and reading records need it.",
  },
  { holders: ["operator"], actions: ["kms:GenerateDataKey"], why: "Only through Step Functions: starting runs needs it." },
  {
    holders: [roleNames.validateMfa],
    actions: ["kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
    why: "Only through DynamoDB, which asks for them when it opens the table of attempts.",
  },
  {
    holders: [roleNames.validateMfa, roleNames.retrieveCredentials],
    actions: [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ],
    why: "Lambda's own calls, denied to the function's code; the emulator asks for them when it places a function in the VPC and has no EC2 API.",
  },
  {
    holders: [roleNames.jobExecution],
    actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"],
    why: "The emulator asks for them when a job's image is pulled and has no ECR API; no job would start without.",
  },
  {
    holders: [roleNames.stateMachine],
    actions: [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:UpdateLogDelivery",
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ],
    why: "Log deliveries and X-Ray are not modelled (docs/emulator.md).",
  },
  { holders: ["auditor"], actions: ["kms:ListGrants"], why: "Grants are not modelled (docs/emulator.md)." },
  {
    holders: ["alice with MFA"],
    actions: ["sts:AssumeRole", "sts:SetSourceIdentity"],
    why: "Only from the subnets of retrieve-credentials: claim-04-job-roles.test.ts tries it there and elsewhere.",
  },
];
