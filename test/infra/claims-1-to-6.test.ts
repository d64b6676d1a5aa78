// The design's claims about roles, secrets and the relay, read off the templates that would be deployed.

import { describe, expect, it } from "vitest";
import { announce } from "./sample-jobs.ts";
import { grants, isOfSchedules, readClaims } from "./statements.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();
const { statements, allows, root, role, permissionsOf, keyUsers } = readClaims(synthesised);
const task = (name: string) => `arn:aws:lambda:us-east-1:${account}:function:keyturn-${name}`;

describe("claim 1: the state machine's role can assume its six task roles and do nothing else of consequence", () => {
  it("takes on exactly the six roles, and otherwise logs, traces and watches its own rule", () => {
    expect(
      Object.fromEntries(permissionsOf("KeyturnStateMachineRole").map(({ sid, actions, resources }) => [sid, { actions, resources }])),
    ).toEqual({
      TakeOnTheSteps: {
        actions: ["sts:AssumeRole"],
        resources: [
          role("InvokeAdmitRun"),
          role("InvokeRequestMfa"),
          role("InvokeValidateMfa"),
          role("InvokeRetrieveCredentials"),
          role("InvokeAuthorizeSubmission"),
          role("RunJobRole"),
        ],
      },
      LearnThatAJobEnded: {
        actions: ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
        resources: [`arn:aws:events:us-east-1:${account}:rule/StepFunctionsGetEventsForBatchJobsRule`],
      },
      DeliverLogs: {
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
      },
      Trace: {
        actions: ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        resources: ["*"],
      },
    });
  });

  it("is granted nothing by a policy that the CDK added", () => {
    expect(synthesised.ofType("AWS::IAM::Policy")).toEqual([]);
  });

  it("uses one key, and that for the state machine's own data and log", () => {
    const uses = statements.filter(({ kind, principals }) => kind === "key" && principals.includes(role("KeyturnStateMachineRole")));
    expect(uses.map(({ of, actions, conditions }) => ({ of, actions, conditions }))).toEqual([
      {
        of: "workflow",
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        conditions: {
          StringEquals: { "kms:EncryptionContext:aws:states:stateMachineArn": `arn:aws:states:us-east-1:${account}:stateMachine:keyturn` },
        },
      },
      {
        of: "workflow",
        actions: ["kms:GenerateDataKey"],
        conditions: { StringEquals: { "kms:EncryptionContext:SourceArn": `arn:aws:logs:us-east-1:${account}:*` } },
      },
    ]);
  });
});

describe("claim 2: each task role can do exactly one thing; no two task roles overlap", () => {
  const one: Record<string, readonly string[]> = {
    InvokeAdmitRun: [`lambda:InvokeFunction ${task("admit-run")}`],
    InvokeRequestMfa: [`lambda:InvokeFunction ${task("request-mfa")}`],
    InvokeValidateMfa: [`lambda:InvokeFunction ${task("validate-mfa")}`],
    InvokeRetrieveCredentials: [`lambda:InvokeFunction ${task("retrieve-credentials")}`],
    InvokeAuthorizeSubmission: [`lambda:InvokeFunction ${task("authorize-submission")}`],
    RunJobRole: [
      `batch:SubmitJob arn:aws:batch:us-east-1:${account}:job-definition/keyturn-key-report:*`,
      `batch:SubmitJob arn:aws:batch:us-east-1:${account}:job-definition/keyturn-announce:*`,
      `batch:SubmitJob arn:aws:batch:us-east-1:${account}:job-queue/keyturn-spot`,
      `batch:SubmitJob arn:aws:batch:us-east-1:${account}:job-queue/keyturn`,
      `batch:TagResource arn:aws:batch:us-east-1:${account}:job/*`,
      "batch:DescribeJobs *",
      `batch:TerminateJob arn:aws:batch:us-east-1:${account}:job/*`,
    ],
  };

  it.each(Object.entries(one))("%s has its own permission and no other", (name, expected) => {
    expect(grants(permissionsOf(name))).toEqual(expected);
  });

  it.each(Object.keys(one))("%s is assumed by the state machine's role for our state machine, and by nobody else", (name) => {
    const trust = statements.filter(({ kind, of }) => kind === "trust" && of === name);
    expect(trust.map(({ principals, actions, conditions }) => ({ principals, actions, conditions }))).toEqual([
      {
        principals: [role("KeyturnStateMachineRole")],
        actions: ["sts:AssumeRole"],
        conditions: { StringEquals: { "sts:ExternalId": `arn:aws:states:us-east-1:${account}:stateMachine:keyturn` } },
      },
    ]);
  });

  it("gives the role that a Lambda runs under no more than its step needs", () => {
    const logs = (name: string) => [
      `logs:CreateLogStream arn:aws:logs:us-east-1:${account}:log-group:/keyturn/tasks/${name}:*`,
      `logs:PutLogEvents arn:aws:logs:us-east-1:${account}:log-group:/keyturn/tasks/${name}:*`,
    ];
    const withoutInterfaces = (name: string) => grants(permissionsOf(name).filter(({ sid }) => sid !== "LambdaMakesInterfaces"));
    expect(withoutInterfaces("AdmitRunRole")).toEqual(logs("admit-run"));
    expect(withoutInterfaces("RequestMfaRole")).toEqual([
      ...logs("request-mfa"),
      `sns:Publish arn:aws:sns:us-east-1:${account}:keyturn-notifications`,
    ]);
    expect(withoutInterfaces("ValidateMfaRole")).toEqual([
      ...logs("validate-mfa"),
      `secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:${account}:secret:keyturn/admins/*`,
      `dynamodb:GetItem arn:aws:dynamodb:us-east-1:${account}:table/MfaAttempts`,
      `dynamodb:PutItem arn:aws:dynamodb:us-east-1:${account}:table/MfaAttempts`,
    ]);
    expect(withoutInterfaces("RetrieveCredentialsRole")).toEqual(logs("retrieve-credentials"));
    expect(withoutInterfaces("AuthorizeSubmissionRole")).toEqual(logs("authorize-submission"));
  });

  it("gives the Lambdas that start runs no more than the jobs' schedules and events need", () => {
    const logs = (name: string) => [
      `logs:CreateLogStream arn:aws:logs:us-east-1:${account}:log-group:/keyturn/tasks/${name}:*`,
      `logs:PutLogEvents arn:aws:logs:us-east-1:${account}:log-group:/keyturn/tasks/${name}:*`,
    ];
    const states = (rest: string) => `arn:aws:states:us-east-1:${account}:${rest}`;
    const parameter = (name: string) => `arn:aws:ssm:us-east-1:${account}:parameter/keyturn/schedules/${name}`;
    const putAside = `sqs:SendMessage arn:aws:sqs:us-east-1:${account}:keyturn-missed-starts`;
    expect(grants(permissionsOf("StartScheduledRunRole"))).toEqual([
      ...logs("start-scheduled-run"),
      `states:StartExecution ${states("stateMachine:keyturn")}`,
      `states:ListExecutions ${states("stateMachine:keyturn")}`,
      `states:GetExecutionHistory ${states("execution:keyturn:key-report-*")}`,
      `states:GetExecutionHistory ${states("execution:keyturn:announce-*")}`,
      // The only schedule that replaces, and the only one that queues.
      `states:StopExecution ${states("execution:keyturn:key-report-*")}`,
      `ssm:GetParameter ${parameter("key-report/disabled")}`,
      `ssm:GetParameter ${parameter("announce/disabled")}`,
      `ssm:GetParameter ${parameter("announce/newest")}`,
      `ssm:PutParameter ${parameter("announce/newest")}`,
      putAside,
    ]);
    expect(grants(permissionsOf("StartEventRunRole"))).toEqual([
      ...logs("start-event-run"),
      `states:StartExecution ${states("stateMachine:keyturn")}`,
      putAside,
    ]);
    expect(grants(permissionsOf("KeyturnSchedulerRole"))).toEqual([`lambda:InvokeFunction ${task("start-scheduled-run")}`, putAside]);
  });

  it("makes no role and no Lambda for a way to start that no job has", () => {
    const { schedule: _, events: __, ...byHand } = announce;
    const synthesisedByHand = synthesise({ jobs: [byHand] });
    const names = synthesisedByHand.ofType("AWS::IAM::Role").map(({ Properties }) => Properties.RoleName as string);
    expect(names.filter((name) => name.startsWith("Start"))).toEqual([]);
    // What is there without them tells of ends, and sweeps for those that were not told.
    const named = (type: string) => synthesisedByHand.ofType(type).map(({ Properties }) => Properties.Name as string);
    expect(named("AWS::Events::Rule").toSorted()).toEqual(["keyturn-announce-end", "keyturn-record-run"]);
    expect(named("AWS::Scheduler::Schedule")).toEqual(["keyturn-record-run-sweep"]);
    const functions = synthesisedByHand.ofType("AWS::Lambda::Function").map(({ Properties }) => Properties.FunctionName as string);
    expect(functions.filter((name) => name.startsWith("keyturn-start-"))).toEqual([]);
  });

  it.each(["validate-mfa", "retrieve-credentials"])("takes the making of network interfaces from the code of %s", (name) => {
    const denied = statements.filter(
      ({ effect, conditions }) => effect === "Deny" && conditions["ArnEquals"]?.["lambda:SourceFunctionArn"] === task(name),
    );
    const allowed = allows.find(({ sid, of }) => sid === "LambdaMakesInterfaces" && of === denied[0]?.of);
    expect(denied.map(({ actions }) => actions)).toEqual([allowed?.actions]);
  });
});

describe("claim 3: no principal but ValidateMfaRole can read an admin's secret; IAM admins and rotation write it and cannot read it", () => {
  it("lets one identity policy read secrets", () => {
    const readers = allows.filter(
      ({ kind, actions }) => kind === "identity" && actions.some((action) => /^secretsmanager:(Batch)?GetSecretValue$/.test(action)),
    );
    expect(readers.map(({ of }) => of)).toEqual(["ValidateMfaRole"]);
  });

  it("denies reading to all others in the policy of every secret", () => {
    const secrets = synthesised.ofType("AWS::SecretsManager::Secret").map(({ stack, id }) => `${stack}.${id}`);
    const denied = statements.filter(({ kind, sid }) => kind === "secret" && sid === "NobodyElseReads");
    expect(denied.map(({ of }) => of)).toEqual(secrets);
    for (const { effect, principals, actions, resources, conditions } of denied) {
      expect({ effect, principals, actions, resources, conditions }).toEqual({
        effect: "Deny",
        principals: ["*"],
        actions: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
        resources: ["*"],
        conditions: { ArnNotEquals: { "aws:PrincipalArn": [role("ValidateMfaRole")] } },
      });
    }
  });

  it("lets the IAM admin and rotation alone put a value, and seal but not open it", () => {
    const writing = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"];
    const writers = statements.filter(({ kind, actions }) => kind === "secret" && actions.some((action) => writing.includes(action)));
    expect(writers.map(({ effect, principals, actions, conditions }) => ({ effect, principals, actions, conditions }))).toEqual(
      [0, 1].map(() => ({
        effect: "Deny",
        principals: ["*"],
        actions: writing,
        conditions: { ArnNotEquals: { "aws:PrincipalArn": [role("KeyturnIamAdmin"), role("RotateAdminKeyRole")] } },
      })),
    );
    const uses = statements.filter(({ of, sid }) => of === "admin-secrets" && sid !== "Administer");
    expect(uses.map(({ principals, actions }) => [principals, actions])).toEqual([
      [[role("KeyturnIamAdmin")], ["kms:GenerateDataKey"]],
      [[role("RotateAdminKeyRole")], ["kms:GenerateDataKey"]],
      [[role("ValidateMfaRole")], ["kms:Decrypt"]],
      [[root], ["kms:Decrypt", "kms:GenerateDataKey"]],
    ]);
    // The last is Secrets Manager's test of the key when a secret is made: under this context no secret's value was ever sealed.
    expect(uses[3]?.conditions).toEqual({
      StringEquals: {
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
        "kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess",
      },
    });
  });
});

describe("claim 4: no principal can assume a BatchRole without MFA, nor from outside the retrieve-credentials subnets", () => {
  it.each([
    ["BatchRoleKeyReport", ["alice"]],
    ["BatchRoleAnnounce", ["alice", "bob"]],
  ])("%s demands the assigned admin, MFA, a young code, the admin's own name, the endpoint and the subnets", (name, admins) => {
    const trust = statements.filter(({ kind, of }) => kind === "trust" && of === name);
    expect(trust).toHaveLength(1);
    expect(trust[0]?.principals).toEqual([root]);
    expect(trust[0]?.actions).toEqual(["sts:AssumeRole", "sts:SetSourceIdentity"]);
    expect(trust[0]?.conditions).toEqual({
      ArnEquals: { "aws:PrincipalArn": admins.map((admin) => `arn:aws:iam::${account}:user/keyturn/${admin}`) },
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      NumericLessThan: { "aws:MultiFactorAuthAge": "900" },
      StringEquals: {
        "sts:SourceIdentity": `\${aws:username}`,
        "aws:SourceVpce": expect.stringMatching(/^keyturn-network\.StsEndpoint/),
      },
      IpAddress: { "aws:VpcSourceIp": ["10.64.1.32/27", "10.64.1.64/27", "10.64.1.96/27"] },
    });
  });

  it("trusts no other way: every role named BatchRole is one of the two above", () => {
    const names = synthesised.ofType("AWS::IAM::Role").map(({ Properties }) => Properties.RoleName as string);
    expect(names.filter((name) => name.startsWith("BatchRole"))).toEqual(["BatchRoleKeyReport", "BatchRoleAnnounce"]);
  });

  it("puts the ranges of the trust where the Lambda has its interfaces, and nobody else", () => {
    const ranges = synthesised
      .ofType("AWS::EC2::Subnet")
      .filter(({ Properties }) => JSON.stringify(Properties.Tags).includes('"retrieve-credentials"'))
      .map(({ stack, id, Properties }) => [`${stack}.${id}`, Properties.CidrBlock] as const);
    expect(ranges.map(([, range]) => range)).toEqual(["10.64.1.32/27", "10.64.1.64/27", "10.64.1.96/27"]);
    const others = synthesised.resources.filter(
      ({ Type, Properties }) =>
        Type !== "AWS::EC2::Subnet" &&
        ranges.some(([subnet]) =>
          JSON.stringify(Properties.SubnetIds ?? Properties.VpcConfig ?? Properties.ComputeResources ?? "").includes(`"${subnet}"`),
        ),
    );
    expect(others.map(({ Properties }) => Properties.FunctionName)).toEqual(["keyturn-retrieve-credentials"]);
  });

  it("allows the admins' group nothing else", () => {
    expect(permissionsOf("BatchJobAdmins").map(({ actions, resources, conditions }) => ({ actions, resources, conditions }))).toEqual([
      {
        actions: ["sts:AssumeRole", "sts:SetSourceIdentity"],
        resources: [role("BatchRole*")],
        conditions: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
      },
    ]);
  });
});

describe("claim 5: no single role can open a job's credentials and also choose what the job runs", () => {
  const openers = new Set(
    keyUsers("kms:Decrypt")
      .filter(({ of }) => /^(job-credentials|jobs\/[a-z-]+)$/.test(of))
      .flatMap(({ principals }) => principals),
  );
  // Whoever composes the request, submits it, or could replace what is run or who runs it.
  const choosing =
    /^(batch:(SubmitJob|RegisterJobDefinition)|lambda:(Update|Create)|states:(Update|Create)StateMachine|ssm:PutParameter|ecr:PutImage|iam:PassRole)/;
  const choosers = new Set([
    role("AuthorizeSubmissionRole"),
    ...allows
      .filter(
        (statement) =>
          statement.kind === "identity" && !isOfSchedules(statement) && statement.actions.some((action) => choosing.test(action)),
      )
      .map(({ of }) => role(of)),
  ]);

  it("lets only the jobs' launchers open, and only authorisation and submission choose", () => {
    expect([...openers]).toEqual([role("LauncherKeyReport"), role("LauncherAnnounce")]);
    expect([...choosers]).toEqual([role("AuthorizeSubmissionRole"), role("RunJobRole")]);
  });
});

describe("claim 6: AuthorizeSubmissionRole and RunJobRole can open nothing", () => {
  it("names AuthorizeSubmissionRole in key policies for re-addressing only, RunJobRole for nothing", () => {
    const uses = statements.filter(({ kind, principals }) => kind === "key" && principals.includes(role("AuthorizeSubmissionRole")));
    expect(uses.map(({ of, actions }) => [of, actions])).toEqual([
      ["job-credentials", ["kms:ReEncryptFrom"]],
      ["jobs/key-report", ["kms:ReEncryptTo"]],
      ["jobs/announce", ["kms:ReEncryptTo"]],
    ]);
    expect(statements.filter(({ kind, principals }) => kind !== "trust" && principals.includes(role("RunJobRole")))).toEqual([]);
  });

  it.each(["AuthorizeSubmissionRole", "RunJobRole"])("%s has no KMS and no secret among its own permissions", (name) => {
    expect(
      permissionsOf(name)
        .flatMap(({ actions }) => actions)
        .filter((action) => /^(kms|secretsmanager|sts):/.test(action)),
    ).toEqual([]);
  });
});
