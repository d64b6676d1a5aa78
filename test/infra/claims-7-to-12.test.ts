// The design's claims about jobs, operators, privileges and encryption, read off the templates that would be deployed.

import { describe, expect, it } from "vitest";
import { grants, isOfSchedules, readClaims } from "./statements.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();
const { statements, allows, root, role, permissionsOf, keyUsers } = readClaims(synthesised);

const missed = `arn:aws:sqs:us-east-1:${account}:keyturn-missed-starts`;

describe("claim 7: a launcher opens its own job's envelope, with run and order named exactly", () => {
  it.each([
    ["key-report", "LauncherKeyReport"],
    ["announce", "LauncherAnnounce"],
  ])("the key of %s is opened by %s alone", (job, launcher) => {
    const openings = keyUsers("kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant").filter(({ of }) => of === `jobs/${job}`);
    expect(openings.map(({ principals, conditions }) => ({ principals, conditions }))).toEqual([
      {
        principals: [role(launcher)],
        conditions: {
          StringEquals: { "kms:EncryptionContext:hop": "launch", "kms:EncryptionContext:job": job },
          "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["hop", "job", "run", "order"] },
          Null: { "kms:EncryptionContext:run": "false", "kms:EncryptionContext:order": "false" },
        },
      },
    ]);
  });

  it("gives launchers no permission but that", () => {
    expect([...permissionsOf("LauncherKeyReport"), ...permissionsOf("LauncherAnnounce")]).toEqual([]);
  });
});

describe("claim 8: operators can start, answer, watch, stop and replay runs, turn schedules off and on, and nothing else", () => {
  it("lists every permission of an operator", () => {
    const machine = `arn:aws:states:us-east-1:${account}:stateMachine:keyturn`;
    const executions = `arn:aws:states:us-east-1:${account}:execution:keyturn:*`;
    const logs = `arn:aws:logs:us-east-1:${account}:log-group:/keyturn/jobs/*:*`;
    const keys = `arn:aws:kms:us-east-1:${account}:key/*`;
    expect(grants(permissionsOf("KeyturnOperator")).sort()).toEqual(
      [
        `states:StartExecution ${machine}`,
        `states:ListExecutions ${machine}`,
        `states:DescribeStateMachine ${machine}`,
        `states:DescribeExecution ${executions}`,
        `states:DescribeStateMachineForExecution ${executions}`,
        `states:GetExecutionHistory ${executions}`,
        `states:RedriveExecution ${executions}`,
        `states:StopExecution ${executions}`,
        "states:SendTaskSuccess *",
        "states:SendTaskFailure *",
        `kms:Encrypt ${keys}`,
        `kms:Decrypt ${keys}`,
        `kms:GenerateDataKey ${keys}`,
        ...["DescribeLogStreams", "FilterLogEvents", "GetLogEvents"].map((action) => `logs:${action} ${logs}`),
        "batch:DescribeJobs *",
        `batch:TerminateJob arn:aws:batch:us-east-1:${account}:job/*`,
        `ssm:GetParameter arn:aws:ssm:us-east-1:${account}:parameter/keyturn/jobs/*/definition`,
        `scheduler:GetSchedule arn:aws:scheduler:us-east-1:${account}:schedule/keyturn/*`,
        ...["DeleteParameter", "GetParameter", "PutParameter"].map(
          (action) => `ssm:${action} arn:aws:ssm:us-east-1:${account}:parameter/keyturn/schedules/*/disabled`,
        ),
        `ssm:GetParameter arn:aws:ssm:us-east-1:${account}:parameter/keyturn/schedules/*/newest`,
        ...["GetQueueAttributes", "ReceiveMessage"].map((action) => `sqs:${action} ${missed}`),
        `kms:Decrypt ${keys}`,
      ].sort(),
    );
  });

  it("ties its use of keys to sealing a code, to Step Functions reading our state machine's data, and to missed starts", () => {
    const kms = permissionsOf("KeyturnOperator").filter(({ actions }) => actions.some((action) => action.startsWith("kms:")));
    expect(kms.map(({ conditions }) => conditions)).toEqual([
      {
        StringEquals: { "kms:EncryptionContext:hop": "code" },
        "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["hop", "run", "admin"] },
        Null: { "kms:EncryptionContext:run": "false", "kms:EncryptionContext:admin": "false" },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/keyturn/code" },
      },
      {
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/keyturn/workflow" },
        StringEquals: {
          "kms:ViaService": "states.us-east-1.amazonaws.com",
          "kms:EncryptionContext:aws:states:stateMachineArn": `arn:aws:states:us-east-1:${account}:stateMachine:keyturn`,
        },
      },
      {
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/keyturn/workflow" },
        StringEquals: { "kms:ViaService": "sqs.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:sqs:arn": missed },
      },
    ]);
  });

  it("are, with the Lambdas of schedules and events, all who can start a run; those Lambdas are invoked by our schedules and rules alone", () => {
    const starters = allows.filter(({ kind, actions }) => kind === "identity" && actions.includes("states:StartExecution"));
    expect(starters.map(({ of }) => of)).toEqual(["StartScheduledRunRole", "StartEventRunRole", "KeyturnOperator"]);
    const invokers = allows.filter(({ actions, resources }) =>
      resources.some((resource) => /:function:keyturn-start-/.test(resource) && actions.includes("lambda:InvokeFunction")),
    );
    expect(invokers.map(({ of, resources }) => [of, resources])).toEqual([
      ["KeyturnSchedulerRole", [`arn:aws:lambda:us-east-1:${account}:function:keyturn-start-scheduled-run`]],
    ]);
    const trust = statements.find(({ kind, of }) => kind === "trust" && of === "KeyturnSchedulerRole");
    expect(trust).toMatchObject({
      principals: ["scheduler.amazonaws.com"],
      conditions: {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: { "aws:SourceArn": `arn:aws:scheduler:us-east-1:${account}:schedule-group/keyturn` },
      },
    });
    const permissions = synthesised.ofType("AWS::Lambda::Permission").map(({ Properties }) => Properties);
    expect(permissions.filter(({ FunctionName }) => /Start/.test(FunctionName))).toEqual(
      [
        ["StartScheduledRun", "Schedules"],
        ["StartEventRun", "EventRules"],
      ].map(([task, rules]) => ({
        Action: "lambda:InvokeFunction",
        FunctionName: expect.stringMatching(new RegExp(`^keyturn-workflow\\.${task}Task.*\\.Arn$`)),
        Principal: "events.amazonaws.com",
        SourceAccount: account,
        SourceArn: expect.stringMatching(new RegExp(`^keyturn-workflow\\.${rules}.*\\.Arn$`)),
      })),
    );
  });

  it("leaves to IAM policies, and so to operators, no key use but sealing a code and Step Functions' own", () => {
    const delegated = keyUsers(
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:CreateGrant",
    ).filter(({ principals }) => principals.includes(root));
    expect(delegated.map(({ of, sid, actions }) => [of, sid, actions])).toEqual([
      ["code", "OperatorsSeal", ["kms:Encrypt"]],
      ["admin-secrets", "SecretsManagerChecksTheKey", ["kms:Decrypt", "kms:GenerateDataKey"]],
      ["workflow", "CallersOfStepFunctions", ["kms:Decrypt", "kms:GenerateDataKey"]],
      [
        "workflow",
        "TableIsMade",
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
      ],
      ["workflow", "TableGetsItsGrant", ["kms:CreateGrant"]],
      ["workflow", "CallersOfTheMissedStarts", ["kms:Decrypt"]],
      // Of records: the operator's policy names the alias of the workflow's key and no other.
      ["records", "AuditorsRead", ["kms:Decrypt"]],
    ]);
  });
});

describe("a managed policy", () => {
  it.each(synthesised.ofType("AWS::IAM::ManagedPolicy").map(({ Properties }) => [Properties.ManagedPolicyName, Properties.PolicyDocument]))(
    "%s fits into what IAM takes",
    (_name, document) => {
      expect(JSON.stringify(document).length).toBeLessThanOrEqual(6144);
    },
  );
});

describe("claim 9: no principal of this system can raise its own privileges", () => {
  const raising =
    /^(iam:(Create(Role|Policy|PolicyVersion|User|Group|LoginProfile|InstanceProfile|ServiceLinkedRole)|Put|Attach|Detach|Add|Remove|Update(AssumeRolePolicy|Role|User|Group|LoginProfile)|SetDefaultPolicyVersion|PassRole|Delete(Role|Policy|User|Group|RolePolicy|UserPolicy|RolePermissionsBoundary))|kms:(PutKeyPolicy|CreateGrant|CreateAlias|UpdateAlias)|secretsmanager:(PutResourcePolicy|DeleteResourcePolicy)|(lambda|sns|sqs|s3|logs):(AddPermission|SetTopicAttributes|SetQueueAttributes|PutBucketPolicy|PutResourcePolicy)|lambda:(Update|Create)Function|states:(Update|Create)StateMachine|batch:RegisterJobDefinition|ssm:PutParameter)/;

  it("has no such action in any identity policy or boundary", () => {
    const found = allows
      .filter((statement) => (statement.kind === "identity" || statement.kind === "boundary") && !isOfSchedules(statement))
      .flatMap(({ of, actions }) => actions.filter((action) => raising.test(action)).map((action) => `${of}: ${action}`));
    expect(found).toEqual([]);
  });

  it("leaves the keys' policies to the account's administrators", () => {
    const administrators = statements.filter(({ kind, actions }) => kind === "key" && actions.includes("kms:PutKeyPolicy"));
    expect(new Set(administrators.flatMap(({ principals }) => principals))).toEqual(new Set([root]));
  });

  it("lets admins not serve themselves", () => {
    const denied = statements.find(({ of, sid }) => of === "BatchJobAdmins" && sid === "NoSelfService");
    expect(denied?.effect).toBe("Deny");
    expect(denied?.actions).toEqual(
      expect.arrayContaining(["iam:ChangePassword", "iam:CreateAccessKey", "iam:EnableMFADevice", "iam:DeactivateMFADevice"]),
    );
  });

  it("puts every job role under the boundary", () => {
    const [boundary] = synthesised
      .ofType("AWS::IAM::ManagedPolicy")
      .filter(({ Properties }) => Properties.ManagedPolicyName === "KeyturnJobBoundary");
    const bounded = synthesised
      .ofType("AWS::IAM::Role")
      .filter(({ Properties }) => (Properties.RoleName as string).startsWith("BatchRole"));
    expect(bounded.map(({ Properties }) => Properties.PermissionsBoundary)).toEqual(
      bounded.map(() => `${boundary?.stack}.${boundary?.id}`),
    );
  });
});

describe("claim 10: no policy has * actions; resource * only with its reason", () => {
  it("writes every allowed action in full", () => {
    expect(
      allows.flatMap(({ of, actions }) => actions.filter((action) => action.includes("*")).map((action) => `${of}: ${action}`)),
    ).toEqual([]);
  });

  it("says beside each statement on every resource why that is", () => {
    const wild = allows.filter(({ kind, resources }) => kind !== "trust" && resources.includes("*"));
    const without = wild.filter(({ resource, sid }) => !resource.Metadata?.["keyturn:everyResource"]?.[sid]);
    expect(without.map(({ of, sid }) => `${of}: ${sid}`)).toEqual([]);
    expect(wild.filter(({ kind }) => kind === "identity" || kind === "boundary").map(({ of, sid }) => `${of} ${sid}`)).toEqual([
      "KeyturnJobBoundary AtMost",
      "BatchRoleKeyReport Declared0",
      "KeyturnJobExecutionRole LogInToTheRegistry",
      "KeyturnStateMachineRole DeliverLogs",
      "KeyturnStateMachineRole Trace",
      "ValidateMfaRole LambdaMakesInterfaces",
      "RetrieveCredentialsRole LambdaMakesInterfaces",
      "RunJobRole Watch",
      "RecordRunRole WatchJobs",
      "RecordRunRole FindCallers",
      "KeyturnIamAdmin ListUsersAndDevices",
      "KeyturnOperator Answer",
      "KeyturnOperator WatchJobs",
      "KeyturnAuditor WatchJobs",
    ]);
  });
});

describe("claim 11: no plaintext credential stands in a template, and none gets into the state machine's log", () => {
  it("makes secrets without a value, and no access key", () => {
    const secrets = synthesised.ofType("AWS::SecretsManager::Secret");
    expect(secrets.map(({ Properties }) => Object.keys(Properties).sort())).toEqual(
      secrets.map(() => ["Description", "KmsKeyId", "Name", "Tags"]),
    );
    expect(synthesised.ofType("AWS::IAM::AccessKey")).toEqual([]);
    expect(synthesised.ofType("AWS::IAM::User").map(({ Properties }) => Object.keys(Properties).sort())).toEqual(
      ["alice", "bob"].map(() => ["Groups", "Path", "Tags", "UserName"]),
    );
  });

  it("shows Lambda and Batch only names and addresses", () => {
    const names = synthesised
      .ofType("AWS::Lambda::Function")
      .map(({ Properties }) => [Properties.FunctionName, Object.keys(Properties.Environment.Variables).sort()]);
    expect(Object.fromEntries(names)).toEqual({
      "keyturn-admit-run": ["KEYTURN_ADMINS", "KEYTURN_PLAN"],
      "keyturn-request-mfa": ["KEYTURN_LOCK_SECONDS", "KEYTURN_MAX_REFUSALS", "KEYTURN_TOPIC_ARN"],
      "keyturn-validate-mfa": [
        "KEYTURN_ATTEMPTS_TABLE",
        "KEYTURN_CODE_KEY",
        "KEYTURN_LOCK_SECONDS",
        "KEYTURN_MAX_REFUSALS",
        "KEYTURN_SESSION_KEY",
        "KEYTURN_SESSION_SECONDS",
      ],
      "keyturn-retrieve-credentials": ["KEYTURN_CREDENTIALS_KEY", "KEYTURN_PLACES", "KEYTURN_SESSION_KEY"],
      "keyturn-authorize-submission": ["KEYTURN_CREDENTIALS_KEY", "KEYTURN_PLAN"],
      "keyturn-rotate-admin-key": ["KEYTURN_ADMINS", "KEYTURN_PROOF_PAUSE_MS", "KEYTURN_SETTLE_MS"],
      "keyturn-announce-end": ["KEYTURN_TOPIC_ARN"],
      "keyturn-record-run": ["KEYTURN_RECORDS_BUCKET", "KEYTURN_RECORD_LOCK", "KEYTURN_STATE_MACHINE", "KEYTURN_VERSION"],
      "keyturn-start-scheduled-run": ["KEYTURN_STATE_MACHINE"],
      "keyturn-start-event-run": ["KEYTURN_STATE_MACHINE"],
    });
    const environments = synthesised
      .ofType("AWS::Batch::JobDefinition")
      .map(({ Properties }) => Properties.ContainerProperties.Environment.map(({ Name }: { Name: string }) => Name));
    expect(environments).toEqual([0, 1].map(() => ["KEYTURN_JOB_KEY"]));
  });

  it("logs errors of the state machine without execution data", () => {
    const [machine] = synthesised.ofType("AWS::StepFunctions::StateMachine");
    expect(machine?.Properties.LoggingConfiguration).toMatchObject({ Level: "ERROR", IncludeExecutionData: false });
  });
});

describe("claim 12: everything at rest is encrypted with a key of ours; buckets refuse plain HTTP and public access", () => {
  const ofOurs = /^(keyturn-keys|keyturn-network)\..*Key.*(Arn)?$/;

  it.each([
    ["AWS::SecretsManager::Secret", 2, (p: Record<string, never>) => p["KmsKeyId"]],
    ["AWS::Logs::LogGroup", 14, (p: Record<string, never>) => p["KmsKeyId"]],
    ["AWS::SNS::Topic", 1, (p: Record<string, never>) => p["KmsMasterKeyId"]],
    ["AWS::SQS::Queue", 1, (p: Record<string, never>) => p["KmsMasterKeyId"]],
    ["AWS::DynamoDB::Table", 1, (p: { SSESpecification: { KMSMasterKeyId: string } }) => p.SSESpecification.KMSMasterKeyId],
    ["AWS::StepFunctions::StateMachine", 1, (p: { EncryptionConfiguration: { KmsKeyId: string } }) => p.EncryptionConfiguration.KmsKeyId],
    [
      "AWS::S3::Bucket",
      3,
      (p: { BucketEncryption: { ServerSideEncryptionConfiguration: { ServerSideEncryptionByDefault: { KMSMasterKeyID: string } }[] } }) =>
        p.BucketEncryption.ServerSideEncryptionConfiguration[0]?.ServerSideEncryptionByDefault.KMSMasterKeyID,
    ],
  ])("%s: all %i name a key", (type, count, key) => {
    const found = synthesised.ofType(type);
    expect(found).toHaveLength(count);
    for (const { Properties } of found) expect(key(Properties)).toMatch(ofOurs);
  });

  it("lets the job seal its data, and the job and the report reader alone open it", () => {
    const users = keyUsers("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant").filter(({ of }) => of === "jobs/key-report/data");
    expect(users.map(({ principals, actions }) => [principals, actions])).toEqual([
      [[role("BatchRoleKeyReport")], ["kms:Decrypt", "kms:GenerateDataKey"]],
      [[role("KeyturnReportReader")], ["kms:Decrypt"]],
    ]);
    expect(grants(permissionsOf("KeyturnReportReader"))).toEqual(
      ["s3:ListBucket", "s3:GetObject"].flatMap((action) =>
        ["key-report", "announce"].map(
          (job) => `${action} arn:aws:s3:::keyturn-${job}-${account}-us-east-1${action === "s3:GetObject" ? "/*" : ""}`,
        ),
      ),
    );
  });

  it("rotates every key", () => {
    const keys = synthesised.ofType("AWS::KMS::Key");
    expect(keys).toHaveLength(12);
    expect(keys.filter(({ Properties }) => Properties.EnableKeyRotation !== true)).toEqual([]);
  });

  it("closes every bucket, topic and queue to plain HTTP, and every bucket to the public", () => {
    const closed = statements.filter(
      ({ effect, conditions }) => effect === "Deny" && conditions["Bool"]?.["aws:SecureTransport"] === "false",
    );
    expect(closed.map(({ kind }) => kind).sort()).toEqual(["bucket", "bucket", "bucket", "queue", "topic"]);
    for (const { Properties } of synthesised.ofType("AWS::S3::Bucket")) {
      expect(Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
    }
  });
});
