// What runs: the jobs' containers and queues, the Lambdas, the schedules.

import { describe, expect, it } from "vitest";
import { announce } from "./sample-jobs.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();

describe("a job's container", () => {
  const definitions = Object.fromEntries(
    synthesised.ofType("AWS::Batch::JobDefinition").map(({ Properties }) => [Properties.JobDefinitionName, Properties]),
  );

  it("runs on Fargate without a public address, without root and without a writable disk, under its launcher's role", () => {
    expect(definitions["keyturn-key-report"]).toMatchObject({
      PlatformCapabilities: ["FARGATE"],
      RetryStrategy: { Attempts: 2 },
      Timeout: { AttemptDurationSeconds: 1800 },
      ContainerProperties: {
        JobRoleArn: `arn:aws:iam::${account}:role/LauncherKeyReport`,
        ExecutionRoleArn: `arn:aws:iam::${account}:role/KeyturnJobExecutionRole`,
        NetworkConfiguration: { AssignPublicIp: "DISABLED" },
        ReadonlyRootFilesystem: true,
        User: "node",
        ResourceRequirements: [
          { Type: "MEMORY", Value: "512" },
          { Type: "VCPU", Value: "0.25" },
        ],
      },
    });
  });

  it("leaves the command to the submission", () => {
    const withCommand = synthesised
      .ofType("AWS::Batch::JobDefinition")
      .filter(({ Properties }) => "Command" in Properties.ContainerProperties);
    expect(withCommand).toEqual([]);
  });

  it("is found by the workflow through a parameter that holds the revision", () => {
    const parameters = synthesised.ofType("AWS::SSM::Parameter").map(({ Properties }) => Properties.Name);
    expect(parameters).toEqual(["/keyturn/jobs/key-report/definition", "/keyturn/jobs/announce/definition"]);
    const workflow = synthesised.assembly.getStackByName("keyturn-workflow").template.Parameters as Record<
      string,
      { Type: string; Default: string }
    >;
    const read = Object.values(workflow).filter(({ Default }) => Default.startsWith("/keyturn/"));
    expect(read).toEqual(parameters.map((name) => ({ Type: "AWS::SSM::Parameter::Value<String>", Default: name })));
  });
});

describe("the queues", () => {
  it("end a job that is stuck when its time in the queue is over", () => {
    for (const { Properties } of synthesised.ofType("AWS::Batch::JobQueue")) {
      expect(Properties.JobStateTimeLimitActions).toHaveLength(3);
      for (const action of Properties.JobStateTimeLimitActions)
        expect(action).toMatchObject({ MaxTimeSeconds: 1800, Action: "CANCEL", State: "RUNNABLE" });
    }
  });

  it("keep Spot apart, and have it only where a job declares it", () => {
    expect(synthesised.ofType("AWS::Batch::JobQueue").map(({ Properties }) => Properties.JobQueueName)).toEqual([
      "keyturn",
      "keyturn-spot",
    ]);
    expect(synthesised.ofType("AWS::Batch::ComputeEnvironment").map(({ Properties }) => Properties.ComputeResources.Type)).toEqual([
      "FARGATE",
      "FARGATE_SPOT",
    ]);
    const withoutSpot = synthesise({ jobs: [announce] });
    expect(withoutSpot.ofType("AWS::Batch::JobQueue").map(({ Properties }) => Properties.JobQueueName)).toEqual(["keyturn"]);
  });
});

describe("the Lambdas", () => {
  const functions = synthesised.ofType("AWS::Lambda::Function").map(({ Properties }) => Properties);

  it("each run under their own role, on Node 24, with their own log group", () => {
    expect(functions.map(({ FunctionName, Role, Runtime, Architectures }) => [FunctionName, Role, Runtime, Architectures])).toEqual(
      [
        ["keyturn-rotate-admin-key", "RotateAdminKeyRole"],
        ["keyturn-admit-run", "AdmitRunRole"],
        ["keyturn-request-mfa", "RequestMfaRole"],
        ["keyturn-validate-mfa", "ValidateMfaRole"],
        ["keyturn-retrieve-credentials", "RetrieveCredentialsRole"],
        ["keyturn-authorize-submission", "AuthorizeSubmissionRole"],
        ["keyturn-announce-end", "AnnounceEndRole"],
        ["keyturn-record-run", "RecordRunRole"],
      ].map(([name, role]) => [name, `arn:aws:iam::${account}:role/${role}`, "nodejs24.x", ["arm64"]]),
    );
    expect(new Set(functions.map(({ LoggingConfig }) => LoggingConfig.LogGroup)).size).toBe(functions.length);
  });

  it("are in the network where they need to be told apart, each in subnets of its own", () => {
    const placed = functions
      .filter(({ VpcConfig }) => VpcConfig)
      .map(({ FunctionName, VpcConfig }) => [FunctionName, VpcConfig.SubnetIds.length]);
    expect(placed).toEqual([
      ["keyturn-validate-mfa", 3],
      ["keyturn-retrieve-credentials", 3],
    ]);
    const subnets = functions.flatMap(({ VpcConfig }) => VpcConfig?.SubnetIds ?? []);
    expect(new Set(subnets).size).toBe(6);
  });

  it("know of each job its revision, role, queue and, where the submission is made, its key", () => {
    const plan = (name: string) =>
      JSON.parse(functions.find(({ FunctionName }) => FunctionName === name)?.Environment.Variables.KEYTURN_PLAN);
    const keyReport = {
      jobDefinition: expect.stringMatching(/^keyturn-workflow\.SsmParameterValuekeyturnjobskeyreportdefinition/),
      jobRole: `arn:aws:iam::${account}:role/BatchRoleKeyReport`,
      jobQueue: `arn:aws:batch:us-east-1:${account}:job-queue/keyturn-spot`,
      queueSeconds: 1800,
    };
    expect(plan("keyturn-admit-run")["key-report"]).toEqual(keyReport);
    expect(plan("keyturn-admit-run").announce.jobQueue).toBe(`arn:aws:batch:us-east-1:${account}:job-queue/keyturn`);
    expect(plan("keyturn-authorize-submission")["key-report"]).toEqual({
      ...keyReport,
      jobKey: expect.stringMatching(/^keyturn-keys\.RelayKeysKeyReportKey.*\.Arn$/),
    });
  });
});

describe("a schedule", () => {
  it("starts the run under a name that a second delivery repeats, without a code", () => {
    const [schedule, ...more] = synthesised.ofType("AWS::Scheduler::Schedule").filter(({ stack }) => stack === "keyturn-workflow");
    expect(more).toEqual([]);
    const { Target, ScheduleExpression, GroupName } = schedule?.Properties ?? {};
    expect({ ScheduleExpression, GroupName }).toEqual({ ScheduleExpression: "cron(0 7 ? * MON *)", GroupName: "keyturn" });
    expect(Target.Arn).toBe("arn:aws:scheduler:::aws-sdk:sfn:startExecution");
    const { Input, ...request } = JSON.parse(Target.Input);
    expect(request).toEqual({
      StateMachineArn: `arn:aws:states:us-east-1:${account}:stateMachine:keyturn`,
      Name: "<aws.scheduler.execution-id>",
    });
    expect(JSON.parse(Input)).toEqual({ job: "key-report", admin: "alice", reason: "Weekly key report" });
  });
});

describe("notifications", () => {
  it("go to the configured addresses and to the admins who gave one", () => {
    const addresses = synthesised.ofType("AWS::SNS::Subscription").map(({ Properties }) => Properties.Endpoint);
    expect(addresses).toEqual(["operators@example.com", "alice@example.com"]);
  });
});
