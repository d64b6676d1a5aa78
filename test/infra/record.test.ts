// The record of runs, read off the templates: who may add, that nobody may take away, and what tells of a run's end.

import { describe, expect, it } from "vitest";
import { grants, readClaims } from "./statements.ts";
import { account, synthesise } from "./synthesised.ts";
import { validConfig } from "./valid-config.ts";

const synthesised = synthesise();
const { statements, root, role, permissionsOf, keyUsers } = readClaims(synthesised);
const bucket = `arn:aws:s3:::keyturn-${account}-us-east-1-records`;
const ofStack = (type: string) => synthesised.ofType(type).filter(({ stack }) => stack === "keyturn-record");
const regional = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${account}:${rest}`;

describe("the records' bucket", () => {
  const [records] = ofStack("AWS::S3::Bucket");

  it("keeps every version under the lock that is configured, whatever becomes of the stack", () => {
    expect(records?.Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 730 } } },
      VersioningConfiguration: { Status: "Enabled" },
    });
    const governed = { records: { lock: "governance", days: 30 }, retention: { ...validConfig.retention, onDelete: "delete" } } as const;
    const taken = synthesise({ config: { ...validConfig, ...governed } });
    const [bucketOfATest] = taken.ofType("AWS::S3::Bucket").filter(({ stack }) => stack === "keyturn-record");
    expect(bucketOfATest?.Properties.ObjectLockConfiguration.Rule.DefaultRetention).toEqual({ Mode: "GOVERNANCE", Days: 30 });
    expect([records?.DeletionPolicy, bucketOfATest?.DeletionPolicy]).toEqual(["Retain", "Retain"]);
  });

  it("has no lifecycle and no replication, and no bucket key: KMS logs the use of each record", () => {
    expect(records?.Properties).not.toHaveProperty("LifecycleConfiguration");
    expect(records?.Properties).not.toHaveProperty("ReplicationConfiguration");
    expect(records?.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].BucketKeyEnabled ?? false).toBe(false);
  });

  it("denies everybody whatever is not a new record of record-run's, and every removal and change of a lock", () => {
    const denied = statements.filter(
      ({ kind, effect, resource }) => kind === "bucket" && effect === "Deny" && resource.stack === "keyturn-record",
    );
    const own = denied.filter(({ sid }) => sid !== "" && !/^(OtherEncryption|NotTheDataKey|AnotherKey|KeyOfTheCaller)$/.test(sid));
    for (const { principals, resources } of own) expect([principals, resources]).toEqual([["*"], [`${bucket}/*`]]);
    expect(Object.fromEntries(own.map(({ sid, actions, conditions }) => [sid, { actions, conditions }]))).toEqual({
      OnlyRecordRunAdds: { actions: ["s3:PutObject"], conditions: { ArnNotEquals: { "aws:PrincipalArn": role("RecordRunRole") } } },
      OnlyWhatIsNotThere: { actions: ["s3:PutObject"], conditions: { Null: { "s3:if-none-match": "true" } } },
      NothingComesByReplication: { actions: ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"], conditions: {} },
      NothingIsTakenAway: { actions: ["s3:DeleteObject", "s3:DeleteObjectVersion"], conditions: {} },
      NoLockIsChanged: {
        actions: ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"],
        conditions: {},
      },
    });
    expect(denied.filter(({ conditions }) => conditions["Bool"]?.["aws:SecureTransport"] === "false")).toHaveLength(1);
  });
});

describe("the records' key", () => {
  it("seals for record-run alone, through S3 and for the records' bucket; opening is left to auditors' own policies", () => {
    const users = keyUsers("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptTo", "kms:CreateGrant").filter(
      ({ of }) => of === "records",
    );
    const throughS3 = {
      StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": `${bucket}/*` },
    };
    expect(users.map(({ principals, actions, conditions }) => ({ principals, actions, conditions }))).toEqual([
      { principals: [role("RecordRunRole")], actions: ["kms:Decrypt", "kms:GenerateDataKey"], conditions: throughS3 },
      { principals: [root], actions: ["kms:Decrypt"], conditions: throughS3 },
    ]);
  });

  it("is kept with what it sealed, whatever becomes of the stack", () => {
    const alias = synthesised.ofType("AWS::KMS::Alias").find(({ Properties }) => Properties.AliasName === "alias/keyturn/records");
    const key = synthesised.ofType("AWS::KMS::Key").find(({ stack, id }) => `${stack}.${id}` === alias?.Properties.TargetKeyId);
    expect(key?.DeletionPolicy).toBe("Retain");
  });
});

describe("the roles of what follows a run's end", () => {
  const logs = (task: string) =>
    ["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} ${regional("logs", `log-group:/keyturn/tasks/${task}:*`)}`);
  const executions = regional("states", "execution:keyturn:*");

  it.each([
    [
      "RecordRunRole",
      [
        ...logs("record-run"),
        `states:ListExecutions ${regional("states", "stateMachine:keyturn")}`,
        `states:DescribeExecution ${executions}`,
        `states:GetExecutionHistory ${executions}`,
        `kms:Decrypt ${regional("kms", "key/*")}`,
        "batch:DescribeJobs *",
        "cloudtrail:LookupEvents *",
        `s3:ListBucket ${bucket}`,
        `s3:GetObject ${bucket}/*`,
        `s3:PutObject ${bucket}/*`,
      ],
    ],
    [
      "AnnounceEndRole",
      [
        ...logs("announce-end"),
        `states:GetExecutionHistory ${executions}`,
        `kms:Decrypt ${regional("kms", "key/*")}`,
        `sns:Publish ${regional("sns", "keyturn-notifications")}`,
      ],
    ],
    ["KeyturnSweepRole", [`lambda:InvokeFunction ${regional("lambda", "function:keyturn-record-run")}`]],
  ])("%s can do what it is for and nothing else", (name, expected) => {
    expect(grants(permissionsOf(name))).toEqual(expected);
  });

  it("open Step Functions' data of our state machine, and no other data", () => {
    for (const name of ["RecordRunRole", "AnnounceEndRole"]) {
      const uses = permissionsOf(name).filter(({ actions }) => actions.some((action) => action.startsWith("kms:")));
      expect(uses.map(({ conditions }) => conditions)).toEqual([
        {
          "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/keyturn/workflow" },
          StringEquals: {
            "kms:ViaService": "states.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:states:stateMachineArn": regional("states", "stateMachine:keyturn"),
          },
        },
      ]);
    }
  });

  it("are taken on by Lambda, and by Scheduler for the group of the sweep", () => {
    const trust = (name: string) =>
      statements.filter(({ kind, of }) => kind === "trust" && of === name).map(({ principals, conditions }) => [principals, conditions]);
    const ours = { StringEquals: { "aws:SourceAccount": account } };
    expect(trust("RecordRunRole")).toEqual([[["lambda.amazonaws.com"], ours]]);
    expect(trust("AnnounceEndRole")).toEqual([[["lambda.amazonaws.com"], ours]]);
    expect(trust("KeyturnSweepRole")).toEqual([
      [["scheduler.amazonaws.com"], { ...ours, ArnLike: { "aws:SourceArn": regional("scheduler", "schedule-group/keyturn-record") } }],
    ]);
  });
});

describe("a run's end", () => {
  it.each([
    ["keyturn-announce-end", { execution: "$.detail.executionArn", status: "$.detail.status" }],
    ["keyturn-record-run", { execution: "$.detail.executionArn" }],
  ])("reaches %s by a rule that hands on %j, no input and no output", (name, handedOn) => {
    const rule = synthesised.ofType("AWS::Events::Rule").find(({ Properties }) => Properties.Name === name)?.Properties;
    expect(rule?.EventPattern).toEqual({
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: { stateMachineArn: [regional("states", "stateMachine:keyturn")], status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] },
    });
    const [{ InputTransformer, ...target }, ...others] = rule?.Targets ?? [];
    expect(others).toEqual([]);
    const { InputPathsMap, InputTemplate } = InputTransformer;
    const filled = Object.entries<string>(InputPathsMap).reduce(
      (text, [key, path]) => text.replace(`<${key}>`, `"${path}"`),
      InputTemplate as string,
    );
    expect(JSON.parse(filled)).toEqual(handedOn);
    expect(Object.keys(target).sort()).toEqual(["Arn", "Id", "RetryPolicy"]);
  });

  it("is looked for every fifteen minutes by a schedule of the record's own", () => {
    const [sweep, ...others] = ofStack("AWS::Scheduler::Schedule");
    expect(others).toEqual([]);
    expect(sweep?.Properties).toMatchObject({
      GroupName: "keyturn-record",
      ScheduleExpression: "rate(15 minutes)",
      State: "ENABLED",
      Target: { Input: '{"sweep":true}', RoleArn: role("KeyturnSweepRole") },
    });
  });
});
