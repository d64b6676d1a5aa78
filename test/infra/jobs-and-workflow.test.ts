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
        ["keyturn-start-scheduled-run", "StartScheduledRunRole"],
        ["keyturn-start-event-run", "StartEventRunRole"],
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
  const schedules = synthesised
    .ofType("AWS::Scheduler::Schedule")
    .filter(({ stack }) => stack === "keyturn-workflow")
    .map(({ Properties }) => Properties);

  it("asks for a run with what was declared and the firing's time, without a code", () => {
    expect(
      schedules.map(({ Name, GroupName, ScheduleExpression, ScheduleExpressionTimezone, State, Target }) => ({
        Name,
        GroupName,
        fires: [ScheduleExpression, ScheduleExpressionTimezone, State],
        input: JSON.parse(Target.Input) as unknown,
      })),
    ).toEqual([
      {
        Name: "keyturn-key-report",
        GroupName: "keyturn",
        fires: ["cron(0 7 ? * MON *)", "UTC", "ENABLED"],
        input: {
          job: "key-report",
          admin: "alice",
          reason: "Weekly key report",
          whilePending: "replace",
          scheduledAt: "<aws.scheduler.scheduled-time>",
        },
      },
      {
        Name: "keyturn-announce",
        GroupName: "keyturn",
        fires: ["cron(30 8 1 * ? *)", "Europe/Berlin", "ENABLED"],
        input: {
          job: "announce",
          admin: "bob",
          reason: "Monthly greeting",
          whilePending: "queue",
          scheduledAt: "<aws.scheduler.scheduled-time>",
        },
      },
    ]);
  });

  it("invokes its Lambda under the schedules' role; what is not delivered within an hour is put aside", () => {
    for (const { Target } of schedules) {
      expect(Target).toMatchObject({
        Arn: expect.stringMatching(/^keyturn-workflow\.StartScheduledRunTask.*\.Arn$/) as string,
        RoleArn: `arn:aws:iam::${account}:role/KeyturnSchedulerRole`,
        RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
        DeadLetterConfig: { Arn: expect.stringMatching(/^keyturn-workflow\.MissedStarts.*\.Arn$/) as string },
      });
    }
  });

  it("that queues has its Lambda told of the ends of that job's runs: their names, and nothing of their data", () => {
    const rule = synthesised.ofType("AWS::Events::Rule").find(({ Properties }) => Properties.Name === "keyturn-scheduled-run-ended");
    expect(rule?.Properties.EventPattern).toEqual({
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: {
        stateMachineArn: [`arn:aws:states:us-east-1:${account}:stateMachine:keyturn`],
        status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        name: [{ prefix: "announce-" }],
      },
    });
    expect(rule?.Properties.Targets).toMatchObject([
      { InputTransformer: { InputPathsMap: { run: "$.detail.name" }, InputTemplate: '{"ended": <run>}' } },
    ]);
  });
});

describe("an event", () => {
  const [rule] = synthesised.ofType("AWS::Events::Rule").filter(({ Properties }) => Properties.Name === "keyturn-announce-report");

  it("has a rule of the declared pattern, whose Lambda gets the event whole, beside what was declared", () => {
    expect(rule?.Properties.EventPattern).toMatchObject({ detail: { bucket: { name: [`keyturn-announce-${account}-us-east-1`] } } });
    const [target] = rule?.Properties.Targets ?? [];
    const template = target.InputTransformer.InputTemplate as string;
    expect(target.InputTransformer.InputPathsMap).toBeUndefined();
    expect(JSON.parse(template.replaceAll(/<([^>]+)>/g, '"<$1>"'))).toEqual({
      job: "announce",
      name: "report",
      admin: "alice",
      reason: "A greeting was kept",
      perHour: 4,
      parameters: { text: "$.detail.object.key" },
      ingestedAt: "<aws.events.event.ingestion-time>",
      event: "<aws.events.event.json>",
    });
  });

  it("of a job's bucket makes that bucket tell EventBridge, and no other bucket, without a Lambda of the CDK's", () => {
    const told = synthesised
      .ofType("AWS::S3::Bucket")
      .map(({ Properties }) => [Properties.BucketName, Properties.NotificationConfiguration]);
    expect(told).toEqual([
      [`keyturn-key-report-${account}-us-east-1`, undefined],
      [`keyturn-announce-${account}-us-east-1`, { EventBridgeConfiguration: { EventBridgeEnabled: true } }],
      [`keyturn-${account}-us-east-1-records`, undefined],
    ]);
    expect(synthesised.resources.filter(({ Type }) => Type.startsWith("Custom::"))).toEqual([]);
  });
});

describe("a start that does not come about", () => {
  it("is put aside by whoever gave it up: Scheduler, EventBridge for our rules, and either Lambda", () => {
    const configured = synthesised.ofType("AWS::Lambda::EventInvokeConfig").map(({ Properties }) => Properties);
    expect(configured.map(({ DestinationConfig, MaximumRetryAttempts }) => [DestinationConfig, MaximumRetryAttempts])).toEqual(
      [0, 1].map(() => [{ OnFailure: { Destination: expect.stringMatching(/^keyturn-workflow\.MissedStarts.*\.Arn$/) as string } }, 2]),
    );
    const rules = ["keyturn-announce-report", "keyturn-scheduled-run-ended"].map(
      (name) => `arn:aws:events:us-east-1:${account}:rule/${name}`,
    );
    const [policy] = synthesised.ofType("AWS::SQS::QueuePolicy");
    expect(policy?.Properties.PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Sid: "EventBridgePutsAside",
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Condition: { StringEquals: { "aws:SourceAccount": account }, ArnEquals: { "aws:SourceArn": rules } },
      }),
    );
  });
});

describe("notifications", () => {
  it("go to the configured addresses and to the admins who gave one", () => {
    const addresses = synthesised.ofType("AWS::SNS::Subscription").map(({ Properties }) => Properties.Endpoint);
    expect(addresses).toEqual(["operators@example.com", "alice@example.com"]);
  });
});
